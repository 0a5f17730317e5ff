#include <xgrad/nn/optim/clip.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/ops/xgrad.hpp>

namespace xgrad::nn {
namespace {

/// Gradients become f(gradient). A 0-d one is a value of its handle, not shared, and has to be set, which has no plan.
template <class F> void change_gradients(const std::vector<Tensor>& parameters, Site site, F f) {
  for (Tensor p : parameters)
    if (Tensor grad = p.grad(); grad.defined()) {
      if (grad.rank() == 0) p.set_grad(f(grad), site);
      else grad.assign(f(grad), site);
    }
}

}  // namespace

Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type, Site site) {
  constexpr const char* op = "clip_grad_norm_";
  if (!(max_norm >= 0)) detail::fail<ValueError>(op, site, "max_norm must be a number not below 0: it is {}", max_norm);
  if (!(norm_type > 0)) detail::fail<ValueError>(op, site, "norm_type must be a number above 0: it is {}", norm_type);
  NoGrad guard;
  std::vector<Tensor> norms;
  for (const Tensor& p : parameters)
    if (const Tensor grad = p.grad(); grad.defined()) norms.push_back(norm(grad, norm_type));
  if (norms.empty()) return tensor(0);
  const Tensor total = norm(stack(norms), norm_type), factor = minimum(max_norm / (total + 1e-6), 1);
  change_gradients(parameters, site, [&](const Tensor& grad) { return grad * factor; });
  return total;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value, Site site) {
  if (!(clip_value >= 0))
    detail::fail<ValueError>("clip_grad_value_", site, "clip_value must be a number not below 0: it is {}", clip_value);
  NoGrad guard;
  change_gradients(parameters, site, [&](const Tensor& grad) { return clamp(grad, -clip_value, clip_value); });
}

}  // namespace xgrad::nn
