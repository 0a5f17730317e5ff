#pragma once
#include <limits>
#include <vector>

#include <xgrad/nn/optim/state.hpp>
#include <xgrad/ops/update.hpp>

namespace xgrad::nn {

/// Changes variables along their gradients, in place: `loss.backward(); optimizer.step(); optimizer.zero_grad();`.
/// backward() adds to gradients, so that several of them before a step accumulate. A variable without a gradient is
/// left as it is. After the first step, steps make no heap calls.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update from the gradients that backward() left.
  virtual void step(Site site = Site::here()) = 0;
  void zero_grad() noexcept;

  const std::vector<Tensor>& parameters() const noexcept { return parameters_; }
  /// Each with a learning rate of its own; ValueError where there is no such group.
  std::size_t groups() const noexcept { return rates_.size(); }
  double lr(std::size_t group = 0, Site site = Site::here()) const;
  /// Of all groups, or of one. ValueError: negative or not finite.
  void set_lr(double lr, Site site = Site::here());
  void set_lr(double lr, std::size_t group, Site site = Site::here());
  /// What the options said: where schedules start from.
  double initial_lr(std::size_t group = 0, Site site = Site::here()) const;

  /// "lr.<group>", and what is kept of each parameter that was updated, "<what>.<its number>" with PyTorch's names.
  std::vector<NamedTensor> state() const;
  /// Of an optimizer of the same parameters with the same options.
  void load_state(const std::vector<NamedTensor>& state, Site site = Site::here());

 protected:
  explicit Optimizer(const char* name) noexcept : name_(name) {}
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;

  /// ValueError: no parameters, one that is not a variable, or that is there already.
  void add_parameters(std::vector<Tensor> parameters, double lr, Site site);
  const Tensor& rate_of(std::size_t parameter) const { return rates_[group_of_[parameter]].now; }
  virtual void save(std::vector<NamedTensor>& state) const = 0;
  /// Takes what save() gave, calls reader.finish(), and only then changes anything.
  virtual void load(StateReader& reader) = 0;

  const char* name_;
  std::vector<Tensor> parameters_;
  std::vector<std::size_t> group_of_;  // each parameter's

 private:
  struct Rate {
    double initial;
    Tensor now;  // float64 (1,), where a compiled step finds it
  };
  const Rate& rate(std::size_t group, Site site) const;
  void check_rate(double lr, Site site) const;

  std::vector<Rate> rates_;  // each group's
};

/// Parameters with options of their own.
template <class Options> struct ParameterGroup {
  std::vector<Tensor> parameters;
  Options options = {};
};

/// An optimizer whose step is an update() of each parameter by itself.
///     nn::Adam optimizer(net.parameters(), {.lr = 0.01});
///     nn::SGD other({{body, {.lr = 0.01}}, {head, {.lr = 0.1, .momentum = 0.9}}});
template <class Options> class UpdateOptimizer : public Optimizer {
 public:
  using Group = ParameterGroup<Options>;
  /// ValueError: an option that means nothing.
  explicit UpdateOptimizer(std::vector<Tensor> parameters, const Options& options = {}, Site site = Site::here());
  explicit UpdateOptimizer(std::vector<Group> groups, Site site = Site::here());
  void add_group(Group group, Site site = Site::here());
  void step(Site site = Site::here()) override;

 private:
  void save(std::vector<NamedTensor>& state) const override;
  void load(StateReader& reader) override;

  std::vector<Options> options_;     // each group's
  std::vector<UpdateState> states_;  // each parameter's
};

using SGD = UpdateOptimizer<SgdOptions>;
using Adam = UpdateOptimizer<AdamOptions>;
using AdamW = UpdateOptimizer<AdamwOptions>;
using Adagrad = UpdateOptimizer<AdagradOptions>;
using RMSprop = UpdateOptimizer<RmspropOptions>;
using Adadelta = UpdateOptimizer<AdadeltaOptions>;
using Adamax = UpdateOptimizer<AdamaxOptions>;
using NAdam = UpdateOptimizer<NadamOptions>;
using RAdam = UpdateOptimizer<RadamOptions>;
using Lion = UpdateOptimizer<LionOptions>;
using BookMomentum = UpdateOptimizer<BookMomentumOptions>;
using BookNesterov = UpdateOptimizer<BookNesterovOptions>;
using BookAdam = UpdateOptimizer<BookAdamOptions>;

extern template class UpdateOptimizer<SgdOptions>;
extern template class UpdateOptimizer<AdamOptions>;
extern template class UpdateOptimizer<AdamwOptions>;
extern template class UpdateOptimizer<AdagradOptions>;
extern template class UpdateOptimizer<RmspropOptions>;
extern template class UpdateOptimizer<AdadeltaOptions>;
extern template class UpdateOptimizer<AdamaxOptions>;
extern template class UpdateOptimizer<NadamOptions>;
extern template class UpdateOptimizer<RadamOptions>;
extern template class UpdateOptimizer<LionOptions>;
extern template class UpdateOptimizer<BookMomentumOptions>;
extern template class UpdateOptimizer<BookNesterovOptions>;
extern template class UpdateOptimizer<BookAdamOptions>;

}  // namespace xgrad::nn
