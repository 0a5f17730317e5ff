#include "catch.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <xgrad/engine/runtime.hpp>
#include <xgrad/nn/data/batches.hpp>

#include "data_files.hpp"

using namespace xgrad;
using namespace xgrad::nn;
using namespace xgrad::tests;

namespace {

// Image i tells its number in its first two pixels; the others run through all values.
Images numbered(int count) {
  Images set;
  for (int i = 0; i < count; ++i) {
    set.labels.push_back(static_cast<std::uint8_t>(i % 10));
    for (int k = 0; k < 784; ++k)
      set.pixels.push_back(static_cast<std::uint8_t>(k == 0 ? i & 255 : k == 1 ? i >> 8 : k - 2));
  }
  return set;
}

// The images' numbers in the order in which an epoch brings them.
std::vector<int> order_of(Batches& batches, std::int64_t epoch) {
  std::vector<int> order;
  for (auto [images, labels] : batches.epoch(epoch))
    for (std::int64_t i = 0; i < images.shape()[0]; ++i) {
      const float* pixel = images.data<float>() + i * 784;
      order.push_back(static_cast<int>(pixel[0]) + 256 * static_cast<int>(pixel[1]));
      CHECK(labels.data<std::int64_t>()[i] == order.back() % 10);
    }
  return order;
}
std::vector<int> order_of(const Images& set, BatchOptions options, std::int64_t batch_size, std::int64_t epoch) {
  options.scaling = Scaling::none;
  Batches batches(set, batch_size, options);
  return order_of(batches, epoch);
}

}  // namespace

TEST_CASE("every sample comes once an epoch, in an order of seed and epoch alone") {
  const Images set = numbered(1003);
  std::vector<int> all(1003);
  for (int i = 0; i < 1003; ++i) all[static_cast<std::size_t>(i)] = i;
  const std::vector<int> first = order_of(set, {.seed = 1}, 100, 0);
  std::vector<int> sorted = first;
  std::sort(sorted.begin(), sorted.end());
  CHECK((sorted == all));
  CHECK((first != all));
  CHECK((order_of(set, {.seed = 1}, 100, 0) == first));
  CHECK((order_of(set, {.seed = 1}, 7, 0) == first));
  CHECK((order_of(set, {.seed = 1}, 100, 1) != first));
  CHECK((order_of(set, {.seed = 2}, 100, 0) != first));
  CHECK((order_of(set, {.shuffle = false}, 100, 3) == all));

  Batches batches(set, 100, {.seed = 1, .scaling = Scaling::none});
  const std::vector<int> fifth = order_of(batches, 5);
  CHECK((order_of(batches, 0) == first));
  CHECK((order_of(batches, 5) == fifth));
  // Two epochs side by side do not disturb each other.
  const std::vector<float> a = batches.at(0, 3).input.to_vector<float>(), b = batches.at(5, 3).input.to_vector<float>();
  CHECK((batches.at(0, 3).input.to_vector<float>() == a));
  CHECK((a != b));
}

TEST_CASE("an order is the same on every machine and in every version") {
  CHECK(order_of(numbered(10), {.seed = 42}, 10, 0) == std::vector<int>{1, 4, 2, 7, 8, 6, 9, 0, 3, 5});
  CHECK(order_of(numbered(10), {.seed = 42}, 10, 1) == std::vector<int>{7, 0, 2, 6, 9, 5, 1, 3, 8, 4});
}

TEST_CASE("a shuffle favours no place") {
  // Where sample 0 goes among 5, over 2000 epochs: 400 each, with a deviation of 18.
  int seen[5] = {};
  const Images set = numbered(5);
  Batches batches(set, 5, {.seed = 3, .scaling = Scaling::none});
  for (int epoch = 0; epoch < 2000; ++epoch) {
    const std::vector<int> order = order_of(batches, epoch);
    ++seen[std::find(order.begin(), order.end(), 0) - order.begin()];
  }
  for (int count : seen) CHECK(std::abs(count - 400) < 90);
}

TEST_CASE("a short last batch is kept unless drop_last") {
  const Images set = numbered(10);
  Batches keep(set, 4), drop(set, 4, {.drop_last = true}), whole(set, 5, {.drop_last = true}), huge(set, 1000);
  CHECK(keep.count() == 3);
  CHECK(keep.at(0, 2).input.shape() == Shape{2, 784});
  CHECK(keep.at(0, 2).target.shape() == Shape{2});
  CHECK(drop.count() == 2);
  CHECK(whole.count() == 2);
  CHECK(huge.count() == 1);
  CHECK(huge.at(0, 0).input.shape() == Shape{10, 784});
  Batches most(set, std::numeric_limits<std::int64_t>::max());
  CHECK(most.count() == 1);
  int drawn = 0;
  for (const auto& [images, labels] : drop.epoch(0)) {
    CHECK(images.shape() == Shape{4, 784});
    CHECK(labels.shape() == Shape{4});
    ++drawn;
  }
  CHECK(drawn == 2);
}

