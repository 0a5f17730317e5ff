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
  explicit Parameter(Tensor value, Site site = Site::here()) : Tensor(variable(std::move(value), site)) {}
  Parameter(const Parameter& other) : Tensor(copy_of(other)) {}
  Parameter(Parameter&&) noexcept = default;
  /// Takes over the elements of `other`. Where shape and dtype agree this stays the same leaf, so that
  /// an optimizer that trains it goes on doing so; its gradient is dropped.
  Parameter& operator=(const Parameter& other);
  Parameter& operator=(Parameter&&) noexcept = default;
  ~Parameter() = default;

 private:
  static Tensor copy_of(const Parameter& other) { return other.defined() ? variable(other.clone()) : Tensor(); }
};

}  // namespace xgrad::nn
