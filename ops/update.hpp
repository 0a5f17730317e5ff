#pragma once
#include <cstdint>

#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/update_options.hpp>

// Steps of optimizers, in place and not recorded. w, gradient and state have one shape and one floating dtype
// (ShapeError, DTypeError otherwise); w is a variable or a constant, not a recorded value (GraphError).
namespace xgrad {

/// g += weight_decay w; v = momentum v + (1 - dampening) g; w -= lr v, or lr (g + momentum v) with nesterov.
/// An undefined velocity starts as g; without momentum it is not used. ValueError: lr, momentum or weight_decay
/// negative or not finite; nesterov without momentum or with dampening.
void sgd_update(Tensor& w, const Tensor& grad, Tensor& velocity, const SgdOptions& options, Site site = Site::here());
/// With the learning rate in `lr`, float64 (1,), and not in the options: a compiled function reads it each time it
/// runs.
void sgd_update(Tensor& w, const Tensor& grad, Tensor& velocity, const Tensor& lr, const SgdOptions& options,
                Site site = Site::here());

/// g += weight_decay w (decoupled: w *= 1 - lr weight_decay); m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2)
/// g^2; w -= lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps). Undefined m and v start at zero.
/// ValueError: lr, eps or weight_decay negative or not finite, a beta outside [0, 1), a step below 1, amsgrad (which
/// takes update()).
void adam_update(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, const AdamOptions& options,
                 Site site = Site::here());
/// With the learning rate in `lr`, float64 (1,), and the number of updates so far in `step`, int64 (1,), which this one
/// adds 1 to: a compiled function reads them each time it runs. Those of the options are not used.
void adam_update(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, Tensor& step, const Tensor& lr,
                 const AdamOptions& options, Site site = Site::here());

/// What an optimizer keeps of a variable from one update to the next; undefined at first.
struct UpdateState {
  Tensor step;       ///< the number of updates so far, int64 (1,)
  Tensor product;    ///< NAdam's product of momenta, float64 (1,)
  Tensor arrays[3];  ///< what Options::states names, like w; undefined where the options have no use for it
};

/// One step of the optimizer whose options these are, in one pass, with the rate in `lr`, float64 (1,), which as the
/// state is read each time a compiled function runs. The formulas are PyTorch's. ValueError: an option that means
/// nothing.
///     update(w, w.grad(), state, full({1}, 0.01, float64), RmspropOptions{.momentum = 0.9});
template <class Options>
void update(Tensor& w, const Tensor& grad, UpdateState& state, const Tensor& lr, const Options& options,
            Site site = Site::here());

namespace detail {
/// ValueError where an option means nothing: for the updates above, and for those who keep their options.
void check_options(const char* op, const SgdOptions& options, Site site);
void check_options(const char* op, const AdamOptions& options, Site site);
template <class Options> void check_options(const char* op, const Options& options, Site site);
/// Whether options have a use for array k of their states.
template <class Options> bool keeps(const Options& options, int k);
}  // namespace detail

}  // namespace xgrad