TEST_CASE("pixels are scaled as numpy would, to the last bit") {
  const Images set = numbered(1);
  const auto images = [&](Scaling scaling, DType dtype) {
    return to_tensors(set, {.scaling = scaling, .dtype = dtype}).input;
  };
  const std::vector<float> unit = images(Scaling::unit, float32).to_vector<float>(),
                           inset = images(Scaling::inset, float32).to_vector<float>(),
                           none = images(Scaling::none, float32).to_vector<float>();
  const std::vector<double> unit64 = images(Scaling::unit, float64).to_vector<double>(),
                            inset64 = images(Scaling::inset, float64).to_vector<double>();
  for (std::size_t k = 2; k < 258; ++k) {
    const int x = static_cast<int>(k) - 2;
    CHECK(none[k] == static_cast<float>(x));
    CHECK(unit[k] == static_cast<float>(x / 255.0));
    CHECK(unit64[k] == x / 255.0);
    CHECK(inset64[k] == x / 255.0 * 0.99 + 0.01);
    CHECK(inset[k] == Approx(inset64[k]).epsilon(2e-7));
  }
  CHECK(inset64[2] == 0.01);
  CHECK(inset64[257] == Approx(1.0));
}

TEST_CASE("images flat or in planes, labels as numbers or one-hot") {
  const Images set = numbered(12);
  const Batch planes = to_tensors(set, {.flatten = false});
  CHECK(planes.input.shape() == Shape{12, 1, 28, 28});
  CHECK((planes.input.to_vector<float>() == to_tensors(set).input.to_vector<float>()));
  CHECK(planes.target.dtype() == int64);
  const Batch hot = to_tensors(set, {.dtype = float64, .one_hot = true, .on = 0.99, .off = 0.01});
  REQUIRE(hot.target.shape() == Shape{12, 10});
  REQUIRE(hot.target.dtype() == float64);
  for (int i = 0; i < 12; ++i)
    for (int c = 0; c < 10; ++c) CHECK(hot.target.data<double>()[i * 10 + c] == (c == i % 10 ? 0.99 : 0.01));
  CHECK(to_tensors(set, {.one_hot = true}).target.dtype() == float32);
}

TEST_CASE("a batch has elements of its own, and a loop takes no new memory") {
  const Images set = numbered(100);
  Batches batches(set, 10);
  Batch kept = batches.at(0, 0);
  const std::vector<float> before = kept.input.to_vector<float>();
  const auto run = [&](int epochs) {
    double sum = 0;
    for (int e = 0; e < epochs; ++e)
      for (auto [images, labels] : batches.epoch(e)) sum += static_cast<double>(images.data<float>()[5]);
    return sum;
  };
  CHECK(run(2) > 0);
  const MemoryUse warm = memory_use();
  CHECK(run(20) > 0);
  CHECK(memory_use().in_use + memory_use().pooled == warm.in_use + warm.pooled);
  CHECK((kept.input.to_vector<float>() == before));
}

TEST_CASE("batches that cannot be are refused") {
  const Images set = numbered(10);
  const auto refuse = [](const Images& data, std::int64_t size, const BatchOptions& options) {
    return error_of<ValueError>([&] { Batches(data, size, options); });
  };
  CHECK_THAT(refuse(set, 0, {}), contains("DataLoader: batch_size is 0, expected at least 1"));
  CHECK_THAT(refuse(set, 0, {}), contains("batches_test.cpp:"));
  CHECK_THAT(refuse(set, -5, {}), contains("batch_size is -5"));
  CHECK_THAT(refuse(Images{}, 10, {}), contains("there are no images"));
  CHECK_THAT(refuse(set, 11, {.drop_last = true}), contains("drop_last leaves nothing: 10 samples, batch_size 11"));
  Images wrong = set;
  wrong.labels[3] = 10;
  CHECK_THAT(refuse(wrong, 5, {}), contains("label 3 is 10, expected 0 to 9"));
  wrong = set;
  wrong.pixels.pop_back();
  CHECK_THAT(refuse(wrong, 5, {}), contains("7839 pixels are not 10 images of 28x28"));
  wrong.rows = -28;
  wrong.columns = -28;
  CHECK_THAT(refuse(wrong, 5, {}), contains("images of -28x-28"));
  wrong.rows = wrong.columns = std::int64_t{1} << 32;  // whose product is 0 in 64 bits
  CHECK_THAT(refuse(wrong, 5, {}), contains("images of 4294967296x4294967296"));
  CHECK_THAT(error_of<DTypeError>([&] { Batches(set, 5, {.dtype = int64}); }), contains("images cannot be int64"));
  CHECK_THAT(error_of<ValueError>([&] { to_tensors(Images{}); }), contains("there are no images"));

  Batches batches(set, 5);
  CHECK_THAT(error_of<ValueError>([&] { batches.at(0, 2); }), contains("at: the batch is 2, expected 0 to 1"));
  CHECK_THAT(error_of<ValueError>([&] { batches.at(0, -1); }), contains("the batch is -1"));
  CHECK_THAT(error_of<ValueError>([&] { batches.at(-1, 0); }), contains("the epoch is -1"));
  CHECK_THAT(error_of<ValueError>([&] { batches.epoch(-1); }), contains("the epoch is -1"));
}
