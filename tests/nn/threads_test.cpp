// Many threads train: on one module at a time, each with a tape of its own, and each its own module.
#include <latch>
#include <memory>
#include <thread>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {

TEST_CASE("64 threads with a tape each over one module's parameters: the gradients of one thread, bit for bit") {
  Random random(1);
  // Wide enough for products to be cut into tiles: then all the threads meet in the pool of workers too.
  nn::Sequential model(nn::Linear(300, 70, random), nn::Tanh(), nn::Affine(70, 40, random), nn::LeakyReLU(),
                       nn::Linear(40, 10, random));
  const std::vector<Tensor> parameters = model.parameters();
  const auto gradients = [&](std::size_t sample) {
    const Tensor x = random_tensor({120, 300}, -1, 1, float32, 100 + sample);
    const Tensor labels = argmax(random_tensor({120, 10}, -1, 1, float32, 200 + sample), 1);
    Tape tape;
    const Tensor loss = cross_entropy(model(x), labels);
    // A second derivative as well: the norm of the gradient, as a penalty has it.
    const std::vector<Tensor> first = tape.gradient(loss, parameters, {.create_graph = true});
    std::vector<Tensor> all = tape.gradient(loss + sum(square(first[0])), parameters);
    for (const Tensor& g : first) all.push_back(g.detach());
    all.push_back(loss.detach());
    return all;
  };
  constexpr std::size_t count = 64, rounds = 2;
  std::vector<std::vector<Tensor>> serial, parallel(rounds * count);
  for (std::size_t i = 0; i < count; ++i) serial.push_back(gradients(i));
  const Threads scope(3);
  std::latch start(count);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < count; ++i)
    workers.emplace_back([&, i] {
      start.arrive_and_wait();
      for (std::size_t round = 0; round < rounds; ++round) parallel[round * count + i] = gradients(i);
    });
  for (std::thread& worker : workers) worker.join();
  int different = 0, zero = 0;
  for (std::size_t i = 0; i < rounds * count; ++i)
    for (std::size_t k = 0; k < serial[0].size(); ++k) {
      different += !same_bits(serial[i % count][k], parallel[i][k]);
      zero += sum(abs(parallel[i][k])).item() == 0;
    }
  CHECK(different == 0);
  CHECK(zero == 0);
  CHECK(serial[0].size() == 13);
  CHECK_FALSE(same_bits(serial[0][0], serial[1][0]));
  for (const Tensor& p : parameters) CHECK_FALSE(p.grad().defined());
}

namespace {

nn::Sequential model_of(std::size_t number, Random& random) {
  switch (number % 4) {
    case 0:
      return nn::Sequential{nn::Linear(192, 128, random), nn::Tanh(), nn::Dropout(0.3, random),
                            nn::Linear(128, 5, random)};
    case 1:
      return nn::Sequential{nn::Unflatten(1, {3, 8, 8}),
                            nn::Conv2d(3, 4, 3, random),
                            nn::BatchNorm2d(4),
                            nn::ReLU(),
                            nn::MaxPool2d(2),
                            nn::Flatten(),
                            nn::Linear(36, 5, random)};
    case 2:
      return nn::Sequential{nn::Unflatten(1, {8, 24}), nn::LSTM(24, 12, random, {.batch_first = true}),
                            nn::GRU(12, 6, random, {.batch_first = true, .bidirectional = true}), nn::Flatten(),
                            nn::Linear(96, 5, random)};
    default:
      return nn::Sequential{nn::Unflatten(1, {8, 24}),
                            nn::TransformerEncoderLayer(24, 4, random, {.dim_feedforward = 32, .batch_first = true}),
                            nn::Flatten(), nn::Linear(192, 5, random)};
  }
}

std::unique_ptr<nn::Optimizer> optimizer_of(std::size_t number, const std::vector<Tensor>& parameters) {
  switch (number / 4 % 4) {
    case 0: return std::make_unique<nn::SGD>(parameters, SgdOptions{.lr = 0.05, .momentum = 0.9});
    case 1: return std::make_unique<nn::Adam>(parameters, AdamOptions{.lr = 0.01});
    case 2: return std::make_unique<nn::AdamW>(parameters, AdamwOptions{.lr = 0.01, .amsgrad = true});
    default: return std::make_unique<nn::RMSprop>(parameters, RmspropOptions{.lr = 0.005});
  }
}

/// Two epochs of a model of its own; all that it has then, and the averages of its weights.
std::vector<Tensor> trained(std::size_t number, const nn::Dataset& data) {
  Random random(number);
  nn::Sequential model = model_of(number, random);
  const auto optimizer = optimizer_of(number, model.parameters());
  nn::CosineAnnealingLR schedule(*optimizer, {.t_max = 6});
  nn::ExponentialMovingAverage average(model.parameters(), 0.9);
  nn::DataLoader loader(data,
                        {.batch_size = 24, .shuffle = true, .seed = number, .workers = static_cast<int>(number % 3)});
  for (int epoch = 0; epoch < 2; ++epoch)
    for (const auto& [x, y] : loader.epoch(epoch)) {
      Tape tape;
      cross_entropy(model(x), y).backward();
      nn::clip_grad_norm_(model.parameters(), 1);
      optimizer->step();
      optimizer->zero_grad();
      schedule.step();
      average.update();
    }
  std::vector<Tensor> all = average.averages();
  for (const auto& t : model.state()) all.push_back(t.tensor.detach());
  return all;
}

}  // namespace

TEST_CASE("64 threads train 64 models: the weights of one at a time, bit for bit") {
  const nn::TensorDataset data(random_tensor({64, 192}, -1, 1, float32),
                               argmax(random_tensor({64, 5}, -1, 1, float32, 7), 1));
  constexpr std::size_t count = 64;
  std::vector<std::vector<Tensor>> serial, parallel(count);
  for (std::size_t i = 0; i < count; ++i) serial.push_back(trained(i, data));
  const Threads scope(3);
  std::latch start(count);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < count; ++i)
    workers.emplace_back([&, i] {
      start.arrive_and_wait();
      parallel[i] = trained(i, data);
    });
  for (std::thread& worker : workers) worker.join();
  int different = 0;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < serial[i].size(); ++k) different += !same_bits(serial[i][k], parallel[i][k]);
  CHECK(different == 0);
  for (std::size_t i = 0; i < 4; ++i) CHECK_FALSE(same_bits(serial[i][0], serial[i + 4][0]));
}

}  // namespace xgrad::tests
