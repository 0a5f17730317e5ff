#pragma once
#include <chrono>

#include <xgrad/engine/runtime.hpp>

#include "setup.hpp"

namespace bench {

/// A chain of scalar Mul and Add nodes; recording, sweep and destruction, per node.
struct Chain {
  using Clock = std::chrono::steady_clock;
  int nodes;
  double units = nodes;
  xgrad::Tensor x = xgrad::variable(1 - chain_part(nodes)), w = xgrad::variable(chain_part(nodes)), y;
  double record = 0, sweep = 0, destroy = 0, cold = 0, bytes = 0;  // nanoseconds and bytes per node, of the last step

  explicit Chain(int n) : nodes(n) {}
  void step() {
    const auto start = Clock::now();
    Clock::time_point recorded, swept;
    {
      xgrad::Tape tape;
      y = xgrad::tensor(1);
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
  double per_node(Clock::duration d) const { return std::chrono::duration<double, std::nano>(d).count() / nodes; }

  std::vector<double> check() {
    xgrad::trim_memory();
    const auto before = xgrad::memory_use().in_use;
    xgrad::reset_peak_memory();
    step();
    cold = record + sweep + destroy;
    bytes = static_cast<double>(xgrad::memory_use().peak - before) / nodes;
    std::vector<double> got{y.item(), x.grad().item() / nodes, w.grad().item() / nodes};
    x.zero_grad();
    w.zero_grad();
    return got;
  }
  std::map<std::string, double> figures() const {
    return {{"record_ns", record}, {"sweep_ns", sweep}, {"destroy_ns", destroy}, {"cold_ns", cold}, {"bytes", bytes}};
  }
};

}  // namespace bench
