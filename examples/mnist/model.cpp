#include "model.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>

#include "networks.hpp"
#include "recipe.hpp"

namespace mnist {

using namespace xgrad;

namespace {

/// Scores, whose softmax are probabilities.
void classify(Model& model) {
  model.batches.flatten = model.name != "cnn" && model.name != "deep-cnn" && model.name != "transformer";
  model.loss = [](const Tensor& scores, const Tensor& labels) { return cross_entropy(scores, labels); };
  model.probabilities = [](const Tensor& scores) { return softmax(scores); };
}

/// Half the squared error against targets 0.01 and 0.99, on pixels 0.01..1; the outputs are taken for proportions.
void imitate(Model& model) {
  model.batches.scaling = nn::Scaling::inset;
  model.batches.one_hot = true;
  model.batches.on = 0.99;
  model.batches.off = 0.01;
  model.loss = [](const Tensor& outputs, const Tensor& targets) {
    const double half_mean = 0.5 / static_cast<double>(outputs.shape()[0]);
    return mse_loss(outputs, targets, Reduction::sum) * half_mean;
  };
  model.probabilities = [](const Tensor& outputs) { return outputs / sum(outputs, 1, true); };
}

}  // namespace

Model make_model(const std::string& name, std::uint64_t seed) {
  constexpr std::uint64_t weights_stream = 0x77656967687473;  // apart from the streams that order the images
  Random random(seed, weights_stream);
  Model model{name, make_network(name, random), {.seed = seed}, nullptr, nullptr};
  name == "sigmoid" ? imitate(model) : classify(model);
  return model;
}

void save_model(const std::string& path, const Model& model) {
  nn::save_safetensors(path, model.network.state(), {{"model", model.name}});
}

Model load_model(const std::string& path) {
  nn::Metadata metadata;
  const std::vector<nn::NamedTensor> weights = nn::load_safetensors(path, metadata);
  const auto name =
      std::find_if(metadata.begin(), metadata.end(), [](const auto& item) { return item.first == "model"; });
  if (name == metadata.end())
    throw IoError(fmt::format("{} does not say which model it is of: it has no 'model' in its metadata", path));
  if (std::none_of(recipes.begin(), recipes.end(), [&](const Recipe& r) { return r.model == name->second; }))
    throw IoError(fmt::format("{} is of a model '{:.60}', which this program does not have", path, name->second));
  Model model = make_model(name->second, 0);
  try {
    model.network.load_state(weights);
  } catch (const Error& error) {
    throw IoError(fmt::format("{}: not the weights of a {}: {}", path, model.name, error.what()));
  }
  for (const auto& [part, values] : model.network.state())
    if (is_floating(values.dtype()))
      for (const float value : values.to_vector<float>())
        if (!std::isfinite(value)) throw IoError(fmt::format("{}: {} has values that are not finite", path, part));
  model.network.eval();
  return model;
}

nn::Batches in_order(const Model& model, const nn::Images& images) {
  nn::BatchOptions options = model.batches;
  options.shuffle = false;
  options.augment = {};
  options.workers = 0;
  return nn::Batches(images, 200, options);  // what a network of many channels makes of more is not near any more
}

double accuracy(Model& model, const nn::Images& images, nn::ConfusionMatrix* confusion) {
  nn::Batches batches = in_order(model, images);
  return nn::evaluate(model.network, model.loss, batches, {.one_hot = true, .confusion = confusion}).accuracy;
}

}  // namespace mnist
