// A training step makes no heap call once it is warm, and a long run needs no more memory than a short one.
#include <unistd.h>
#include <atomic>
#include <catch.hpp>
#include <cstddef>
#include <cstdio>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define XGRAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define XGRAD_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(XGRAD_SANITIZED)

namespace {
std::atomic<long> heap_calls{0};
}

// All of the program's and its libraries' memory comes through here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++heap_calls;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++heap_calls;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  ++heap_calls;
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++heap_calls;
  return __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  ++heap_calls;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  ++heap_calls;
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : 12;
}
}

using namespace xgrad;

namespace {

long resident_pages() {
  long size = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  const int read = file ? std::fscanf(file, "%ld %ld", &size, &resident) : 0;
  if (file) std::fclose(file);
  return read == 2 ? resident : -1;
}

/// The two networks of the mnist program, on drawn digits.
struct Training {
  nn::Dataset digits = nn::synthetic_digits(500, 1).train;
  nn::Sequential net;
  nn::Batches batches;
  bool labels_are_numbers;
  std::int64_t step_count = 0;

  static Training two_layer() {
    Random random(1);
    return {nn::Sequential(nn::Linear(784, 50, random), nn::ReLU(), nn::Linear(50, 10, random)), 100, {}};
  }
  static Training sigmoid_net() {
    Random random(1);
    return {nn::Sequential(nn::Linear(784, 100, random, {.bias = false}), nn::Sigmoid(),
                           nn::Linear(100, 10, random, {.bias = false}), nn::Sigmoid()),
            1,
            {.one_hot = true, .on = 0.99, .off = 0.01}};
  }
  Training(nn::Sequential network, std::int64_t batch_size, const nn::BatchOptions& options)
      : net(std::move(network)), batches(digits, batch_size, options), labels_are_numbers(!options.one_hot) {}
  Training(const Training&) = delete;

  void step(nn::Optimizer& optimizer) {
    const auto [images, labels] = batches.at(step_count / batches.count(), step_count % batches.count());
    ++step_count;
    Tape tape;
    const Tensor outputs = net(images);
    const Tensor loss =
        labels_are_numbers ? cross_entropy(outputs, labels) : mse_loss(outputs, labels, Reduction::sum) * 0.5;
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }
};

long heap_calls_of(Training& training, nn::Optimizer& optimizer, int steps) {
  training.step(optimizer);
  training.step(optimizer);
  const long before = heap_calls;
  for (int i = 0; i < steps; ++i) training.step(optimizer);
  return heap_calls - before;
}

}  // namespace

TEST_CASE("after two steps a training step makes no heap call") {
  {
    delete new int;  // the counting itself works
    CHECK(heap_calls > 0);
  }
  for (const bool two_layer : {true, false}) {
    Training training = two_layer ? Training::two_layer() : Training::sigmoid_net();
    nn::SGD sgd(training.net.parameters(), {.lr = 0.01});
    CHECK(heap_calls_of(training, sgd, 1000) == 0);
    nn::SGD momentum(training.net.parameters(), {.lr = 0.001, .momentum = 0.9, .nesterov = true});
    CHECK(heap_calls_of(training, momentum, 100) == 0);
    nn::Adam adam(training.net.parameters(), {.lr = 0.001});
    CHECK(heap_calls_of(training, adam, 100) == 0);
  }
}

TEST_CASE("memory stays flat over 100,000 steps", "[long]") {
  Training training = Training::sigmoid_net();
  nn::SGD sgd(training.net.parameters(), {.lr = 0.01});
  for (int i = 0; i < 1000; ++i) training.step(sgd);
  const long before = resident_pages();
  for (int i = 0; i < 100'000; ++i) training.step(sgd);
  CHECK(before > 0);
  CHECK(resident_pages() - before <= 16);
}

#endif
