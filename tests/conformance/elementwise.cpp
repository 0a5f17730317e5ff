// Element by element, and what else takes one or two tensors and nothing more.
#include <cmath>
#include <utility>

#include "attributes.hpp"

namespace conformance {
namespace {

using Unary = Tensor (*)(const xgrad::Operand&);
using Binary = Tensor (*)(const xgrad::Operand&, const xgrad::Operand&);

Function unary(Unary f) {
  return [f](In in, At) { return Tensors{f(in.at(0))}; };
}
/// Two tensors, or one and a number on either side.
Function binary(Binary f) {
  return [f](In in, At a) {
    if (in.size() > 1) return Tensors{f(in[0], in[1])};
    const double scalar = number(a, "scalar");
    const bool left = choose<bool>(a, "side", {{"right", false}, {"left", true}});
    return Tensors{left ? f(scalar, in.at(0)) : f(in.at(0), scalar)};
  };
}

// clang-format off
const std::pair<const char*, Unary> unaries[] = {
     {"neg", xgrad::neg}, {"exp", xgrad::exp}, {"exp2", xgrad::exp2}, {"expm1", xgrad::expm1},
     {"log", xgrad::log}, {"log1p", xgrad::log1p}, {"log2", xgrad::log2}, {"log10", xgrad::log10},
     {"sqrt", xgrad::sqrt}, {"rsqrt", xgrad::rsqrt}, {"square", xgrad::square},
     {"reciprocal", xgrad::reciprocal}, {"cbrt", xgrad::cbrt}, {"abs", xgrad::abs}, {"sign", xgrad::sign},
     {"floor", xgrad::floor}, {"ceil", xgrad::ceil}, {"round", xgrad::round}, {"trunc", xgrad::trunc},
     {"sin", xgrad::sin}, {"cos", xgrad::cos}, {"tan", xgrad::tan}, {"asin", xgrad::asin},
     {"acos", xgrad::acos}, {"atan", xgrad::atan}, {"arcsin", xgrad::asin}, {"arccos", xgrad::acos},
     {"arctan", xgrad::atan}, {"sinh", xgrad::sinh}, {"cosh", xgrad::cosh}, {"tanh", xgrad::tanh},
     {"asinh", xgrad::asinh}, {"acosh", xgrad::acosh}, {"atanh", xgrad::atanh}, {"arcsinh", xgrad::asinh},
     {"arccosh", xgrad::acosh}, {"arctanh", xgrad::atanh}, {"erf", xgrad::erf}, {"erfc", xgrad::erfc},
     {"normal_cdf", xgrad::normal_cdf}, {"gelu_tanh", xgrad::gelu_tanh}, {"nonzero", xgrad::nonzero},
     {"sigmoid", xgrad::sigmoid}, {"relu", xgrad::relu}, {"relu6", xgrad::relu6}, {"selu", xgrad::selu},
     {"mish", xgrad::mish}, {"silu", xgrad::silu}, {"softsign", xgrad::softsign},
     {"hardsigmoid", xgrad::hardsigmoid}, {"hardswish", xgrad::hardswish},
     {"log_sigmoid", xgrad::log_sigmoid}, {"logsigmoid", xgrad::log_sigmoid},
     {"tanhshrink", xgrad::tanhshrink}, {"step", xgrad::step}, {"identity", xgrad::identity},
     {"isnan", xgrad::isnan}, {"isinf", xgrad::isinf}, {"isfinite", xgrad::isfinite},
     {"logical_not", xgrad::logical_not}, {"frac", xgrad::frac}};
const std::pair<const char*, Binary> binaries[] = {
      {"add", xgrad::add}, {"sub", xgrad::sub}, {"mul", xgrad::mul}, {"div", xgrad::div}, {"pow", xgrad::pow},
      {"maximum", xgrad::maximum}, {"minimum", xgrad::minimum}, {"atan2", xgrad::atan2},
      {"arctan2", xgrad::atan2}, {"hypot", xgrad::hypot}, {"fmod", xgrad::fmod},
      {"remainder", xgrad::remainder}, {"logaddexp", xgrad::logaddexp}, {"xlogy", xgrad::xlogy},
      {"greater", xgrad::greater}, {"greater_equal", xgrad::greater_equal}, {"less", xgrad::less},
      {"less_equal", xgrad::less_equal}, {"equal", xgrad::equal}, {"not_equal", xgrad::not_equal},
      {"logical_and", xgrad::logical_and}, {"logical_or", xgrad::logical_or},
      {"logical_xor", xgrad::logical_xor}, {"matmul", static_cast<Binary>(xgrad::matmul)},
      {"dot", xgrad::dot}, {"outer", xgrad::outer}, {"bmm", xgrad::bmm}, {"solve", xgrad::solve},
      {"take", xgrad::take}, {"masked_select", xgrad::masked_select}, {"embedding", xgrad::embedding}};
// clang-format on

}  // namespace

void add_elementwise(Table& t) {
  using namespace xgrad;
  for (const auto& [name, f] : unaries) t[name] = unary(f);
  for (const auto& [name, f] : binaries) t[name] = binary(f);
  t["detach"] = one([](const Tensor& x, At) { return x.detach(); });
  t["leaky_relu"] = one([](const Tensor& x, At a) { return leaky_relu(x, number(a, "negative_slope", 0.01)); });
  t["elu"] = one([](const Tensor& x, At a) { return elu(x, number(a, "alpha", 1)); });
  t["celu"] = one([](const Tensor& x, At a) { return celu(x, number(a, "alpha", 1)); });
  t["softplus"] = one([](const Tensor& x, At a) { return softplus(x, number(a, "beta", 1)); });
  t["softshrink"] = one([](const Tensor& x, At a) { return softshrink(x, number(a, "lambd", 0.5)); });
  t["hardshrink"] = one([](const Tensor& x, At a) { return hardshrink(x, number(a, "lambd", 0.5)); });
  t["hardtanh"] =
      one([](const Tensor& x, At a) { return hardtanh(x, number(a, "min_val", -1), number(a, "max_val", 1)); });
  t["threshold"] = one([](const Tensor& x, At a) { return threshold(x, number(a, "threshold"), number(a, "value")); });
  t["nan_to_num"] = one([](const Tensor& x, At a) {
    if (!a.contains("posinf")) return nan_to_num(x, number(a, "nan", 0));
    return nan_to_num(x, number(a, "nan", 0), number(a, "posinf"), number(a, "neginf"));
  });
  t["gelu"] = one([](const Tensor& x, At a) {
    return choose<Unary>(a, "approximate", {{"none", gelu}, {"tanh", gelu_tanh}})(x);
  });
  t["clamp"] =
      one([](const Tensor& x, At a) { return clamp(x, number(a, "min", -INFINITY), number(a, "max", INFINITY)); });
  t["where"] = [](In in, At) { return Tensors{where(in.at(0), in.at(1), in.at(2))}; };
  t["lerp"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? lerp(in[0], in[1], in[2]) : lerp(in.at(0), in.at(1), number(a, "weight"))};
  };
  t["masked_fill"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? masked_fill(in[0], in[1], in[2])
                                 : masked_fill(in.at(0), in.at(1), number(a, "value"))};
  };
}

}  // namespace conformance
