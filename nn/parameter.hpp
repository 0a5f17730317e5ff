#pragma once
#include <utility>

#include <xgrad/engine/tensor.hpp>

namespace xgrad::nn {

/// A variable that its module owns. Copying a Parameter copies its elements, so that a module is a value:
/// the copy is a fresh leaf without a gradient. `Tensor w = layer.weight` is a handle to the same leaf, as ever.
class Parameter : public Tensor {
 public:
  /// None: what a layer without a bias has. Not listed among a module's parameters.
  Parameter() noexcept = default;
  /// A leaf with the elements of `value`, float32 or float64 (DTypeError otherwise).
  explicit Parameter(Tensor value, Site site = Site::here()) : Tensor(xgrad::variable(std::move(value), site)) {}
  Parameter(const Parameter& other);
  Parameter(Parameter&&) noexcept = default;
  /// Takes over the elements of `other`. Where shape and dtype agree this stays the same leaf, so that
  /// an optimizer that trains it goes on doing so; its gradient is dropped. Frozen is then what `other` is.
  Parameter& operator=(const Parameter& other);
  Parameter& operator=(Parameter&&) noexcept = default;
  ~Parameter() = default;

  /// Frozen, it is a constant with the same elements: no gradient reaches it, and none is left.
  void freeze(bool on = true);
  bool frozen() const noexcept { return leaf_.defined(); }
  /// The leaf, also while it is frozen: what an optimizer holds, which goes on with it when it thaws.
  const Tensor& variable() const noexcept { return frozen() ? leaf_ : *this; }

 private:
  Tensor leaf_;  // while frozen
};

/// State that is not trained, such as a running mean. Like a Parameter it belongs to its module: copying copies the
/// elements, and assigning one of the same shape and dtype overwrites them in place.
class Buffer : public Tensor {
 public:
  Buffer() noexcept = default;
  explicit Buffer(const Tensor& value) : Tensor(value.clone()) {}
  Buffer(const Buffer& other) : Tensor(other.clone()) {}
  Buffer(Buffer&&) noexcept = default;
  Buffer& operator=(const Buffer& other);
  Buffer& operator=(Buffer&&) noexcept = default;
  ~Buffer() = default;
};

}  // namespace xgrad::nn
