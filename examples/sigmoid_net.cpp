// 784-100-10, sigmoid on both layers, trained on MNIST from its CSV files, one image at a time; and what becomes of it
// from other initial weights: Xavier's, large random ones, and zero.
#include <filesystem>

#include <fmt/format.h>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "common/mnist_data.hpp"
#include "common/program.hpp"

namespace {

using namespace xgrad;

struct Options {
  std::string folder, weights = "all", csv;
  std::uint64_t seed = 1;
  std::int64_t epochs = 5, limit = 0;
  double lr = 0.1;
};

/// A way to the first weights.
struct Start {
  const char* name;
  nn::Init init;
};
constexpr Start starts[] = {
    {"xavier", [](Tensor& w, Random& r) { nn::he_normal_(w, r, 1); }},  // N(0, 1 / inputs)
    {"random", [](Tensor& w, Random& r) { nn::normal_(w, r); }},
    {"centred", [](Tensor& w, Random& r) { nn::uniform_(w, r, -0.5, 0.5); }},
    {"zero", [](Tensor& w, Random&) { nn::zeros_(w); }},
};

/// Pixels 0.01 .. 1, targets 0.01 and 0.99: what a sigmoid can reach.
nn::BatchOptions batches(std::uint64_t seed, bool shuffle) {
  return {.seed = seed, .shuffle = shuffle, .scaling = nn::Scaling::inset, .one_hot = true, .on = 0.99, .off = 0.01};
}

double accuracy(nn::Sequential& net, const nn::Images& images) {
  std::int64_t correct = 0;
  nn::Batches all(images, 1000, batches(0, false));
  for (auto [x, labels] : all.epoch(0)) correct += nn::count_correct(net(x), labels);
  return static_cast<double>(correct) / static_cast<double>(images.size());
}

/// How many of the hidden units have weights that no other unit has.
std::int64_t different_units(const nn::Sequential& net) {
  const Tensor w = net.get<nn::Linear>(0).weight.detach();
  std::int64_t different = 0;
  for (std::int64_t unit = 0; unit < w.shape()[0]; ++unit) {
    const Tensor same_rows = all(equal(w, slice(w, {unit})), 1);
    different += sum(to(same_rows, int64)).item() == 1;
  }
  return different;
}

void train(const Start& start, const nn::TrainTest& data, const Options& options) {
  Random random(options.seed);
  const nn::LinearOptions layer{.bias = false, .init = start.init};
  nn::Sequential net{nn::Linear(784, 100, random, layer), nn::Sigmoid(), nn::Linear(100, 10, random, layer),
                     nn::Sigmoid()};
  nn::SGD optimizer(net.parameters(), {.lr = options.lr});
  nn::Batches one_by_one(data.train, 1, batches(options.seed, true));
  fmt::print("{} weights\n", start.name);
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    double total = 0;
    for (auto [x, target] : one_by_one.epoch(epoch)) {
      Tape tape;
      const Tensor loss = 0.5 * sum(square(net(x) - target));
      loss.backward();
      optimizer.step();
      optimizer.zero_grad();
      total += loss.item();
    }
    fmt::print("  epoch {}: mean loss {:.4f}, accuracy on the test images {:.4f}\n", epoch + 1,
               total / static_cast<double>(data.train.size()), accuracy(net, data.test));
    std::fflush(stdout);
  }
  fmt::print("  {} of 100 hidden units differ from all others\n", different_units(net));
}

/// `label,pixel,pixel,...`, an image a line.
void write_csv(const std::string& path, const nn::Images& images) {
  nn::FileWriter file(path);
  for (std::int64_t i = 0; i < images.size(); ++i) {
    std::string line = fmt::format("{}", images.labels[static_cast<std::size_t>(i)]);
    for (std::int64_t pixel = 0; pixel < images.image_size(); ++pixel)
      fmt::format_to(std::back_inserter(line), ",{}", images.image(i)[pixel]);
    file.write(line += '\n');
  }
  file.commit();
}

void study(const Options& options) {
  examples::MnistData data = examples::obtain_mnist(options.folder);
  fmt::print("{}\n", data.origin);
  if (options.limit) data.images.train.truncate(options.limit);
  if (!options.csv.empty()) {
    write_csv(options.csv + "/mnist_train.csv", data.images.train);
    write_csv(options.csv + "/mnist_test.csv", data.images.test);
    fmt::print("written: {0}/mnist_train.csv and {0}/mnist_test.csv\n", options.csv);
    return;
  }
  for (const Start& start : starts)
    if (options.weights == "all" || options.weights == start.name) train(start, data.images, options);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A sigmoid network trained one image at a time, from several kinds of first weights.", "sigmoid_net");
  Options options;
  examples::add_file(app, "--data", options.folder, "DIR",
                     "Folder with mnist_train.csv and mnist_test.csv, or the IDX files\n[looked for, as mnist does]");
  examples::add_choice(app, "--weights", options.weights, "all|xavier|random|centred|zero", "The first weights [all]");
  examples::add_number<std::int64_t>(app, "--epochs", options.epochs, 1, 1000, "from 1 to 1000",
                                     "Passes over the training images [5]");
  examples::add_number(app, "--lr", options.lr, 1e-9, 1e9, "above 0", "Learning rate [0.1]");
  examples::add_number<std::uint64_t>(app, "--seed", options.seed, 0, UINT64_MAX, "from 0 to 2^64 - 1",
                                      "Of the weights and the order of the images [1]");
  examples::add_number<std::int64_t>(app, "--limit-train", options.limit, 1, 1'000'000'000, "from 1 to 10^9",
                                     "Learn from the first N training images only");
  examples::add_file(app, "--write-csv", options.csv, "DIR", "Write the images as CSV files into DIR, and stop");
  return examples::run(app, argc, argv, [&] { study(options); });
}
