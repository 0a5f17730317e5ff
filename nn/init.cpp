#include <xgrad/nn/init.hpp>

#include <cmath>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
namespace {

struct Fans {
  double in, out;
};

Fans fans(const char* op, const Shape& shape, Site site) {
  if (shape.rank() < 2)
    detail::fail<ShapeError>(op, site, "a weight has two axes (out, in) or more, this one is {}", to_string(shape));
  double receptive = 1;
  for (int axis = 2; axis < shape.rank(); ++axis) receptive *= static_cast<double>(shape[axis]);
  const Fans result{static_cast<double>(shape[1]) * receptive, static_cast<double>(shape[0]) * receptive};
  if (result.in == 0 || result.out == 0)
    detail::fail<ShapeError>(op, site, "a weight without elements has no fan: it is {}", to_string(shape));
  return result;
}

}  // namespace

void constant_(Tensor& x, double value, Site site) { x.assign(full(x.shape(), value, x.dtype(), site), site); }

void zeros_(Tensor& x, Site site) { constant_(x, 0, site); }

void uniform_(Tensor& x, Random& random, double low, double high, Site site) {
  x.assign(uniform(random, x.shape(), low, high, x.dtype(), site), site);
}

void normal_(Tensor& x, Random& random, double mean, double std, Site site) {
  x.assign(normal(random, x.shape(), mean, std, x.dtype(), site), site);
}

void xavier_uniform_(Tensor& weight, Random& random, double gain, Site site) {
  const auto [in, out] = fans("xavier_uniform_", weight.shape(), site);
  const double k = gain * std::sqrt(6 / (in + out));
  uniform_(weight, random, -k, k, site);
}

void xavier_normal_(Tensor& weight, Random& random, double gain, Site site) {
  const auto [in, out] = fans("xavier_normal_", weight.shape(), site);
  normal_(weight, random, 0, gain * std::sqrt(2 / (in + out)), site);
}

void he_uniform_(Tensor& weight, Random& random, double gain, Site site) {
  const double k = gain * std::sqrt(3 / fans("he_uniform_", weight.shape(), site).in);
  uniform_(weight, random, -k, k, site);
}

void he_normal_(Tensor& weight, Random& random, double gain, Site site) {
  normal_(weight, random, 0, gain / std::sqrt(fans("he_normal_", weight.shape(), site).in), site);
}

}  // namespace xgrad::nn
