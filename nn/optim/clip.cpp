#include <xgrad/nn/optim/clip.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/ops/xgrad.hpp>

namespace xgrad::nn {
namespace {

std::vector<Tensor> gradients(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> found;
  for (const Tensor& p : parameters)
    if (Tensor grad = p.grad(); grad.defined()) found.push_back(std::move(grad));
  return found;
}

}  // namespace

Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type, Site site) {
  constexpr const char* op = "clip_grad_norm_";
  if (!(max_norm >= 0)) detail::fail<ValueError>(op, site, "max_norm must be a number not below 0: it is {}", max_norm);
  if (!(norm_type > 0)) detail::fail<ValueError>(op, site, "norm_type must be a number above 0: it is {}", norm_type);
  NoGrad guard;
  std::vector<Tensor> grads = gradients(parameters), norms;
  if (grads.empty()) return tensor(0);
  for (const Tensor& grad : grads) norms.push_back(norm(grad, norm_type));
  const Tensor total = norm(stack(norms), norm_type), factor = minimum(max_norm / (total + 1e-6), 1);
  for (Tensor& grad : grads) grad.assign(grad * factor, site);
  return total;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value, Site site) {
  if (!(clip_value >= 0))
    detail::fail<ValueError>("clip_grad_value_", site, "clip_value must be a number not below 0: it is {}", clip_value);
  NoGrad guard;
  for (Tensor& grad : gradients(parameters)) grad.assign(clamp(grad, -clip_value, clip_value), site);
}

}  // namespace xgrad::nn
