#pragma once
#include <cstdint>

#include <xgrad/engine/random.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/pad.hpp>
#include <xgrad/ops/pair.hpp>

// Convolutions, which start with weight and bias from U(-k, k), k = 1 / sqrt(fan-in), as in PyTorch. In all of them an
// extent below 1, groups that do not divide the channels, and other numbers that make no sense, are a ValueError.
namespace xgrad::nn {

struct Conv1dOptions {
  std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
  bool bias = true;
  PadMode padding_mode = PadMode::constant;  ///< what the padding is; constant: zeros
  DType dtype = float32;
};

/// conv1d() with weight (out, in / groups, kernel) and bias (out).
class Conv1d : public Module {
 public:
  Conv1d(std::int64_t in, std::int64_t out, std::int64_t kernel, Random& random, const Conv1dOptions& options = {},
         Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight, bias;

 private:
  Conv1dOptions options_;
};

struct Conv2dOptions {
  Pair stride = 1, padding = 0, dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  PadMode padding_mode = PadMode::constant;  ///< what the padding is; constant: zeros
  DType dtype = float32;
};

/// conv2d() with weight (out, in / groups, kernel_h, kernel_w) and bias (out).
class Conv2d : public Module {
 public:
  Conv2d(std::int64_t in, std::int64_t out, Pair kernel, Random& random, const Conv2dOptions& options = {},
         Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight, bias;

 private:
  Conv2dOptions options_;
};

struct ConvTranspose2dOptions {
  Pair stride = 1, padding = 0, output_padding = 0, dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  DType dtype = float32;
};

/// conv_transpose2d() with weight (in, out / groups, kernel_h, kernel_w) and bias (out).
class ConvTranspose2d : public Module {
 public:
  ConvTranspose2d(std::int64_t in, std::int64_t out, Pair kernel, Random& random,
                  const ConvTranspose2dOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight, bias;

 private:
  ConvTranspose2dOptions options_;
};

}  // namespace xgrad::nn
