#include "use.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "../common/image_file.hpp"
#include "../common/mnist_data.hpp"
#include "../common/show.hpp"
#include "digit.hpp"
#include "model.hpp"

namespace mnist {

using namespace xgrad;

namespace {

Model load(const Options& options) {
  if (options.threads) set_threads(options.threads);
  Model model = load_model(options.weights);
  fmt::print("{}: {} with {} parameters\n", options.weights, model.name, model.network.parameter_count());
  return model;
}

/// What was taken for what: a row for each digit, a column for each answer.
std::vector<std::int64_t> confusion(Model& model, const nn::Images& images) {
  std::vector<std::int64_t> counts(100);
  nn::Batches batches = in_order(model, images);
  std::size_t at = 0;
  for (const nn::Batch& batch : batches.epoch(0))
    for (const std::int64_t answer : argmax(model.network(batch.input), 1).to_vector<std::int64_t>())
      ++counts[images.labels[at++] * std::size_t{10} + static_cast<std::size_t>(answer)];
  return counts;
}

void print_confusion(const std::vector<std::int64_t>& counts) {
  fmt::print("\ndigit   taken for a\n     ");
  for (int answer = 0; answer < 10; ++answer) fmt::print("{:>6}", answer);
  fmt::print("   right\n");
  for (std::size_t digit = 0; digit < 10; ++digit) {
    std::int64_t all = 0;
    fmt::print("{:>5}", digit);
    for (std::size_t answer = 0; answer < 10; ++answer) {
      const std::int64_t count = counts[10 * digit + answer];
      all += count;
      fmt::print("{:>6}", count == 0 ? "." : std::to_string(count));
    }
    const auto right = static_cast<double>(counts[11 * digit]);
    if (all > 0) fmt::print("{:>7.2f}%", 100 * right / static_cast<double>(all));
    fmt::print("\n");
  }
}

/// A digit's picture with the probabilities of the answers beside it.
void print_answer(const Tensor& pixels, const Tensor& probabilities) {
  const std::string lines = examples::picture(reshape(pixels, {28, 28}));
  const std::vector<double> each = to(probabilities, float64).to_vector<double>();
  std::size_t begin = 0;
  for (std::size_t line = 0; line < 14; ++line) {
    const std::size_t end = lines.find('\n', begin);
    const std::string text = lines.substr(begin, end - begin);
    begin = end + 1;
    if (line < 2 || line > 11) {
      fmt::print("{}\n", text);
      continue;
    }
    std::string bar;
    for (long i = std::lround(20 * each[line - 2]); i > 0; --i) bar += "█";
    fmt::print("{:<28}  {}  {:.3f}{}{}\n", text, line - 2, each[line - 2], bar.empty() ? "" : " ", bar);
  }
}

}  // namespace

void evaluate(const Options& options) {
  Model model = load(options);
  const examples::MnistData data = examples::obtain_mnist(options.data);
  const nn::Images& test = data.images.test;
  const std::vector<std::int64_t> counts = confusion(model, test);
  std::int64_t right = 0;
  for (std::size_t digit = 0; digit < 10; ++digit) right += counts[11 * digit];
  fmt::print("{}; {} test images\ntest accuracy {:.4f}, {} wrong\n", data.origin, test.size(),
             static_cast<double>(right) / static_cast<double>(test.size()), test.size() - right);
  print_confusion(counts);
}

void predict(const Options& options) {
  nn::Images digits;
  std::vector<std::string> names;
  for (const std::string& path : options.images) {
    const examples::GreyImage image = examples::read_image(path);
    names.push_back(fmt::format("{} ({}x{})", path, image.columns, image.rows));
    try {
      const Digit digit = as_mnist(image);
      digits.pixels.insert(digits.pixels.end(), digit.begin(), digit.end());
      digits.labels.push_back(0);  // not known
    } catch (const ValueError& error) {
      throw ValueError(path + ": " + error.what());
    }
  }
  Model model = load(options);
  const Tensor probabilities = model.probabilities(model.network(nn::to_tensors(digits, model.batches).input));
  const Tensor pixels = nn::to_tensors(digits).input;
  const std::vector<std::int64_t> answers = argmax(probabilities, 1).to_vector<std::int64_t>();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    fmt::print("\n{}: {}\n", names[i], answers[i]);
    print_answer(slice(pixels, {row}), slice(probabilities, {row}));
  }
}

}  // namespace mnist
