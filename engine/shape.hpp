#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include <xgrad/engine/site.hpp>

namespace xgrad {

/// The most axes a tensor can have.
inline constexpr int max_rank = 8;
/// The most elements a tensor can have.
inline constexpr std::int64_t max_size = std::int64_t{1} << 40;

namespace detail {
template <class T>
concept Integer = std::is_convertible_v<T, std::int64_t> && !std::is_floating_point_v<T>;
template <class T>
concept NoAxis = std::is_floating_point_v<T> || std::is_same_v<T, bool>;
}  // namespace detail

/// The extents of a tensor, outermost first; empty for a 0-d tensor. A plain value, no heap.
class Shape {
 public:
  /// One of them, from any integer: `{vector.size(), 3}`.
  struct Extent {
    std::int64_t value;
    template <detail::Integer T> constexpr Extent(T extent) noexcept : value(static_cast<std::int64_t>(extent)) {}
  };

  constexpr Shape() noexcept = default;
  /// `{2, 3}`. More than max_rank extents, a negative one, or more than max_size elements is a ShapeError.
  Shape(std::initializer_list<Extent> extents, Site site = Site::here());
  Shape(const std::int64_t* extents, int rank, Site site = Site::here());

  constexpr int rank() const noexcept { return rank_; }
  constexpr std::int64_t operator[](int axis) const noexcept { return extents_[axis]; }
  constexpr std::int64_t& operator[](int axis) noexcept { return extents_[axis]; }
  constexpr const std::int64_t* begin() const noexcept { return extents_; }
  constexpr const std::int64_t* end() const noexcept { return extents_ + rank_; }

  /// The number of elements: the product of the extents, 1 for a 0-d shape. It wraps around for a shape that is
  /// too_large().
  constexpr std::int64_t size() const noexcept {
    std::uint64_t n = 1;
    for (std::int64_t extent : *this) n *= static_cast<std::uint64_t>(extent);
    return static_cast<std::int64_t>(n);
  }

  /// Appends an axis; refuses what the constructor refuses.
  void push_back(std::int64_t extent, Site site = Site::here());
  /// Whether an extent is negative, or those other than 0 multiply to more than max_size: only by way of operator[].
  bool too_large() const noexcept;

  friend constexpr bool operator==(const Shape& a, const Shape& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a.extents_[i] != b.extents_[i]) return false;
    return true;
  }

 private:
  std::int64_t extents_[max_rank] = {};
  int rank_ = 0;
};

/// `(2, 3)`, `(3,)`, `()`: as numpy prints a shape.
std::string to_string(const Shape& shape);

/// A choice of axes for a reduction: none given means all. Negative axes count from the end.
class Axes {
 public:
  constexpr Axes() noexcept = default;
  constexpr Axes(int axis) noexcept : count_(1) { axes_[0] = axis; }
  /// `max(x, 0.0)` would be maximum(), `sum(x, true)` has no axes.
  template <detail::NoAxis T> Axes(T) = delete;
  Axes(std::initializer_list<int> axes, Site site = Site::here())
      : Axes(axes.begin(), static_cast<int>(axes.size()), site) {}
  /// More than max_rank axes are a ShapeError.
  Axes(const int* axes, int count, Site site = Site::here());

  constexpr bool all() const noexcept { return count_ < 0; }
  constexpr int count() const noexcept { return count_ < 0 ? 0 : count_; }
  constexpr int operator[](int i) const noexcept { return axes_[i]; }

 private:
  int axes_[max_rank] = {};
  int count_ = -1;
};

}  // namespace xgrad
