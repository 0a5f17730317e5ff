// Gradients for code that was written for xtensor: a decay curve is fitted to data that lives in xtensor arrays. The
// model is one function for both kinds of array; the gradient comes back as an xtensor array, without a copy.
#include <cmath>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

namespace {

using xgrad::Tape;
using xgrad::Tensor;

/// The user's own code: amplitude e^(-rate t), for xtensor arrays with numbers and for Tensors.
template <class Array, class Number> auto decay(const Array& t, const Number& amplitude, const Number& rate) {
  return amplitude * exp(-rate * t);
}

struct Fit {
  double amplitude, rate;
};

/// The loss at `fit`, with its first and second derivatives.
struct Expansion {
  double loss;
  Tensor gradient, hessian;  // (2), (2, 2)
};

Expansion expand(const Fit& fit, const xt::xarray<double>& t, const xt::xarray<double>& data) {
  const Tensor parameters = xgrad::variable(xgrad::tensor({fit.amplitude, fit.rate}, xgrad::float64));
  Tape tape;
  const Tensor curve = decay(xgrad::from_xtensor(t), slice(parameters, {0}), slice(parameters, {1}));
  const Tensor loss = mean(square(curve - xgrad::from_xtensor(data)));
  const Tensor gradient = tape.gradient(loss, parameters, {.create_graph = true});
  const Tensor rows[] = {tape.gradient(slice(gradient, {0}), parameters),
                         tape.gradient(slice(gradient, {1}), parameters)};
  return {loss.item(), gradient.detach(), xgrad::stack({rows[0], rows[1]})};
}

/// What calculus on paper says about the same loss, in xtensor.
xt::xarray<double> gradient_by_hand(const Fit& fit, const xt::xarray<double>& t, const xt::xarray<double>& data) {
  const xt::xarray<double> curve = decay(t, fit.amplitude, fit.rate), residual = curve - data;
  const double by_amplitude = xt::mean(2 * residual * curve / fit.amplitude)();
  const double by_rate = xt::mean(-2 * residual * curve * t)();
  return {by_amplitude, by_rate};
}

/// Newton's step: solves hessian * step = gradient.
Fit newton_step(const Fit& fit, const Expansion& at) {
  const auto g = xgrad::as_xtensor<double>(at.gradient);
  const auto h = xgrad::as_xtensor<double>(at.hessian);
  const double determinant = h(0, 0) * h(1, 1) - h(0, 1) * h(1, 0);
  return {fit.amplitude - (h(1, 1) * g(0) - h(0, 1) * g(1)) / determinant,
          fit.rate - (h(0, 0) * g(1) - h(1, 0) * g(0)) / determinant};
}

}  // namespace

int main() {
  const Fit truth{3, 0.7};
  const xt::xarray<double> t = xt::linspace<double>(0, 5, 51);
  const xt::xarray<double> data = decay(t, truth.amplitude, truth.rate);

  Fit fit{2.5, 0.6};
  double furthest = 0;
  fmt::print("step  amplitude       rate            loss\n");
  for (int step = 0; step < 6; ++step) {
    const Expansion at = expand(fit, t, data);
    fmt::print("{:>4}  {:<14.10f}  {:<14.10f}  {:.3e}\n", step, fit.amplitude, fit.rate, at.loss);
    const auto gradient = xgrad::as_xtensor<double>(at.gradient);
    furthest = std::fmax(furthest, xt::amax(xt::abs(gradient - gradient_by_hand(fit, t, data)))());
    fit = newton_step(fit, at);
  }
  const bool found = std::abs(fit.amplitude - truth.amplitude) < 1e-9 && std::abs(fit.rate - truth.rate) < 1e-9;
  fmt::print("\nThe gradient differs from the one by hand by at most {:.1e}.\n", furthest);
  fmt::print("The data was made with amplitude {} and rate {}: {}.\n", truth.amplitude, truth.rate,
             found ? "found" : "missed");
  return found && furthest < 1e-12 ? 0 : 1;
}
