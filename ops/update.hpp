#pragma once
#include <cstdint>

#include <xgrad/engine/tensor.hpp>

// Steps of optimizers, in place and not recorded. w, gradient and state have one shape and one floating dtype
// (ShapeError, DTypeError otherwise); w is a variable or a constant, not a recorded value (GraphError).
namespace xgrad {

/// Stochastic gradient descent as PyTorch defines it.
struct SgdOptions {
  double lr = 0.01, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;
};

/// g += weight_decay w; v = momentum v + (1 - dampening) g; w -= lr v, or lr (g + momentum v) with nesterov.
/// An undefined velocity starts as g; without momentum it is not used. ValueError: lr, momentum or weight_decay
/// negative or not finite; nesterov without momentum or with dampening.
void sgd_update(Tensor& w, const Tensor& grad, Tensor& velocity, const SgdOptions& options, Site site = Site::here());
/// With the learning rate in `lr`, float64 (1,), and not in the options: a compiled function reads it each time it
/// runs.
void sgd_update(Tensor& w, const Tensor& grad, Tensor& velocity, const Tensor& lr, const SgdOptions& options,
                Site site = Site::here());

/// Adam (Kingma and Ba, 2015) as PyTorch defines it; with decoupled_weight_decay AdamW (Loshchilov and Hutter, 2019).
struct AdamOptions {
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled_weight_decay = false;
  std::int64_t step = 1;  ///< the number of this update, from 1
};

/// g += weight_decay w (decoupled: w *= 1 - lr weight_decay); m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2)
/// g^2; w -= lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps). Undefined m and v start at zero.
/// ValueError: lr, eps or weight_decay negative or not finite, a beta outside [0, 1), a step below 1.
void adam_update(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, const AdamOptions& options,
                 Site site = Site::here());
/// With the learning rate in `lr`, float64 (1,), and the number of updates so far in `step`, int64 (1,), which this one
/// adds 1 to: a compiled function reads them each time it runs. Those of the options are not used.
void adam_update(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, Tensor& step, const Tensor& lr,
                 const AdamOptions& options, Site site = Site::here());

namespace detail {
/// ValueError where an option means nothing: for the updates above, and for those who keep their options.
void check_options(const char* op, const SgdOptions& options, Site site);
void check_options(const char* op, const AdamOptions& options, Site site);
}  // namespace detail

}  // namespace xgrad
