#pragma once
#include <cstddef>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// An end left open, in a Slice.
inline constexpr std::int64_t none = INT64_MIN;

/// What slice() takes from one axis: numpy's start:stop:step, where negative positions count from the end, or one
/// index, which drops the axis.
struct Slice {
  std::int64_t start = none, stop = none, step = 1;
  bool is_index = false;

  /// The whole axis.
  constexpr Slice() noexcept = default;
  constexpr Slice(std::int64_t index) noexcept : start(index), is_index(true) {}
  constexpr Slice(std::int64_t from, std::int64_t to, std::int64_t by = 1) noexcept : start(from), stop(to), step(by) {}
};

/// A part of x, one Slice for each axis from the first on, the other axes whole; for any dtype.
///     slice(x, {{0, 10}, 3})            // numpy: x[0:10, 3]
///     slice(x, {{}, {none, none, -1}})  // numpy: x[:, ::-1]
/// The derivative puts the gradient back in its place, among zeros. More slices than axes, and an index beyond its
/// axis, are a ShapeError; a step of 0 is a ValueError.
Tensor slice(const Operand& x, std::initializer_list<Slice> slices);
Tensor slice(const Operand& x, const Slice* first, std::size_t count);

}  // namespace xgrad
