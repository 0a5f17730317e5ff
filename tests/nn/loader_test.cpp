#include <catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <thread>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

/// Sample i is i, and what `random` says; some take longer than others.
class Numbers : public nn::Dataset {
 public:
  explicit Numbers(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  nn::Sample get(std::int64_t index) const override {
    return {tensor({double(index), 0}), tensor(double(index), int64)};
  }
  nn::Sample vary(std::int64_t index, Random& random) const override {
    if (index % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (index == bad) throw ValueError("this one is no good");
    if (index == worse) throw std::runtime_error("this one is worse");
    return {tensor({double(index), random.uniform()}), tensor(double(index), int64)};
  }
  std::int64_t bad = -1, worse = -1;

 private:
  std::int64_t size_;
};

std::vector<std::int64_t> order_of(nn::DataLoader& loader, std::int64_t epoch) {
  std::vector<std::int64_t> order;
  for (const auto& [x, y] : loader.epoch(epoch))
    for (const std::int64_t i : y.to_vector<std::int64_t>()) order.push_back(i);
  return order;
}

std::vector<nn::Batch> all_of(nn::DataLoader& loader) {
  std::vector<nn::Batch> batches;
  for (const nn::Batch& batch : loader) batches.push_back(batch);
  return batches;
}

bool same_batches(const std::vector<nn::Batch>& a, const std::vector<nn::Batch>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const nn::Batch& one, const nn::Batch& other) {
    return same(one.input, other.input) && same(one.target, other.target);
  });
}

}  // namespace

TEST_CASE("loader: any number of workers brings the same batches") {
  const Numbers numbers(101);
  nn::DataLoader alone(numbers, {.batch_size = 8, .shuffle = true, .seed = 5});
  const std::vector<nn::Batch> first = all_of(alone), second = all_of(alone);
  REQUIRE(first.size() == 13);
  CHECK(first[12].input.shape() == Shape{5, 2});
  CHECK_FALSE(same_batches(first, second));
  for (const int workers : {1, 2, 3, 8}) {
    nn::DataLoader loader(numbers, {.batch_size = 8, .shuffle = true, .seed = 5, .workers = workers});
    CHECK(same_batches(all_of(loader), first));
    CHECK(same_batches(all_of(loader), second));
    CHECK(order_of(loader, 0) == order_of(alone, 0));
    // A loop that ends early, and epochs side by side.
    for (const nn::Batch& batch : loader.epoch(1)) {
      CHECK(same(batch.input, second[0].input));
      break;
    }
    for (std::int64_t i = 0; i < 13; ++i) {
      CHECK(same(loader.at(0, i).input, first[static_cast<std::size_t>(i)].input));
      CHECK(same(loader.at(1, 12 - i).input, second[static_cast<std::size_t>(12 - i)].input));
    }
  }
}

TEST_CASE("loader: a position is saved and resumed") {
  const Numbers numbers(50);
  for (const int workers : {0, 2}) {
    const nn::LoaderOptions options{.batch_size = 7, .shuffle = true, .drop_last = true, .seed = 9, .workers = workers};
    nn::DataLoader whole(numbers, options);
    std::vector<nn::Batch> expected;
    for (int epoch = 0; epoch < 3; ++epoch)
      for (const nn::Batch& batch : all_of(whole)) expected.push_back(batch);
    REQUIRE(expected.size() == 21);
    for (std::size_t stop = 1; stop < 21; stop += 3) {
      nn::DataLoader before(numbers, options);
      std::vector<nn::Batch> seen;
      nn::LoaderState state;
      while (seen.size() < stop)
        for (const nn::Batch& batch : before) {
          seen.push_back(batch);
          state = before.state();
          if (seen.size() == stop) break;
        }
      nn::LoaderOptions other = options;
      other.seed = 1;
      nn::DataLoader after(numbers, other);
      (void)after.at(0, 0);
      after.load_state(state);
      while (seen.size() < 21)
        for (const nn::Batch& batch : after) seen.push_back(batch);
      CHECK(same_batches(seen, expected));
      CHECK((after.state().epoch == 3 && after.state().batch == 0 && after.state().seed == 9));
    }
  }
  nn::DataLoader loader(numbers, {.batch_size = 7});
  CHECK_THROWS_AS(loader.load_state({0, -1, 0}), ValueError);
  CHECK_THROWS_AS(loader.load_state({0, INT64_MAX, 0}), ValueError);
  CHECK_THROWS_AS(loader.load_state({0, std::int64_t{1} << 32, 0}), ValueError);
  CHECK_THROWS_AS(loader.at(INT64_MAX, 0), ValueError);
  CHECK_THROWS_AS(loader.load_state({0, 0, 8}), ValueError);
  CHECK_THROWS_AS(loader.load_state({0, 0, -1}), ValueError);
}

