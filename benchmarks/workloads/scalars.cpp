// W4: a chain of scalar Mul and Add nodes; recording, sweep and destruction, per node.
#include <xgrad/engine/runtime.hpp>

#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;
using Clock = std::chrono::steady_clock;

struct W4 {
  static constexpr int nodes = 1'000'000;
  double units = nodes;
  Tensor x = variable(0.999), w = variable(0.001), y;
  double record = 0, sweep = 0, destroy = 0, cold = 0, bytes = 0;  // nanoseconds and bytes per node, of the last step

  void step() {
    const auto start = Clock::now();
    Clock::time_point recorded, swept;
    {
      Tape tape;
      y = tensor(1);
      for (int i = 0; i < nodes / 2; ++i) {
        y = y * x;
        y = y + w;
      }
      recorded = Clock::now();
      y.backward();
      swept = Clock::now();
      y = y.detach();
    }
    record = per_node(recorded - start);
    sweep = per_node(swept - recorded);
    destroy = per_node(Clock::now() - swept);
  }
  static double per_node(Clock::duration d) { return std::chrono::duration<double, std::nano>(d).count() / nodes; }

  std::vector<double> check() {
    trim_memory();
    const auto before = memory_use().in_use;
    reset_peak_memory();
    step();
    cold = record + sweep + destroy;
    bytes = static_cast<double>(memory_use().peak - before) / nodes;
    std::vector<double> got{y.item(), x.grad().item(), w.grad().item()};
    x.zero_grad();
    w.zero_grad();
    return got;
  }
  std::map<std::string, double> figures() const {
    return {{"record_ns", record}, {"sweep_ns", sweep}, {"destroy_ns", destroy}, {"cold_ns", cold}, {"bytes", bytes}};
  }
};

const Registered<W4> w4("W4");

}  // namespace
}  // namespace bench
