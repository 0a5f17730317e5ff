#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/nn.hpp>

namespace mnist {

/// How a model is trained unless the command line says otherwise.
struct Recipe {
  const char* model;
  const char* about;
  std::int64_t epochs, batch_size;
  const char* optimizer;
  double lr, weight_decay;
  const char* schedule;
  xgrad::nn::Augmentation augment = {};
};
extern const std::vector<Recipe> recipes;
const Recipe& recipe_of(std::string_view model);

/// What an optimizer is by its name, and the options that it likes.
struct OptimizerKind {
  const char* name;
  double lr, weight_decay;
  std::unique_ptr<xgrad::nn::Optimizer> (*make)(std::vector<xgrad::Tensor> parameters, double lr, double weight_decay);
};
extern const std::vector<OptimizerKind> optimizers;
const OptimizerKind& optimizer_of(std::string_view name);

/// The learning rate over the steps of a run.
class LearningRate {
 public:
  /// For `steps` steps, the first `warm_up` of which lead up to `lr` before the schedule begins. It sets the rates of
  /// the optimizer, which has to outlive it.
  LearningRate(std::string_view schedule, xgrad::nn::Optimizer& optimizer, double lr, std::int64_t steps,
               std::int64_t warm_up);
  xgrad::nn::Schedule& schedule() { return *all_; }

 private:
  std::unique_ptr<xgrad::nn::Schedule> first_, then_, both_;
  xgrad::nn::Schedule* all_;
};
/// The schedules' names, "constant|cosine|...".
extern const char* const schedules;

/// "a|b|c" of the names in a table.
template <class Row> std::string choices(const std::vector<Row>& table, const char* Row::*name) {
  std::string all;
  for (const Row& row : table) all += (all.empty() ? "" : "|") + std::string(row.*name);
  return all;
}

/// "shift=2,rotate=10,elastic=20", or "none". ValueError: anything else.
xgrad::nn::Augmentation read_augmentation(std::string_view text);
std::string to_string(const xgrad::nn::Augmentation& augment);

}  // namespace mnist