TEST_CASE("loader: an error reaches the caller when its batch is due, and names the sample") {
  Numbers numbers(40);
  numbers.bad = 22;
  numbers.worse = 33;
  for (const int workers : {0, 1, 3}) {
    nn::DataLoader loader(numbers, {.batch_size = 10, .workers = workers});
    int good = 0;
    const std::string bad = error_of<ValueError>([&] {
      for (const nn::Batch& batch : loader.epoch(4)) good += batch.input.defined();
    });
    CHECK(good == 2);
    CHECK_THAT(bad, contains("DataLoader: epoch 4, batch 2: sample 22: this one is no good"));
    CHECK_THAT(error_of<Error>([&] { loader.at(4, 3); }), contains("batch 3: sample 33: this one is worse"));
    CHECK(loader.at(4, 1).input.defined());
  }
}

TEST_CASE("loader: tensors and tables as samples") {
  const Tensor x = tensor({{0, 1}, {2, 3}, {4, 5}}), y = tensor({7, 8, 9}, int64);
  const nn::TensorDataset set(x, y);
  CHECK((set.size() == 3 && same(set.get(1).input, tensor({2, 3})) && same(set.get(2).target, tensor(9, int64))));
  nn::DataLoader loader(set, {.batch_size = 2});
  CHECK((same(loader.at(0, 0).input, tensor({{0, 1}, {2, 3}})) && same(loader.at(0, 1).target, tensor({9}, int64))));
  const nn::TensorDataset bare(x);
  nn::DataLoader unlabelled(bare, {.batch_size = 3});
  CHECK((same(unlabelled.at(0, 0).input, x) && !unlabelled.at(0, 0).target.defined()));
  CHECK_THROWS_AS(nn::TensorDataset(tensor(1.0)), ShapeError);
  CHECK_THROWS_AS(nn::TensorDataset(x, tensor({1, 2})), ShapeError);

  // Nothing that a loader does is recorded.
  const Tensor w = variable(x.clone());
  const nn::TensorDataset variables(w);
  nn::DataLoader loaded(variables, {.batch_size = 3});
  Tape tape;
  CHECK_FALSE(loaded.at(0, 0).input.requires_grad());
}

TEST_CASE("loader: samplers") {
  const Numbers numbers(10);
  const nn::SubsetSampler subset({7, 3, 5}), listed({7, 3, 5}, false);
  nn::DataLoader some(numbers, {.batch_size = 2, .seed = 1, .sampler = &subset});
  CHECK(some.count() == 2);
  std::vector<std::int64_t> order = order_of(some, 0);
  std::sort(order.begin(), order.end());
  CHECK(order == std::vector<std::int64_t>{3, 5, 7});
  nn::DataLoader as_listed(numbers, {.batch_size = 2, .sampler = &listed});
  CHECK(order_of(as_listed, 0) == std::vector<std::int64_t>{7, 3, 5});

  // Weights 0, 1, 3, 0 of 40,000 draws: 10,000 and 30,000, with a deviation of 87.
  const nn::WeightedRandomSampler weighted({0, 1, 3, 0}, 40000);
  nn::DataLoader drawn(numbers, {.batch_size = 40000, .seed = 3, .sampler = &weighted});
  std::vector<std::int64_t> out;
  Random random(3);
  weighted.order(random, out);
  const auto count = [&](std::int64_t i) { return std::count(out.begin(), out.end(), i); };
  CHECK((out.size() == 40000 && count(0) == 0 && count(3) == 0 && std::abs(count(1) - 10000) < 450));
  CHECK((drawn.count() == 1 && weighted.size() == 40000));

  CHECK_THROWS_AS(nn::WeightedRandomSampler({0, 0}, 1), ValueError);
  CHECK_THROWS_AS(nn::WeightedRandomSampler({1, -1}, 1), ValueError);
  CHECK_THROWS_AS(nn::WeightedRandomSampler({1, NAN}, 1), ValueError);
  CHECK_THROWS_AS(nn::WeightedRandomSampler({}, 1), ValueError);
  CHECK_THROWS_AS(nn::WeightedRandomSampler({1}, 0), ValueError);
  const nn::SubsetSampler beyond({3, 10});
  for (const int workers : {0, 2}) {
    nn::DataLoader loader(numbers, {.sampler = &beyond, .workers = workers});
    CHECK_THAT(error_of<ValueError>([&] { loader.at(0, 0); }), contains("gave sample 10, expected 0 to 9"));
  }
}

