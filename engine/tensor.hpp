#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/engine/dtype.hpp>
#include <xgrad/engine/shape.hpp>
#include <xgrad/engine/site.hpp>

namespace xgrad {

class Tensor;

namespace detail {
struct Body;  // refcounted, pooled: dtype, shape, elements, and for a leaf its gradient
void retain(Body*) noexcept;
void release(Body*) noexcept;
struct Access;  // the engine's own view of a handle
/// What data() and mutable_data() do, for errors that name another function.
const void* data_as(DType expected, const Tensor& tensor, const char* op, Site site);
void* mutable_data_as(DType expected, Tensor& tensor, const char* op, Site site);
/// A 0-d value, its own bytes first. Bytes, because only those may be written as any type and copied as another.
struct alignas(8) Bits {
  unsigned char bytes[8] = {};
};
}  // namespace detail

/// A handle to an n-dimensional array: row-major, numpy's shapes and broadcasting, cheap to copy.
/// Copies share the elements. A 0-d value lives inside the handle. Without a Tape a Tensor is an
/// ordinary eager array; under a Tape, operations on variables are recorded as they run.
class Tensor {
 public:
  /// No value at all; using it in an operation is a ValueError.
  constexpr Tensor() noexcept = default;
  Tensor(const Tensor& other) noexcept
      : word_(other.word_), bits_(other.bits_), node_(other.node_), tape_(other.tape_) {
    if (has_body()) detail::retain(body());
  }
  Tensor(Tensor&& other) noexcept
      : word_(std::exchange(other.word_, 0)),
        bits_(other.bits_),
        node_(std::exchange(other.node_, 0)),
        tape_(std::exchange(other.tape_, 0)) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(word_, other.word_);
    bits_ = other.bits_;
    node_ = other.node_;
    tape_ = other.tape_;
    return *this;
  }
  ~Tensor() {
    if (has_body()) detail::release(body());
  }

  bool defined() const noexcept { return word_ != 0; }
  DType dtype() const noexcept;
  const Shape& shape() const noexcept;
  /// The number of axes.
  int rank() const noexcept { return shape().rank(); }
  /// The number of elements.
  std::int64_t size() const noexcept;

  /// The single element of a tensor of size 1, as a double. ShapeError otherwise.
  double item(Site site = Site::here()) const;
  /// The elements in row-major order; T must be the element type (DTypeError otherwise).
  /// The pointer is good as long as a handle to these elements lives; a 0-d value's, as long as this handle does.
  template <Element T> const T* data(Site site = Site::here()) const {
    return static_cast<const T*>(detail::data_as(dtype_of<T>, *this, "data", site));
  }
  /// The same for writing. Counts as a change: a derivative that saved these elements earlier
  /// is refused from then on. A value recorded on a live tape is a GraphError.
  template <Element T> T* mutable_data(Site site = Site::here()) {
    return static_cast<T*>(detail::mutable_data_as(dtype_of<T>, *this, "mutable_data", site));
  }
  template <Element T> std::vector<T> to_vector(Site site = Site::here()) const {
    const T* first = data<T>(site);
    return std::vector<T>(first, first + size());
  }

  /// Whether gradients flow here: a variable, or a value recorded on a tape that is still there.
  bool requires_grad() const noexcept;
  bool is_leaf() const noexcept;
  /// The gradient that backward() left in a variable (or in a value after retain_grad());
  /// an undefined Tensor when there is none.
  Tensor grad() const noexcept;
  /// Shares the elements of `grad`, but for a variable's or those of a value under retain_grad(), which are copied.
  void set_grad(const Tensor& grad, Site site = Site::here());
  void zero_grad() noexcept;
  /// Asks the next backward() to leave this intermediate value's gradient in grad().
  void retain_grad(Site site = Site::here());
  /// d(this)/d(leaf) for every variable this value was computed from, added to each leaf's grad().
  /// Needs a value of size 1, or a seed of this value's shape. The buffers it used are released
  /// unless retain_graph, so that a second backward() over them is a GraphError.
  void backward(Site site = Site::here()) const { backward(Tensor(), false, site); }
  void backward(const Tensor& seed, bool retain_graph = false, Site site = Site::here()) const;

  /// The same elements with no history: gradients do not flow through it.
  Tensor detach() const;
  /// A copy with its own elements, and no history.
  Tensor clone() const;
  /// Overwrites the elements in place with those of `source` (same shape and dtype).
  void assign(const Tensor& source, Site site = Site::here());

 private:
  friend struct detail::Access;
  bool has_body() const noexcept { return word_ > 15; }
  detail::Body* body() const noexcept { return reinterpret_cast<detail::Body*>(word_); }

  std::uintptr_t word_ = 0;  // 0: undefined; 1..4: that DType, value inline; else Body*
  detail::Bits bits_;        // the inline value
  std::uint32_t node_ = 0;   // its node on the tape `tape_`
  std::uint32_t tape_ = 0;   // serial number of that tape; 0: never recorded
};

/// An operation's argument: a tensor or a C++ number, with the line it was written on.
/// A number takes the dtype of the tensor it meets.
struct Operand {
  const Tensor* tensor = nullptr;  // null: a number
  double number = 0;
  Site site;

  Operand(const Tensor& value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept
      : tensor(&value), site{file, line} {}
  Operand(double value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept
      : number(value), site{file, line} {}
};

/// Numbers in nested braces, as deep as the tensor has axes: `{{1, 2}, {3, 4}}`.
class NestedList {
 public:
  NestedList(double value) noexcept : value_(value) {}
  NestedList(std::initializer_list<NestedList> items) noexcept : items_(items), is_list_(true) {}
  bool is_list() const noexcept { return is_list_; }
  double value() const noexcept { return value_; }
  std::initializer_list<NestedList> items() const noexcept { return items_; }

 private:
  std::initializer_list<NestedList> items_;
  double value_ = 0;
  bool is_list_ = false;
};

/// A tensor from written-out numbers: `tensor({{1, 2}, {3, 4}})`, `tensor(2.5, float64)`.
/// Ragged braces are a ShapeError; a number that an int64 or boolean cannot hold is a ValueError, and so is one for an
/// int64 from 2^53 on, which may have been rounded on its way through double (from_vector takes them all).
Tensor tensor(const NestedList& values, DType dtype = float32, Site site = Site::here());
/// A copy of `shape.size()` elements at `first`, row-major.
template <Element T> Tensor from_data(const T* first, const Shape& shape, Site site = Site::here());
/// A tensor of `values`, row-major; ShapeError unless there are as many as the shape has elements.
template <Element T> Tensor from_vector(const std::vector<T>& values, const Shape& shape, Site site = Site::here());

Tensor empty(const Shape& shape, DType dtype = float32, Site site = Site::here());
Tensor full(const Shape& shape, double value, DType dtype = float32, Site site = Site::here());
inline Tensor zeros(const Shape& shape, DType dtype = float32, Site site = Site::here()) {
  return full(shape, 0, dtype, site);
}
inline Tensor ones(const Shape& shape, DType dtype = float32, Site site = Site::here()) {
  return full(shape, 1, dtype, site);
}

/// A leaf: a tensor whose gradient is wanted. float32 or float64 (DTypeError otherwise).
/// It owns its elements; other handles to `value` do not become variables.
Tensor variable(Tensor value, Site site = Site::here());
inline Tensor variable(double value, DType dtype = float32, Site site = Site::here()) {
  return variable(tensor(value, dtype, site), site);
}

/// As numpy prints an array, with dtype and shape behind it.
std::string to_string(const Tensor& tensor);

}  // namespace xgrad
