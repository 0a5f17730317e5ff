#include <xgrad/nn/optimizer.hpp>

#include <cmath>
#include <map>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
namespace {

void check_not_negative(const char* op, const char* option, double value, Site site) {
  if (!(value >= 0) || std::isinf(value))
    detail::fail<ValueError>(op, site, "{} must be a number not below 0: it is {}", option, value);
}

void check_beta(const char* option, double value, Site site) {
  if (!(value >= 0 && value < 1))
    detail::fail<ValueError>("Adam", site, "{} must be in [0, 1): it is {}", option, value);
}

}  // namespace

Optimizer::Optimizer(const char* name, std::vector<Tensor> parameters, Site site) : parameters_(std::move(parameters)) {
  if (parameters_.empty())
    detail::fail<ValueError>(name, site, "there are no parameters (does the module's members() list its parts?)");
  std::map<const void*, std::size_t> seen;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    if (!p.is_leaf()) detail::fail<ValueError>(name, site, "parameter {} is not a variable", i);
    const void* elements = p.dtype() == float32 ? static_cast<const void*>(p.data<float>()) : p.data<double>();
    if (const auto [first, is_new] = seen.emplace(elements, i); !is_new)
      detail::fail<ValueError>(name, site, "parameters {} and {} are the same variable", first->second, i);
  }
}

void Optimizer::zero_grad() noexcept {
  for (Tensor& parameter : parameters_) parameter.zero_grad();
}

SGD::SGD(std::vector<Tensor> parameters, const SgdOptions& options, Site site)
    : Optimizer("SGD", std::move(parameters), site), options_(options), velocity_(parameters_.size()) {
  check_not_negative("SGD", "lr", options.lr, site);
  check_not_negative("SGD", "momentum", options.momentum, site);
  check_not_negative("SGD", "weight_decay", options.weight_decay, site);
  if (!std::isfinite(options.dampening))
    detail::fail<ValueError>("SGD", site, "dampening must be a number: it is {}", options.dampening);
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0))
    detail::fail<ValueError>("SGD", site, "nesterov needs momentum and no dampening: they are {} and {}",
                             options.momentum, options.dampening);
}

void SGD::step(Site site) {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (const Tensor grad = parameters_[i].grad(); grad.defined())
      sgd_update(parameters_[i], grad, velocity_[i], options_, site);
}

void SGD::set_lr(double lr, Site site) {
  check_not_negative("SGD", "lr", lr, site);
  options_.lr = lr;
}

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options, Site site)
    : Optimizer("Adam", std::move(parameters), site),
      options_(options),
      first_(parameters_.size()),
      second_(parameters_.size()),
      steps_(parameters_.size()) {
  check_not_negative("Adam", "lr", options.lr, site);
  check_not_negative("Adam", "eps", options.eps, site);
  check_not_negative("Adam", "weight_decay", options.weight_decay, site);
  check_beta("beta1", options.beta1, site);
  check_beta("beta2", options.beta2, site);
}

void Adam::step(Site site) {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (const Tensor grad = parameters_[i].grad(); grad.defined()) {
      options_.step = steps_[i] + 1;
      adam_update(parameters_[i], grad, first_[i], second_[i], options_, site);
      ++steps_[i];  // not if it threw
    }
}

void Adam::set_lr(double lr, Site site) {
  check_not_negative("Adam", "lr", lr, site);
  options_.lr = lr;
}

}  // namespace xgrad::nn