TEST_CASE("loader: what cannot be is refused") {
  const Numbers numbers(10), nothing(0);
  const nn::SequentialSampler all(10);
  const auto refuse = [](const nn::Dataset& set, const nn::LoaderOptions& options) {
    return error_of<ValueError>([&] { nn::DataLoader(set, options); });
  };
  CHECK_THAT(refuse(numbers, {.batch_size = 0}), contains("DataLoader: batch_size is 0"));
  CHECK_THAT(refuse(nothing, {}), contains("there are no samples"));
  CHECK_THAT(refuse(numbers, {.batch_size = 11, .drop_last = true}), contains("drop_last leaves nothing"));
  CHECK_THAT(refuse(numbers, {.shuffle = true, .sampler = &all}), contains("a sampler and shuffle"));
  CHECK_THAT(refuse(numbers, {.workers = -1}), contains("workers is -1"));
  CHECK_THAT(refuse(numbers, {.workers = 65}), contains("workers is 65"));
}

TEST_CASE("images are moved and bent the same way by any number of workers, each epoch anew") {
  const nn::Images images = nn::synthetic_digits(50, 1).train;
  const auto batches_of = [&](int workers, const nn::Augmentation& how, std::int64_t epoch) {
    nn::Batches batches(images, 16, {.seed = 4, .scaling = nn::Scaling::none, .augment = how, .workers = workers});
    std::vector<nn::Batch> all;
    for (const nn::Batch& batch : batches.epoch(epoch)) all.push_back(batch);
    return all;
  };
  const nn::Augmentation every{.shift = 2, .rotate = 10, .elastic = 30};
  const auto plain = batches_of(0, {}, 0), bent = batches_of(0, every, 0);
  CHECK(same_batches(batches_of(2, every, 0), bent));
  CHECK_FALSE(same_batches(batches_of(0, every, 1), bent));
  for (const nn::Augmentation& how : {nn::Augmentation{.shift = 3}, {.rotate = 20}, {.elastic = 40}, every}) {
    const auto some = batches_of(0, how, 0);
    for (std::size_t b = 0; b < some.size(); ++b) {
      CHECK(same(some[b].target, plain[b].target));
      CHECK_FALSE(same(some[b].input, plain[b].input));
      // Ink is kept, nearly: no digit touches the edge.
      CHECK(sum(some[b].input).item() == Approx(sum(plain[b].input).item()).epsilon(0.3));
      CHECK((amin(some[b].input).item() >= 0 && amax(some[b].input).item() <= 255));
    }
  }

  // By one whole pixel, the image itself is at another place.
  nn::Images dot{5, 5, 1, std::vector<std::uint8_t>(25), {0}};
  dot.pixels[12] = 200;
  nn::Batches turned(dot, 1, {.scaling = nn::Scaling::none, .augment = {.rotate = 90}}),
      shifted(dot, 1, {.scaling = nn::Scaling::none, .augment = {.shift = 1}});
  CHECK(turned.at(0, 0).input.data<float>()[12] == Approx(200));
  CHECK(sum(shifted.at(3, 0).input).item() == Approx(200));
  CHECK(same(nn::to_tensors(dot, {.scaling = nn::Scaling::none, .augment = {.shift = 1}}).input,
             nn::to_tensors(dot, {.scaling = nn::Scaling::none}).input));
  CHECK_THROWS_AS(nn::Batches(dot, 1, {.augment = {.shift = -1}}), ValueError);
  CHECK_THROWS_AS(nn::Batches(dot, 1, {.augment = {.elastic = NAN}}), ValueError);

  const nn::ImageDataset set(images, {.one_hot = true});
  CHECK((set.get(3).input.shape() == Shape{784} && set.get(3).target.shape() == Shape{10}));
}
