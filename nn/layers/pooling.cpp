#include <xgrad/nn/layers/pooling.hpp>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/ops/adaptive_avg_pool1d.hpp>
#include <xgrad/ops/adaptive_avg_pool2d.hpp>
#include <xgrad/ops/avg_pool1d.hpp>
#include <xgrad/ops/avg_pool2d.hpp>
#include <xgrad/ops/max_pool1d.hpp>
#include <xgrad/ops/max_pool2d.hpp>

namespace xgrad::nn {
namespace {

using layers::check_least;
using layers::written;

void check(const char* layer, Pair kernel, Pair stride, Pair padding, Pair dilation, Site site) {
  check_least(layer, 1, {{"kernel", std::min(kernel.h, kernel.w)}, {"stride", std::min(stride.h, stride.w)}}, site);
  check_least(layer, 1, {{"dilation", std::min(dilation.h, dilation.w)}}, site);
  check_least(layer, 0, {{"padding", std::min(padding.h, padding.w)}}, site);
  if (padding.h > kernel.h / 2 || padding.w > kernel.w / 2)
    detail::fail<ValueError>(layer, site, "padding is {}, expected half the kernel {} at most", written(padding),
                             written(kernel));
}

std::string described(Pair kernel, Pair stride, Pair padding) {
  return "kernel " + written(kernel) + ", stride " + written(stride) +
         (padding.h == 0 && padding.w == 0 ? "" : ", padding " + written(padding));
}

}  // namespace

MaxPool1d::MaxPool1d(std::int64_t kernel, const MaxPool1dOptions& o, Site site)
    : kernel_(kernel), stride_(o.stride.value_or(kernel)), padding_(o.padding), dilation_(o.dilation) {
  check("MaxPool1d", kernel_, stride_, padding_, dilation_, site);
}
Tensor MaxPool1d::forward(const Operand& x) { return max_pool1d(x, kernel_, stride_, padding_, dilation_); }
std::string MaxPool1d::options() const { return described(kernel_, stride_, padding_); }

MaxPool2d::MaxPool2d(Pair kernel, const MaxPool2dOptions& o, Site site)
    : kernel_(kernel), stride_(o.stride.value_or(kernel)), padding_(o.padding), dilation_(o.dilation) {
  check("MaxPool2d", kernel_, stride_, padding_, dilation_, site);
}
Tensor MaxPool2d::forward(const Operand& x) { return max_pool2d(x, kernel_, stride_, padding_, dilation_); }
std::string MaxPool2d::options() const { return described(kernel_, stride_, padding_); }

AvgPool1d::AvgPool1d(std::int64_t kernel, const AvgPool1dOptions& o, Site site)
    : kernel_(kernel),
      stride_(o.stride.value_or(kernel)),
      padding_(o.padding),
      count_include_pad_(o.count_include_pad) {
  check("AvgPool1d", kernel_, stride_, padding_, 1, site);
}
Tensor AvgPool1d::forward(const Operand& x) { return avg_pool1d(x, kernel_, stride_, padding_, count_include_pad_); }
std::string AvgPool1d::options() const { return described(kernel_, stride_, padding_); }

AvgPool2d::AvgPool2d(Pair kernel, const AvgPool2dOptions& o, Site site)
    : kernel_(kernel),
      stride_(o.stride.value_or(kernel)),
      padding_(o.padding),
      count_include_pad_(o.count_include_pad) {
  check("AvgPool2d", kernel_, stride_, padding_, 1, site);
}
Tensor AvgPool2d::forward(const Operand& x) { return avg_pool2d(x, kernel_, stride_, padding_, count_include_pad_); }
std::string AvgPool2d::options() const { return described(kernel_, stride_, padding_); }

AdaptiveAvgPool1d::AdaptiveAvgPool1d(std::int64_t output, Site site) : output_(output) {
  check_least("AdaptiveAvgPool1d", 1, {{"output", output}}, site);
}
Tensor AdaptiveAvgPool1d::forward(const Operand& x) { return adaptive_avg_pool1d(x, output_); }
std::string AdaptiveAvgPool1d::options() const { return "output " + written(output_); }

AdaptiveAvgPool2d::AdaptiveAvgPool2d(Pair output, Site site) : output_(output) {
  check_least("AdaptiveAvgPool2d", 1, {{"output", std::min(output.h, output.w)}}, site);
}
Tensor AdaptiveAvgPool2d::forward(const Operand& x) { return adaptive_avg_pool2d(x, output_); }
std::string AdaptiveAvgPool2d::options() const { return "output " + written(output_); }

}  // namespace xgrad::nn
