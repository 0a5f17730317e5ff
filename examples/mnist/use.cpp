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

/// A row for each digit, a column for each answer.
void print_confusion(const nn::ConfusionMatrix& matrix) {
  fmt::print("\ndigit   taken for a\n     ");
  for (int answer = 0; answer < 10; ++answer) fmt::print("{:>6}", answer);
  fmt::print("   right\n");
  for (int digit = 0; digit < 10; ++digit) {
    fmt::print("{:>5}", digit);
    for (int answer = 0; answer < 10; ++answer) {
      const std::int64_t count = matrix.count(digit, answer);
      fmt::print("{:>6}", count == 0 ? "." : std::to_string(count));
    }
    if (matrix.support(digit) > 0) fmt::print("{:>7.2f}%", 100 * matrix.scores(digit).recall);
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
  nn::ConfusionMatrix confusion(10);
  const double right = accuracy(model, test, &confusion);
  std::int64_t wrong = test.size();
  for (int digit = 0; digit < 10; ++digit) wrong -= confusion.count(digit, digit);
  fmt::print("{}; {} test images\ntest accuracy {:.4f}, {} wrong\n", data.origin, test.size(), right, wrong);
  print_confusion(confusion);
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
