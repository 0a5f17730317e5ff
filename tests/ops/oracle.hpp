#pragma once
// What tests of operations compare with.
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sum.hpp>

#include <cmath>
#include <vector>

namespace xgrad::tests {

/// Elements sin(0.7 (i + 1) + phase), float64: what the constants of other libraries were computed from.
inline Tensor wave(const Shape& shape, double phase = 0) {
  std::vector<double> values(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(0.7 * static_cast<double>(i + 1) + phase);
  if (shape.rank() == 0) return tensor(values[0], float64);
  return from_vector(values, shape);
}

/// Element by element to a relative 1e-13 of the largest.
inline bool close(const Tensor& x, const std::vector<double>& expected) {
  if (x.size() != static_cast<std::int64_t>(expected.size())) return false;
  double largest = 0;
  for (const double e : expected) largest = std::max(largest, std::abs(e));
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!(std::abs(x.data<double>()[i] - expected[i]) <= 1e-13 * largest)) return false;
  return true;
}

/// d^3 f(x + s u) / ds^3 for a scalar f, by three gradients of gradients.
template <class F> double third_derivative(F f, const Tensor& x, const Tensor& u) {
  Tape tape;
  const GradientOptions keep{.create_graph = true};
  const auto along = [&](const Tensor& y) { return sum(tape.gradient(y, x, keep) * u); };
  return along(along(along(f(x)))).item();
}

}  // namespace xgrad::tests
