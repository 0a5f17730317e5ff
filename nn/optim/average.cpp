#include <xgrad/nn/optim/average.hpp>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
namespace {

constexpr const char* op = AverageOptions::name;
std::string name_of_average(std::size_t i) { return "average." + std::to_string(i); }

}  // namespace

ExponentialMovingAverage::ExponentialMovingAverage(std::vector<Tensor> parameters, double decay, Site site)
    : parameters_(std::move(parameters)), take_(number_of(1 - decay)) {
  if (parameters_.empty()) detail::fail<ValueError>(op, site, "there are no parameters");
  if (!(decay >= 0 && decay <= 1)) detail::fail<ValueError>(op, site, "decay must be in [0, 1]: it is {}", decay);
  for (const Tensor& p : parameters_) averages_.push_back(p.clone());
}

void ExponentialMovingAverage::update(Site site) {
  for (std::size_t i = 0; i < averages_.size(); ++i)
    xgrad::update(averages_[i], parameters_[i], count_, take_, AverageOptions{}, site);
}

void ExponentialMovingAverage::swap(Site site) {
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const Tensor weights = parameters_[i].clone();
    parameters_[i].assign(averages_[i], site);
    averages_[i].assign(weights, site);
  }
}

std::vector<NamedTensor> ExponentialMovingAverage::state() const {
  std::vector<NamedTensor> state;
  for (std::size_t i = 0; i < averages_.size(); ++i) state.push_back({name_of_average(i), averages_[i].clone()});
  return state;
}

void ExponentialMovingAverage::load_state(const std::vector<NamedTensor>& state, Site site) {
  StateReader reader(op, state, site);
  std::vector<Tensor> loaded;
  for (std::size_t i = 0; i < averages_.size(); ++i)
    loaded.push_back(reader.take(name_of_average(i), averages_[i].shape(), averages_[i].dtype()));
  reader.finish();
  for (std::size_t i = 0; i < averages_.size(); ++i) averages_[i].assign(loaded[i]);
}

}  // namespace xgrad::nn
