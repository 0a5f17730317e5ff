#pragma once
#include <cstdint>

#include <xgrad/engine/random.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

struct BilinearOptions {
  bool bias = true;
  DType dtype = float32;
};

/// y_o = x1^T W_o x2 + b_o, with x1 (..., in1), x2 (..., in2), weight (out, in1, in2), bias (out) and y (..., out).
class Bilinear : public Module {
 public:
  /// ValueError: an extent < 1.
  Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, Random& random, const BilinearOptions& options = {},
           Site site = Site::here());
  Tensor forward(const Operand& x1, const Operand& x2);
  Tensor operator()(const Operand& x1, const Operand& x2) {
    return located([&] { return forward(x1, x2); });
  }
  void members(Members& m) override;

  Parameter weight, bias;

 private:
  using Module::forward;
};

}  // namespace xgrad::nn
