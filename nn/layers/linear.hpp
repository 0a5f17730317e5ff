#pragma once
#include <cstdint>

#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// How Linear and Affine start.
struct LinearOptions {
  bool bias = true;
  /// Sets the weight (out, in), and the bias is zero then. Null: both from U(-k, k), k = 1 / sqrt(in), as in PyTorch.
  Init init = nullptr;
  DType dtype = float32;
};

/// y = x W^T + b, with x (..., in), weight (out, in), bias (out,) and y (..., out).
class Linear : public Module {
 public:
  /// ValueError: in or out < 1.
  Linear(std::int64_t in, std::int64_t out, Random& random, const LinearOptions& options = {},
         Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;

  Parameter weight, bias;
};

/// The book's layer: y = x W + b, with weight (in, out). From the same random stream it starts as the same
/// function as Linear.
class Affine : public Module {
 public:
  /// ValueError: in or out < 1.
  Affine(std::int64_t in, std::int64_t out, Random& random, const LinearOptions& options = {},
         Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;

  Parameter weight, bias;
};

}  // namespace xgrad::nn
