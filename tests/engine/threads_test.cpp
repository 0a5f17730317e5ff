// Any number of threads: each with its own tape over shared variables, or sharing one operation's work.
#include <xgrad/engine/error.hpp>
#include <xgrad/engine/internal/team.hpp>
#include <xgrad/engine/parallel.hpp>
#include <xgrad/engine/runtime.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/tanh.hpp>

#include <cstdlib>
#include <thread>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

/// Computes when all that was made later is gone: under the address sanitizer, what is no longer there shows.
struct AtExit {
  Tensor x;
  ~AtExit() {
    if (!x.defined()) return;
    const Threads scope(2);
    if (exp(x).data<float>()[100'000] != 1) std::abort();
  }
} at_exit;

}  // namespace

TEST_CASE("threads: a global's destructor may compute", "[threads]") { at_exit.x = zeros({200'000}); }

TEST_CASE("threads: 64 tapes over shared variables give the bits of one", "[threads]") {
  const Tensor w1 = random_variable({8, 16}, -1, 1, float32, 1), b1 = random_variable({16}, -1, 1, float32, 2);
  const Tensor w2 = random_variable({16, 4}, -1, 1, float32, 3), scale = variable(tensor(0.7));
  const auto gradients = [&](int sample) {
    Tape tape;
    const Tensor x = random_tensor({5, 8}, -1, 1, float32, 100 + static_cast<std::uint64_t>(sample));
    const Tensor y = sigmoid(matmul(tanh(matmul(x, w1) + b1) * scale, w2)) * scale;
    return tape.gradient(y, {w1, b1, w2, scale}, {.seed = ones({5, 4})});
  };
  constexpr int count = 64, rounds = 10;
  std::vector<std::vector<Tensor>> serial(count), parallel(count);
  for (int i = 0; i < count; ++i) serial[static_cast<std::size_t>(i)] = gradients(i);
  std::vector<std::thread> workers;
  for (int i = 0; i < count; ++i)
    workers.emplace_back([&, i] {
      for (int round = 0; round < rounds; ++round) parallel[static_cast<std::size_t>(i)] = gradients(i);
    });
  for (std::thread& worker : workers) worker.join();
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < 4; ++k) CHECK(same_bits(serial[i][k], parallel[i][k]));
  for (const Tensor& v : {w1, b1, w2, scale}) CHECK_FALSE(v.grad().defined());
}

TEST_CASE("threads: any number of them gives the same bits", "[threads]") {
  const auto run = [](int count) {
    const Threads scope(count);
    const Tensor x = random_variable({700, 300}, -1, 1, float32, 1), row = random_variable({300}, -1, 1, float32, 2);
    const Tensor column = random_variable({700, 1}, -1, 1, float32, 3),
                 w = random_variable({300, 70}, -1, 1, float32, 4);
    Tape tape;
    const Tensor h = exp(x * row + column) * row, y = matmul(h, w);
    std::vector<Tensor> all =
        tape.gradient(y, {x, row, column, w}, {.seed = random_tensor({700, 70}, -1, 1, float32, 5)});
    all.push_back(y);
    return all;
  };
  const auto one = run(1);
  for (int count : {2, 3, 4, 8}) {
    INFO(count << " threads");
    const auto more = run(count);
    for (std::size_t k = 0; k < one.size(); ++k) CHECK(same_bits(one[k], more[k]));
  }
}

TEST_CASE("threads: each stage of a team finds what those before it left", "[threads]") {
  for (const int count : {1, 2, 5, 100}) {
    INFO(count << " threads");
    const Threads scope(count);
    for (int round = 0; round < 200; ++round) {
      constexpr std::int64_t first = 37, second = 3, third = 64;
      std::vector<std::int64_t> a(first), b(second), c(third);
      const auto sum = [](const std::vector<std::int64_t>& of) {
        std::int64_t all = 0;
        for (const std::int64_t x : of) all += x;
        return all;
      };
      detail::with_team(count, [&](detail::Team& team) {
        team.tiles(first, [&](std::int64_t i) { a[static_cast<std::size_t>(i)] += i; });
        team.tiles(second, [&](std::int64_t i) { b[static_cast<std::size_t>(i)] += sum(a); });
        team.tiles(0, [&](std::int64_t) { std::abort(); });
        team.tiles(third, [&](std::int64_t i) { c[static_cast<std::size_t>(i)] += sum(b); });
      });
      REQUIRE(c == std::vector<std::int64_t>(third, second * first * (first - 1) / 2));
    }
  }
}

TEST_CASE("threads: what a tile throws gets to the caller, and nobody waits for that tile", "[threads]") {
  for (const int count : {1, 2, 4}) {
    const Threads scope(count);
    for (const std::int64_t bad : {0, 5, 9})
      CHECK_THROWS_AS(detail::with_team(count,
                                        [&](detail::Team& team) {
                                          team.tiles(10, [&](std::int64_t i) {
                                            if (i == bad) throw ValueError("bad");
                                          });
                                          team.tiles(10, [](std::int64_t) {});
                                        }),
                      ValueError);
  }
}

TEST_CASE("threads: a tape belongs to the thread that opened it", "[threads]") {
  const Tensor x = variable(2.0, float64);
  Tape tape;
  const Tensor y = x * x;
  std::string recorded_here, backward_there, gradient_there, tape_backward_there;
  bool tracked = true, requires_grad = true;
  std::thread([&] {
    tracked = (x * 3.0).requires_grad();
    requires_grad = y.requires_grad();
    backward_there = error_of<GraphError>([&] { y.backward(); });
    gradient_there = error_of<GraphError>([&] { tape.gradient(y, x); });
    tape_backward_there = error_of<GraphError>([&] { tape.backward(y); });
    Tape own;
    recorded_here = error_of<GraphError>([&] { y* x; });
  }).join();
  CHECK_FALSE(tracked);
  CHECK_FALSE(requires_grad);
  CHECK_THAT(backward_there, contains("backward: the tape this value was recorded on is gone, or another thread's"));
  CHECK_THAT(gradient_there, contains("gradient: the tape is another thread's"));
  CHECK_THAT(tape_backward_there, contains("backward: the tape is another thread's"));
  CHECK_FALSE(x.grad().defined());
  CHECK_THAT(recorded_here, contains("mul: a value recorded on a tape that is gone (or another thread's)"));
  CHECK(tape.gradient(y, x).item() == 4);
}

TEST_CASE("threads: tensors move between them", "[threads]") {
  const auto before = memory_use().in_use;
  for (int round = 0; round < 20; ++round) {
    std::vector<Tensor> made;
    std::thread([&] {
      for (int i = 0; i < 100; ++i) made.push_back(full({100}, i));
    }).join();
    double sum = 0;
    for (const Tensor& t : made) sum += t.data<float>()[99];
    CHECK(sum == 4950);
    std::thread([&] { made.clear(); }).join();
  }
  CHECK(memory_use().in_use == before);
}

TEST_CASE("threads: a count that makes no sense is refused", "[threads]") {
  const int before = threads();
  CHECK_THAT(error_of<ValueError>([] { set_threads(0); }), contains("set_threads: 0 threads, expected 1 to 1024"));
  CHECK_THROWS_AS(set_threads(1025), ValueError);
  CHECK(threads() == before);
}

}  // namespace xgrad::tests
