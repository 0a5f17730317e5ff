#include <xgrad/nn/optim/optimizer.hpp>

#include <cmath>
#include <map>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {

void Optimizer::add_parameters(std::vector<Tensor> parameters, double lr, Site site) {
  check_rate(lr, site);
  if (parameters.empty())
    detail::fail<ValueError>(name_, site, "there are no parameters (does the module's members() list its parts?)");
  std::map<const void*, std::size_t> seen;
  std::size_t i = 0;
  const auto check = [&](const Tensor& p) {
    if (!p.is_leaf()) detail::fail<ValueError>(name_, site, "parameter {} is not a variable", i);
    const void* elements = p.dtype() == float32 ? static_cast<const void*>(p.data<float>()) : p.data<double>();
    if (const auto [first, is_new] = seen.emplace(elements, i); !is_new)
      detail::fail<ValueError>(name_, site, "parameters {} and {} are the same variable", first->second, i);
    ++i;
  };
  for (const Tensor& p : parameters_) check(p);
  for (const Tensor& p : parameters) check(p);
  for (Tensor& p : parameters) {
    parameters_.push_back(std::move(p));
    group_of_.push_back(rates_.size());
  }
  rates_.push_back({lr, number_of(lr)});
}

void Optimizer::zero_grad() noexcept {
  for (Tensor& parameter : parameters_) parameter.zero_grad();
}

const Optimizer::Rate& Optimizer::rate(std::size_t group, Site site) const {
  if (group >= rates_.size())
    detail::fail<ValueError>(name_, site, "group {} of {}, expected one below", group, rates_.size());
  return rates_[group];
}

void Optimizer::check_rate(double lr, Site site) const {
  if (!(lr >= 0) || std::isinf(lr))
    detail::fail<ValueError>(name_, site, "lr must be a number not below 0: it is {}", lr);
}

double Optimizer::lr(std::size_t group, Site site) const { return rate(group, site).now.item(); }
double Optimizer::initial_lr(std::size_t group, Site site) const { return rate(group, site).initial; }

void Optimizer::set_lr(double lr, Site site) {
  for (std::size_t group = 0; group < rates_.size(); ++group) set_lr(lr, group, site);
}

void Optimizer::set_lr(double lr, std::size_t group, Site site) {
  check_rate(lr, site);
  Tensor now = rate(group, site).now;
  set_number(now, lr);
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> state;
  for (std::size_t group = 0; group < rates_.size(); ++group)
    state.push_back({"lr." + std::to_string(group), rates_[group].now.clone()});
  save(state);
  return state;
}

void Optimizer::load_state(const std::vector<NamedTensor>& state, Site site) {
  StateReader reader(name_, state, site);
  std::vector<double> rates;
  for (std::size_t group = 0; group < rates_.size(); ++group)
    rates.push_back(reader.take_number("lr." + std::to_string(group), 0, std::numeric_limits<double>::max()));
  load(reader);
  for (std::size_t group = 0; group < rates_.size(); ++group) set_number(rates_[group].now, rates[group]);
}

template <class Options>
UpdateOptimizer<Options>::UpdateOptimizer(std::vector<Tensor> parameters, const Options& options, Site site)
    : Optimizer(Options::name) {
  add_group({std::move(parameters), options}, site);
}

template <class Options>
UpdateOptimizer<Options>::UpdateOptimizer(std::vector<Group> groups, Site site) : Optimizer(Options::name) {
  if (groups.empty()) detail::fail<ValueError>(name_, site, "there are no groups of parameters");
  for (Group& group : groups) add_group(std::move(group), site);
}

template <class Options> void UpdateOptimizer<Options>::add_group(Group group, Site site) {
  detail::check_options(name_, group.options, site);
  add_parameters(std::move(group.parameters), group.options.lr, site);
  options_.push_back(group.options);
  states_.resize(parameters_.size());
}

template <class Options> void UpdateOptimizer<Options>::step(Site site) {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (const Tensor grad = parameters_[i].grad(); grad.defined())
      update(parameters_[i], grad, states_[i], rate_of(i), options_[group_of_[i]], site);
}

namespace {

constexpr const char* step_name = "step";
constexpr const char* product_name = "mu_product";
std::string name_of_part(const char* what, std::size_t parameter) {
  return std::string(what) + "." + std::to_string(parameter);
}

}  // namespace

template <class Options> void UpdateOptimizer<Options>::save(std::vector<NamedTensor>& state) const {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const auto add = [&](const char* what, const Tensor& t) {
      if (t.defined()) state.push_back({name_of_part(what, i), t.clone()});
    };
    add(step_name, states_[i].step);
    add(product_name, states_[i].product);
    for (int k = 0; k < 3; ++k) add(Options::states[k], states_[i].arrays[k]);
  }
}

template <class Options> void UpdateOptimizer<Options>::load(StateReader& reader) {
  constexpr bool counts = !std::is_same_v<Options, SgdOptions>, multiplies = std::is_same_v<Options, NadamOptions>;
  std::vector<UpdateState> loaded(states_.size());
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    const Options& options = options_[group_of_[i]];
    const Tensor& p = parameters_[i];
    if (!reader.has(name_of_part(counts ? step_name : Options::states[0], i))) continue;  // it was never updated
    if constexpr (counts) loaded[i].step = number_of(reader.take_count(name_of_part(step_name, i)));
    if constexpr (multiplies) loaded[i].product = number_of(reader.take_number(name_of_part(product_name, i), 0, 1));
    for (int k = 0; k < 3; ++k)
      if (detail::keeps(options, k))
        loaded[i].arrays[k] = reader.take(name_of_part(Options::states[k], i), p.shape(), p.dtype());
  }
  reader.finish();
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    replace(states_[i].step, loaded[i].step);
    replace(states_[i].product, loaded[i].product);
    for (int k = 0; k < 3; ++k) replace(states_[i].arrays[k], loaded[i].arrays[k]);
  }
}

template class UpdateOptimizer<SgdOptions>;
template class UpdateOptimizer<AdamOptions>;
template class UpdateOptimizer<AdamwOptions>;
template class UpdateOptimizer<AdagradOptions>;
template class UpdateOptimizer<RmspropOptions>;
template class UpdateOptimizer<AdadeltaOptions>;
template class UpdateOptimizer<AdamaxOptions>;
template class UpdateOptimizer<NadamOptions>;
template class UpdateOptimizer<RadamOptions>;
template class UpdateOptimizer<LionOptions>;
template class UpdateOptimizer<BookMomentumOptions>;
template class UpdateOptimizer<BookNesterovOptions>;
template class UpdateOptimizer<BookAdamOptions>;

}  // namespace xgrad::nn
