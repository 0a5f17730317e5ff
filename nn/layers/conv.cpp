#include <xgrad/nn/layers/conv.hpp>

#include <cmath>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/ops/conv1d.hpp>
#include <xgrad/ops/conv2d.hpp>
#include <xgrad/ops/conv_transpose2d.hpp>

namespace xgrad::nn {
namespace {

using layers::check_least;
using layers::written;

void check(const char* layer, std::int64_t in, std::int64_t out, Pair kernel, Pair stride, Pair padding, Pair dilation,
           std::int64_t groups, Site site) {
  check_least(layer, 1, {{"in", in}, {"out", out}, {"groups", groups}}, site);
  check_least(layer, 1, {{"kernel", std::min(kernel.h, kernel.w)}, {"stride", std::min(stride.h, stride.w)}}, site);
  check_least(layer, 1, {{"dilation", std::min(dilation.h, dilation.w)}}, site);
  check_least(layer, 0, {{"padding", std::min(padding.h, padding.w)}}, site);
  if (in % groups != 0 || out % groups != 0)
    detail::fail<ValueError>(layer, site, "{} groups for {} channels in and {} out", groups, in, out);
}

/// Fan-in as PyTorch counts it: the second extent of the weight, times those of the kernel.
void start(Parameter& weight, Parameter& bias, const Shape& shape, std::int64_t out, bool with_bias, Random& random,
           DType dtype, Site site) {
  std::int64_t fan_in = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) fan_in *= shape[axis];
  const double k = 1 / std::sqrt(static_cast<double>(fan_in));
  weight = layers::uniform_within(k, random, shape, dtype, site);
  if (with_bias) bias = layers::uniform_within(k, random, {out}, dtype, site);
}

std::string described(Pair stride, Pair padding, Pair dilation, std::int64_t groups) {
  std::string text = "stride " + written(stride) + ", padding " + written(padding);
  if (dilation.h != 1 || dilation.w != 1) text += ", dilation " + written(dilation);
  if (groups != 1) text += ", groups " + std::to_string(groups);
  return text;
}

std::string described(Pair stride, Pair padding, Pair dilation, std::int64_t groups, PadMode mode) {
  const char* const names[] = {"", ", padding_mode reflect", ", padding_mode replicate", ", padding_mode circular"};
  return described(stride, padding, dilation, groups) + names[static_cast<int>(mode)];
}

ConvOptions plain(const Conv1dOptions& o) { return {{1, o.stride}, {0, o.padding}, {1, o.dilation}, o.groups}; }
template <class Options> ConvOptions plain(const Options& o) { return {o.stride, o.padding, o.dilation, o.groups}; }

/// x with its padding around it, which a convolution then needs no more; undefined where that is zeros.
Tensor with_edges(const Operand& x, PadMode mode, ConvOptions& options) {
  const int rank = layers::shape_of(x).rank();
  if (mode == PadMode::constant || rank < 2 || rank > 4) return {};  // the convolution will say what it expects
  const auto [h, w] = options.padding;
  Padding widths[4];
  widths[rank - 2] = {h, h};
  widths[rank - 1] = {w, w};
  options.padding = 0;
  return pad(x, widths, static_cast<std::size_t>(rank), mode);
}

}  // namespace

Conv1d::Conv1d(std::int64_t in, std::int64_t out, std::int64_t kernel, Random& random, const Conv1dOptions& options,
               Site site)
    : options_(options) {
  check("Conv1d", in, out, kernel, options.stride, options.padding, options.dilation, options.groups, site);
  start(weight, bias, {out, in / options.groups, kernel}, out, options.bias, random, options.dtype, site);
}

Tensor Conv1d::forward(const Operand& x) {
  ConvOptions options = plain(options_);
  const Tensor around = with_edges(x, options_.padding_mode, options);
  const Operand in = around.defined() ? Operand(around, x.site.file, x.site.line) : x;
  return bias.defined() ? conv1d(in, weight, bias, options) : conv1d(in, weight, options);
}

std::string Conv1d::options() const {
  return described(options_.stride, options_.padding, options_.dilation, options_.groups, options_.padding_mode);
}

Conv2d::Conv2d(std::int64_t in, std::int64_t out, Pair kernel, Random& random, const Conv2dOptions& options, Site site)
    : options_(options) {
  check("Conv2d", in, out, kernel, options.stride, options.padding, options.dilation, options.groups, site);
  start(weight, bias, {out, in / options.groups, kernel.h, kernel.w}, out, options.bias, random, options.dtype, site);
}

Tensor Conv2d::forward(const Operand& x) {
  ConvOptions options = plain(options_);
  const Tensor around = with_edges(x, options_.padding_mode, options);
  const Operand in = around.defined() ? Operand(around, x.site.file, x.site.line) : x;
  return bias.defined() ? conv2d(in, weight, bias, options) : conv2d(in, weight, options);
}

std::string Conv2d::options() const {
  return described(options_.stride, options_.padding, options_.dilation, options_.groups, options_.padding_mode);
}

ConvTranspose2d::ConvTranspose2d(std::int64_t in, std::int64_t out, Pair kernel, Random& random,
                                 const ConvTranspose2dOptions& options, Site site)
    : options_(options) {
  check("ConvTranspose2d", in, out, kernel, options.stride, options.padding, options.dilation, options.groups, site);
  const Pair extra = options.output_padding;
  check_least("ConvTranspose2d", 0, {{"output_padding", std::min(extra.h, extra.w)}}, site);
  if (extra.h >= std::max(options.stride.h, options.dilation.h) ||
      extra.w >= std::max(options.stride.w, options.dilation.w))
    detail::fail<ValueError>("ConvTranspose2d", site,
                             "output_padding is {}, expected less than stride {} or dilation {}", written(extra),
                             written(options.stride), written(options.dilation));
  start(weight, bias, {in, out / options.groups, kernel.h, kernel.w}, out, options.bias, random, options.dtype, site);
}

Tensor ConvTranspose2d::forward(const Operand& x) {
  return bias.defined() ? conv_transpose2d(x, weight, bias, plain(options_), options_.output_padding)
                        : conv_transpose2d(x, weight, plain(options_), options_.output_padding);
}

std::string ConvTranspose2d::options() const {
  return described(options_.stride, options_.padding, options_.dilation, options_.groups);
}

void Conv1d::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}
void Conv2d::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}
void ConvTranspose2d::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}

}  // namespace xgrad::nn
