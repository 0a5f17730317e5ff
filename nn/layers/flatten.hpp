#pragma once
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// The axes from `start` to `end`, that one included, made one: (n, a, b, ...) to (n, a b ...), and (n) to (n, 1).
class Flatten : public Module {
 public:
  explicit Flatten(int start = 1, int end = -1) noexcept : start_(start), end_(end) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  int start_, end_;
};

/// One axis made several, of the extents in `shape`.
class Unflatten : public Module {
 public:
  Unflatten(int axis, const Shape& shape) noexcept : axis_(axis), shape_(shape) {}
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  int axis_;
  Shape shape_;
};

}  // namespace xgrad::nn
