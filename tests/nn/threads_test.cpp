// Many threads train on one module at a time, each with a tape of its own.
#include <latch>
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

}  // namespace xgrad::tests
