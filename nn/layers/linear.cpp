#include <xgrad/nn/layers/linear.hpp>

#include <cmath>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/ops/affine.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/transpose.hpp>

namespace xgrad::nn {
namespace {

struct Start {
  Tensor weight, bias;  // weight (out, in); bias undefined: none
};

Start start(const char* name, std::int64_t in, std::int64_t out, Random& random, const LinearOptions& options,
            Site site) {
  if (in < 1 || out < 1)
    detail::fail<ValueError>(name, site, "in and out must be at least 1: in is {}, out is {}", in, out);
  const double k = 1 / std::sqrt(static_cast<double>(in));
  Start s{zeros({out, in}, options.dtype, site), {}};
  if (options.init) options.init(s.weight, random);
  else uniform_(s.weight, random, -k, k, site);
  if (options.bias) s.bias = zeros({out}, options.dtype, site);
  if (options.bias && !options.init) uniform_(s.bias, random, -k, k, site);
  return s;
}

}  // namespace

Linear::Linear(std::int64_t in, std::int64_t out, Random& random, const LinearOptions& options, Site site) {
  Start s = start("Linear", in, out, random, options, site);
  weight = Parameter(std::move(s.weight), site);
  if (s.bias.defined()) bias = Parameter(std::move(s.bias), site);
}

Tensor Linear::forward(const Operand& x) { return bias.defined() ? linear(x, weight, bias) : linear(x, weight); }

void Linear::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}

Affine::Affine(std::int64_t in, std::int64_t out, Random& random, const LinearOptions& options, Site site) {
  Start s = start("Affine", in, out, random, options, site);
  weight = Parameter(transpose(s.weight), site);
  if (s.bias.defined()) bias = Parameter(std::move(s.bias), site);
}

Tensor Affine::forward(const Operand& x) { return bias.defined() ? affine(x, weight, bias) : affine(x, weight); }

void Affine::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}

}  // namespace xgrad::nn
