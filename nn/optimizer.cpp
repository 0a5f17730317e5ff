#include <xgrad/nn/optimizer.hpp>

#include <map>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
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
    : Optimizer("SGD", std::move(parameters), site),
      options_(options),
      lr_(full({1}, options.lr, float64)),
      velocity_(parameters_.size()) {
  detail::check_options("SGD", options, site);
}

void SGD::step(Site site) {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (const Tensor grad = parameters_[i].grad(); grad.defined())
      sgd_update(parameters_[i], grad, velocity_[i], lr_, options_, site);
}

void SGD::set_lr(double lr, Site site) {
  SgdOptions changed = options_;
  changed.lr = lr;
  detail::check_options("SGD", changed, site);
  options_ = changed;
  lr_.assign(full({1}, lr, float64));
}

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options, Site site)
    : Optimizer("Adam", std::move(parameters), site),
      options_(options),
      lr_(full({1}, options.lr, float64)),
      first_(parameters_.size()),
      second_(parameters_.size()),
      steps_(parameters_.size()) {
  detail::check_options("Adam", options, site);
}

void Adam::step(Site site) {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (const Tensor grad = parameters_[i].grad(); grad.defined()) {
      if (!steps_[i].defined()) steps_[i] = zeros({1}, int64, site);
      adam_update(parameters_[i], grad, first_[i], second_[i], steps_[i], lr_, options_, site);
    }
}

void Adam::set_lr(double lr, Site site) {
  AdamOptions changed = options_;
  changed.lr = lr;
  detail::check_options("Adam", changed, site);
  options_ = changed;
  lr_.assign(full({1}, lr, float64));
}

}  // namespace xgrad::nn
