#include <xgrad/nn/init.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/ops/xgrad.hpp>

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

double fan_of(const char* op, const Shape& shape, Fan fan, Site site) {
  const auto [in, out] = fans(op, shape, site);
  return fan == Fan::in ? in : fan == Fan::out ? out : (in + out) / 2;
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

double leaky_relu_gain(double slope) noexcept { return std::sqrt(2 / (1 + slope * slope)); }

void he_uniform_(Tensor& weight, Random& random, double gain, Fan fan, Site site) {
  const double k = gain * std::sqrt(3 / fan_of("he_uniform_", weight.shape(), fan, site));
  uniform_(weight, random, -k, k, site);
}

void he_normal_(Tensor& weight, Random& random, double gain, Fan fan, Site site) {
  normal_(weight, random, 0, gain / std::sqrt(fan_of("he_normal_", weight.shape(), fan, site)), site);
}

void lecun_uniform_(Tensor& weight, Random& random, Site site) {
  const double k = std::sqrt(3 / fan_of("lecun_uniform_", weight.shape(), Fan::in, site));
  uniform_(weight, random, -k, k, site);
}

void lecun_normal_(Tensor& weight, Random& random, Site site) {
  normal_(weight, random, 0, 1 / std::sqrt(fan_of("lecun_normal_", weight.shape(), Fan::in, site)), site);
}

void truncated_normal_(Tensor& x, Random& random, double mean, double std, double low, double high, Site site) {
  constexpr const char* op = "truncated_normal_";
  if (!(std > 0) || !std::isfinite(mean + std))
    detail::fail<ValueError>(op, site, "mean {} and std {}, expected finite and std > 0", mean, std);
  const auto below = [&](double bound) { return std::erfc((mean - bound) / (std * std::sqrt(2))) / 2; };
  if (!(below(high) - below(low) >= 0.001))
    detail::fail<ValueError>(op, site, "[{}, {}] has less than 0.1 % of N({}, {}^2)", low, high, mean, std);
  std::vector<double> values(static_cast<std::size_t>(x.size()));
  for (double& value : values) do
      value = mean + std * random.normal();
    while (value < low || value > high);
  x.assign(to(from_vector(values, x.shape(), site), x.dtype()), site);
}

void orthogonal_(Tensor& weight, Random& random, double gain, Site site) {
  constexpr const char* op = "orthogonal_";
  const auto columns = static_cast<std::int64_t>(fans(op, weight.shape(), site).in), rows = weight.shape()[0];
  const bool is_wide = rows < columns;
  const std::int64_t most = std::max(rows, columns), least = std::min(rows, columns);
  const NoGrad guard;
  const auto [q, r] = qr(normal(random, {most, least}, 0, 1, float64, site));
  // With a positive diagonal in r the factors are unique, and q is spread evenly.
  const Tensor unique = gain * q * where(diagonal(r) < 0, -1, ones({least}, float64));
  const Tensor matrix = is_wide ? transpose(unique) : unique;
  weight.assign(to(reshape(matrix, weight.shape()), weight.dtype()), site);
}

}  // namespace xgrad::nn
