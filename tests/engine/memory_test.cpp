// Pooled memory comes back, long chains need little of it and no stack, and a warm step asks the heap for nothing.
#include <xgrad/engine/runtime.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/tanh.hpp>

#include <cmath>
#include <exception>
#include <optional>
#include <thread>

#include <pthread.h>

#include "catch.hpp"
#include "heap_calls.hpp"
#include "tensors.hpp"

extern "C" [[gnu::weak]] int __asan_address_is_poisoned(const volatile void*);

namespace xgrad::tests {
namespace {

/// Runs f on a thread with that much stack.
template <class F> void on_stack(std::size_t bytes, F f) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
  pthread_t thread;
  const auto run = [](void* context) -> void* { return (*static_cast<F*>(context))(), nullptr; };
  REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

struct ChainResult {
  double value = 0, gradient = 0, bytes_per_node = 0;
  std::size_t nodes = 0;
};

/// y = ((x * a + b) * a + b) ... on a tape of its own, its backward, its end.
ChainResult scalar_chain(std::size_t nodes) {
  constexpr double a = 0.9999999, b = 1e-7;
  const Tensor x = variable(0.5, float64);
  const auto before = memory_use().in_use;
  ChainResult result;
  Tape tape;
  Tensor y = x;
  for (std::size_t i = 0; i < nodes / 2; ++i) y = y * a + b;
  result.nodes = tape.size();
  result.bytes_per_node = static_cast<double>(memory_use().in_use - before) / static_cast<double>(nodes);
  y.backward();
  result.value = y.item();
  result.gradient = x.grad().item();
  return result;
}

void check_chain(std::size_t nodes) {
  ChainResult result;
  on_stack(256 * 1024, [&] { result = scalar_chain(nodes); });
  const double n = static_cast<double>(nodes) / 2, power = std::exp(n * std::log(0.9999999));
  CHECK(result.nodes == nodes + 1);
  CHECK(result.bytes_per_node <= 64);
  CHECK(result.gradient == Approx(power).epsilon(1e-9));
  CHECK(result.value == Approx(1 - 0.5 * power).epsilon(1e-9));
}

/// All kinds of nodes: 0-d, arrays, broadcasting, views, a retained value, a derivative that is recorded.
void mixed_step(const Tensor& x, const Tensor& w, const Tensor& s) {
  Tape tape;
  Tensor h = tanh(x * w + s);
  h.retain_grad();
  const Tensor y = reshape(exp(h) * s, {12}) - 1.0;
  const Tensor seed = ones({12}, float64);
  tape.gradient(tape.gradient(y, w, {.create_graph = true, .seed = seed}), x, {.seed = ones({4}, float64)});
  y.backward(seed);
}

}  // namespace

TEST_CASE("memory: everything comes back", "[memory]") {
  const auto start = memory_use().in_use;
  {
    Tensor x = random_variable({3, 4}), w = random_variable({4}), s = variable(0.5, float64);
    mixed_step(x, w, s);
    const auto with_gradients = memory_use().in_use;
    CHECK(with_gradients > start);
    for (int i = 0; i < 10; ++i) mixed_step(x, w, s);
    CHECK(memory_use().in_use == with_gradients);
    CHECK(memory_use().peak >= with_gradients);
    std::optional<Tape> tape(std::in_place);
    const Tensor y = x * w;
    x.mutable_data<double>();
    CHECK_THROWS(tape->gradient(exp(y * x), x));
    tape.reset();
    CHECK(y.size() == 12);
  }
  CHECK(memory_use().in_use == start);
}

TEST_CASE("memory: released buffers are given up by backward, not only by the tape", "[memory]") {
  const Tensor x = random_variable({1000});
  const auto start = memory_use().in_use;
  Tape tape;
  Tensor y = x;
  for (int i = 0; i < 100; ++i) y = exp(y * 0.01);
  const auto recorded = memory_use().in_use;
  CHECK(recorded - start > 100 * 8000);
  y.backward(ones({1000}, float64));
  CHECK(memory_use().in_use < recorded - 95 * 8000);
}

TEST_CASE("memory: what nobody's derivative reads is not kept", "[memory]") {
  const Tensor x = random_variable({1000});
  Tape tape;
  Tensor y = x + 1.0;
  const auto before = memory_use().in_use;
  for (int i = 0; i < 100; ++i) y = y + 1.0;
  for (int i = 0; i < 100; ++i) y = y * 2.0;  // reads 2.0 alone
  CHECK(memory_use().in_use - before < 64 * 1024);
}

TEST_CASE("memory: pooled blocks go back to the system", "[memory]") {
  { const Tensor t = empty({1 << 20}, float64); }
  CHECK(memory_use().pooled >= 8 << 20);
  trim_memory();
  CHECK(memory_use().pooled < 8 << 20);
  const Tensor t = ones({3});
  CHECK(t.data<float>()[2] == 1);
}

TEST_CASE("memory: the address sanitizer knows where an array ends, and when", "[memory]") {
  if (!__asan_address_is_poisoned) return;
  for (int round = 0; round < 2; ++round) {  // a block of the heap's, then of the pool's
    Tensor t = ones({1001});
    const float* const x = t.data<float>();
    CHECK(__asan_address_is_poisoned(x + 1000) == 0);
    CHECK(__asan_address_is_poisoned(x + 1001) != 0);
    t = Tensor();
    CHECK(__asan_address_is_poisoned(x) != 0);
  }
}

TEST_CASE("memory: a chain of 1,000,000 nodes on a 256 KB stack", "[memory]") { check_chain(1'000'000); }

TEST_CASE("memory: a chain of 10,000,000 nodes on a 256 KB stack", "[memory][long]") { check_chain(10'000'000); }

TEST_CASE("memory: a chain of 1,000,000 array nodes on a 256 KB stack", "[memory]") {
  on_stack(256 * 1024, [] {
    const Tensor x = variable(tensor({1, 2}, float64));
    Tensor gradient;
    {
      Tape tape;
      Tensor y = x;
      for (int i = 0; i < 500'000; ++i) y = reshape(y * 1.0, {2});
      gradient = tape.gradient(y, x, {.seed = ones({2}, float64)});
    }
    CHECK(gradient.to_vector<double>() == std::vector<double>{1, 1});
  });
}

#ifdef XGRAD_COUNTS_HEAP_CALLS

TEST_CASE("memory: a warm step makes no heap call", "[memory]") {
  const Tensor x = random_variable({3, 4}), w = random_variable({4}), s = variable(0.5, float64);
  const Tensor seed = ones({3, 4}, float64), number = variable(2.0, float64);
  const auto plain = [&] {
    Tape tape;
    const Tensor h = tanh(x * w + s);
    const Tensor y = exp(h - s) * reshape(x, {3, 4});
    Tensor out[3];
    const Tensor in[] = {x, w, h};
    tape.gradient(y, in, out, 3, {.seed = seed});
    y.backward(seed);
  };
  const auto scalar = [&] {
    Tape tape;
    Tensor y = number;
    for (int i = 0; i < 50'000; ++i) y = y * 0.5 + number;
    y.backward();
  };
  const auto nested = [&] {
    Tape outer;
    const Tensor y = x * w;
    plain();
    scalar();
    outer.gradient(y, w, {.seed = seed});
  };
  CHECK(heap_calls_are_counted());
  CHECK(heap_calls_in(plain) == 0);
  CHECK(heap_calls_in(scalar) == 0);
  CHECK(heap_calls_in(nested) == 0);
}

TEST_CASE("memory: whichever heap call fails, everything comes back", "[memory]") {
  const auto step = [] {
    Tensor x = random_variable({3, 4}), w = random_variable({4}), s = variable(0.5, float64);
    mixed_step(x, w, s);
    x.set_grad(w.detach() + x.grad());
    Tape tape;
    Tensor y = x;
    for (int i = 0; i < 150; ++i) y = reshape(tanh(y * w), {3, 4});  // more than one block of records
    for (int i = 0; i < 17'000; ++i) s = s * 1.0;
    y.retain_grad();
    s.retain_grad();
    tape.gradient(y, {x, w}, {.seed = ones({3, 4}, float64)});
    s.backward();
  };
  step();
  const auto start = memory_use().in_use;
  bool failed = true;
  int failures = 0;
  for (long call = 1; failed; ++call) {
    failed = false;
    std::thread([&] {  // which has no spare tapes but this one
      Tape held;
      trim_memory();
      failing_call = heap_calls + call;
      try {
        step();
      } catch (const std::exception&) {
        failed = true;
      }
      failing_call = -1;
    })
        .join();
    failures += failed;
    if (memory_use().in_use != start) FAIL("after call " << call << " failed: " << memory_use().in_use - start);
  }
  CHECK(failures > 20);
}

#endif

TEST_CASE("memory: variables as each other's gradients", "[memory]") {
  const auto start = memory_use().in_use;
  {
    Tensor a = variable(tensor({1, 2}, float64)), b = variable(tensor({3, 4}, float64));
    a.set_grad(b);
    b.set_grad(a.detach());
    a.set_grad(reshape(b, {2}));
    CHECK(a.grad().to_vector<double>() == std::vector<double>{3, 4});
    CHECK(b.grad().to_vector<double>() == std::vector<double>{1, 2});
    const Tensor plain = tensor({5, 6}, float64);
    a.set_grad(plain);
    CHECK(a.grad().data<double>() == plain.data<double>());
  }
  CHECK(memory_use().in_use == start);
  on_stack(256 * 1024, [] {
    Tensor last = variable(1.0);
    for (int i = 0; i < 300'000; ++i) {
      Tensor next = variable(1.0);
      next.set_grad(last);
      last = next;
    }
  });
  CHECK(memory_use().in_use == start);
}

}  // namespace xgrad::tests
