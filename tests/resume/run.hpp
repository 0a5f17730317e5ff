#pragma once
// A training that has everything a checkpoint keeps, for tests of resuming.
#include <string>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::tests {

struct RunOptions {
  std::uint64_t seed = 1;  ///< of weights and streams; what is resumed is from the checkpoint, whatever this says
  std::int64_t in = 6, hidden = 5, samples = 20, batch_size = 4;
  int workers = 0;
};

struct Run {
  Random random;  // noise on what the net sees
  nn::TensorDataset data;
  nn::DataLoader loader;
  nn::Sequential net;
  nn::Adam optimizer;
  nn::CosineAnnealingLR schedule;
  nn::ExponentialMovingAverage average;
  nn::TrainingState state;

  explicit Run(const RunOptions& options = {})
      : random(options.seed, 7),
        data(dataset(options)),
        loader(data, {.batch_size = options.batch_size, .shuffle = true, .seed = 3, .workers = options.workers}),
        net(network(options)),
        optimizer(net.parameters(), {.lr = 0.01}),
        schedule(optimizer, {.t_max = 50}),
        average(net.parameters(), 0.9),
        state{.module = &net, .optimizer = &optimizer, .schedule = &schedule, .average = &average, .loader = &loader} {
    state.randoms = {{"noise", &random}};
    state.configuration = {{"hidden", std::to_string(options.hidden)}, {"optimizer", "adam"}};
    state.history = {{"loss", {}}, {"rate", {}}};
  }

  void step(const nn::Batch& batch) {
    Tape tape;
    const Tensor loss = cross_entropy(net(batch.input + 0.1 * normal(random, batch.input.shape())), batch.target);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
    schedule.step();
    average.update();
    state.history[0].values.push_back(loss.item());
    state.history[1].values.push_back(optimizer.lr());
    ++state.step;
    state.epoch = loader.state().epoch;
  }

  /// To step `last`, with after_step() after each.
  template <class F> void train_to(std::int64_t last, const F& after_step) {
    while (state.step < last)
      for (const nn::Batch& batch : loader) {
        step(batch);
        after_step();
        if (state.step == last) break;
      }
  }

  /// All of it as text: the same for two trainings that are at the same place to the last bit.
  std::string digest() {
    nn::Sha256 sum;
    for (const auto& part : {net.state(), optimizer.state(), schedule.state(), average.state()})
      for (const auto& [name, tensor] : part) sum.update(name.data(), name.size()).update(tensor);
    std::vector<nn::NamedRandom> streams = net.random_streams();
    streams.push_back({"noise", &random});
    for (const auto& [name, stream] : streams) {
      const std::uint64_t place[] = {stream->seed(), stream->stream(), stream->position()};
      sum.update(place, sizeof place);
    }
    const nn::LoaderState at = loader.state();
    const std::int64_t numbers[] = {static_cast<std::int64_t>(at.seed), at.epoch, at.batch, state.step, state.epoch};
    sum.update(numbers, sizeof numbers);
    for (const auto& [name, values] : state.history)
      sum.update(name.data(), name.size()).update(values.data(), values.size() * sizeof(double));
    return sum.hex();
  }

 private:
  static nn::TensorDataset dataset(const RunOptions& options) {
    Random fixed(11);
    const Tensor x = normal(fixed, {options.samples, options.in});
    return nn::TensorDataset(x, argmax(slice(x, {Slice(), Slice(0, 3)}), 1));
  }
  static nn::Sequential network(const RunOptions& options) {
    Random weights(options.seed);
    nn::Linear in(options.in, options.hidden, weights), out(options.hidden, 3, weights);
    return nn::Sequential(in, nn::BatchNorm1d(options.hidden), nn::ReLU(), nn::Dropout(0.3, weights), out);
  }
};

}  // namespace xgrad::tests
