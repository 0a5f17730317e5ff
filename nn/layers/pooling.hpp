#pragma once
#include <cstdint>
#include <optional>

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/pair.hpp>

// Each is the function of the same name; windows follow each other where no stride is given. A kernel or stride below
// 1, and a padding below 0 or of more than half the kernel, are a ValueError.
namespace xgrad::nn {

struct MaxPool1dOptions {
  std::optional<std::int64_t> stride = {};
  std::int64_t padding = 0, dilation = 1;
};
class MaxPool1d : public Module {
 public:
  explicit MaxPool1d(std::int64_t kernel, const MaxPool1dOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  std::int64_t kernel_, stride_, padding_, dilation_;
};

struct MaxPool2dOptions {
  std::optional<Pair> stride = {};
  Pair padding = 0, dilation = 1;
};
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(Pair kernel, const MaxPool2dOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  Pair kernel_, stride_, padding_, dilation_;
};

struct AvgPool1dOptions {
  std::optional<std::int64_t> stride = {};
  std::int64_t padding = 0;
  bool count_include_pad = true;
};
class AvgPool1d : public Module {
 public:
  explicit AvgPool1d(std::int64_t kernel, const AvgPool1dOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  std::int64_t kernel_, stride_, padding_;
  bool count_include_pad_;
};

struct AvgPool2dOptions {
  std::optional<Pair> stride = {};
  Pair padding = 0;
  bool count_include_pad = true;
};
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(Pair kernel, const AvgPool2dOptions& options = {}, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  Pair kernel_, stride_, padding_;
  bool count_include_pad_;
};

/// ValueError: output < 1.
class AdaptiveAvgPool1d : public Module {
 public:
  explicit AdaptiveAvgPool1d(std::int64_t output, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  std::int64_t output_;
};
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(Pair output, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  std::string options() const override;

 private:
  Pair output_;
};

}  // namespace xgrad::nn
