#include "recipe.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>

namespace mnist {

using namespace xgrad;

// What they reach, and in what time, is in docs/mnist.md.
const std::vector<Recipe> recipes = {
    {"two-layer", "784-50-10, ReLU, softmax cross-entropy", 17, 100, "sgd", 0.1, 0, "constant"},
    {"sigmoid", "784-100-10, sigmoid on both layers, half squared error", 5, 1, "sgd", 0.1, 0, "constant"},
    {"deep",
     "784-512-256-128-10, ReLU, dropout",
     20,
     128,
     "adamw",
     0.002,
     0.01,
     "one-cycle",
     {.shift = 1, .rotate = 8}},
    {"cnn",
     "two convolutions of 5x5, two dense layers",
     12,
     100,
     "adamw",
     0.004,
     0.01,
     "one-cycle",
     {.shift = 1.5, .rotate = 10}},
    {"deep-cnn",
     "five convolutions of 3x3, a dense layer",
     14,
     100,
     "adamw",
     0.004,
     0.01,
     "one-cycle",
     {.shift = 1.5, .rotate = 10, .elastic = 20}},
    {"lstm",
     "an LSTM of 128 that reads row by row",
     12,
     100,
     "adamw",
     0.004,
     0.01,
     "one-cycle",
     {.shift = 1, .rotate = 5}},
    {"transformer",
     "three layers of self-attention on 49 patches",
     10,
     100,
     "adamw",
     0.002,
     0.05,
     "one-cycle",
     {.shift = 1.5, .rotate = 8}},
};

const Recipe& recipe_of(std::string_view model) {
  return *std::find_if(recipes.begin(), recipes.end(), [&](const Recipe& recipe) { return recipe.model == model; });
}

namespace {

template <class Options> std::unique_ptr<nn::Optimizer> make(std::vector<Tensor> parameters, const Options& options) {
  return std::make_unique<nn::UpdateOptimizer<Options>>(std::move(parameters), options);
}

/// Of what has no options besides these two.
template <class Options>
std::unique_ptr<nn::Optimizer> plain(std::vector<Tensor> parameters, double lr, double weight_decay) {
  Options options;
  options.lr = lr;
  options.weight_decay = weight_decay;
  return make(std::move(parameters), options);
}

}  // namespace

const std::vector<OptimizerKind> optimizers = {
    {"sgd", 0.1, 0, plain<SgdOptions>},
    {"momentum", 0.1, 1e-4,
     [](std::vector<Tensor> parameters, double lr, double decay) {
       return make(std::move(parameters), SgdOptions{.lr = lr, .momentum = 0.9, .weight_decay = decay});
     }},
    {"adam", 0.001, 0, plain<AdamOptions>},
    {"adamw", 0.001, 0.01, plain<AdamwOptions>},
    {"nesterov", 0.1, 1e-4,
     [](std::vector<Tensor> parameters, double lr, double decay) {
       return make(std::move(parameters),
                   SgdOptions{.lr = lr, .momentum = 0.9, .weight_decay = decay, .nesterov = true});
     }},
    {"amsgrad", 0.001, 0,
     [](std::vector<Tensor> parameters, double lr, double decay) {
       return make(std::move(parameters), AdamOptions{.lr = lr, .weight_decay = decay, .amsgrad = true});
     }},
    {"nadam", 0.001, 0, plain<NadamOptions>},
    {"radam", 0.001, 0, plain<RadamOptions>},
    {"adamax", 0.002, 0, plain<AdamaxOptions>},
    {"rmsprop", 0.001, 0, plain<RmspropOptions>},
    {"adagrad", 0.01, 0, plain<AdagradOptions>},
    {"adadelta", 1, 0, plain<AdadeltaOptions>},
    {"lion", 0.0001, 0, plain<LionOptions>},
};

const OptimizerKind& optimizer_of(std::string_view name) {
  return *std::find_if(optimizers.begin(), optimizers.end(),
                       [&](const OptimizerKind& kind) { return kind.name == name; });
}

const char* const schedules = "constant|cosine|one-cycle|step|exponential";

namespace {

template <class Rule> std::unique_ptr<nn::Schedule> make(nn::Optimizer& optimizer, Rule rule) {
  return std::make_unique<nn::RuleSchedule<Rule>>(optimizer, std::move(rule));
}

std::unique_ptr<nn::Schedule> make_schedule(std::string_view name, nn::Optimizer& optimizer, double lr,
                                            std::int64_t steps) {
  if (name == "cosine") return make(optimizer, nn::CosineRule{.t_max = steps});
  if (name == "one-cycle") return make(optimizer, nn::OneCycleRule{.max_lr = lr, .total_steps = steps});
  if (name == "step") return make(optimizer, nn::StepRule{.step_size = (steps + 2) / 3});
  if (name == "exponential")
    return make(optimizer, nn::ExponentialRule{.gamma = std::pow(0.01, 1 / static_cast<double>(steps))});
  return make(optimizer, nn::ConstantRule{.factor = 1, .total_iters = 0});
}

}  // namespace

LearningRate::LearningRate(std::string_view schedule, nn::Optimizer& optimizer, double lr, std::int64_t steps,
                           std::int64_t warm_up) {
  if (warm_up < 1) {
    first_ = make_schedule(schedule, optimizer, lr, steps);
    all_ = first_.get();
    return;
  }
  first_ = make(optimizer, nn::LinearRule{.start_factor = 0.01, .total_iters = warm_up});
  then_ = make_schedule(schedule, optimizer, lr, std::max(steps - warm_up, std::int64_t{1}));
  both_ = std::make_unique<nn::SequentialLR>(optimizer, std::vector<const nn::Schedule*>{first_.get(), then_.get()},
                                             std::vector<std::int64_t>{warm_up});
  all_ = both_.get();
}

namespace {

struct Part {
  const char* name;
  double nn::Augmentation::*value;
};
constexpr Part parts[] = {{"shift", &nn::Augmentation::shift},
                          {"rotate", &nn::Augmentation::rotate},
                          {"elastic", &nn::Augmentation::elastic},
                          {"smoothness", &nn::Augmentation::smoothness}};

}  // namespace

nn::Augmentation read_augmentation(std::string_view text) {
  nn::Augmentation augment;
  if (text == "none") return augment;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, end - begin);
    const std::size_t equals = std::min(item.find('='), item.size());
    const auto part = std::find_if(std::begin(parts), std::end(parts),
                                   [&](const Part& p) { return p.name == item.substr(0, equals); });
    const char* const stop = item.data() + item.size();
    double value = -1;
    const char* const digits = std::min(item.data() + equals + 1, stop);
    const auto read = std::from_chars(digits, stop, value);
    if (part == std::end(parts) || read.ec != std::errc() || read.ptr != stop)
      throw ValueError(fmt::format("'{}' is neither none nor a list such as shift=2,rotate=10,elastic=20", text));
    if (!(value >= 0 && value <= 1000)) throw ValueError(fmt::format("{} is not from 0 to 1000", item));
    augment.*part->value = value;
    begin = end + 1;
  }
  return augment;
}

std::string to_string(const nn::Augmentation& augment) {
  if (!augment.any()) return "none";
  const nn::Augmentation none;
  std::string text;
  for (const Part& part : parts)
    if (augment.*part.value != none.*part.value)
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", part.name, augment.*part.value);
  return text;
}

}  // namespace mnist
