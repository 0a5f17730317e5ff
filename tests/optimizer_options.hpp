#pragma once
// Optimizers' options by their names, for tests that read them from files.

namespace xgrad::tests {

/// f(name, option) for each that the options have.
template <class Options, class F> void each_option(Options& o, F f) {
  f("lr", o.lr);
  if constexpr (requires { o.momentum; }) f("momentum", o.momentum);
  if constexpr (requires { o.dampening; }) f("dampening", o.dampening);
  if constexpr (requires { o.nesterov; }) f("nesterov", o.nesterov);
  if constexpr (requires { o.weight_decay; }) f("weight_decay", o.weight_decay);
  if constexpr (requires { o.beta1; }) f("beta1", o.beta1), f("beta2", o.beta2);
  if constexpr (requires { o.eps; }) f("eps", o.eps);
  if constexpr (requires { o.amsgrad; }) f("amsgrad", o.amsgrad);
  if constexpr (requires { o.maximize; }) f("maximize", o.maximize);
  if constexpr (requires { o.decoupled_weight_decay; }) f("decoupled_weight_decay", o.decoupled_weight_decay);
  if constexpr (requires { o.alpha; }) f("alpha", o.alpha);
  if constexpr (requires { o.centered; }) f("centered", o.centered);
  if constexpr (requires { o.rho; }) f("rho", o.rho);
  if constexpr (requires { o.lr_decay; }) f("lr_decay", o.lr_decay);
  if constexpr (requires { o.initial_accumulator_value; }) f("initial_accumulator_value", o.initial_accumulator_value);
  if constexpr (requires { o.momentum_decay; }) f("momentum_decay", o.momentum_decay);
  if constexpr (requires { o.max_iter; }) {
    f("max_iter", o.max_iter), f("history_size", o.history_size), f("strong_wolfe", o.strong_wolfe);
    f("max_eval", o.max_eval), f("tolerance_grad", o.tolerance_grad), f("tolerance_change", o.tolerance_change);
  }
}

}  // namespace xgrad::tests
