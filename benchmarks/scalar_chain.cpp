// A chain of scalar Mul and Add nodes: record, backward and destruction, in nanoseconds and bytes a node. The first
// run of each length meets cold memory.
#include <cstdlib>

#include <xgrad/engine/runtime.hpp>
#include <xgrad/xgrad.hpp>

#include "side_by_side.hpp"

int main(int argc, char** argv) {
  using namespace xgrad;
  const long nodes = argc > 1 ? std::atol(argv[1]) : 1'000'000;
  const auto chain = [&](double& record, double& sweep, double& destroy) {
    using clock = std::chrono::steady_clock;
    const auto since = [](clock::time_point t) {
      return std::chrono::duration<double, std::nano>(clock::now() - t).count();
    };
    Tensor x = variable(1.0000001, float64);
    auto start = clock::now();
    auto* tape = new Tape;
    Tensor y = x;
    for (long i = 0; i < nodes / 2; ++i) {
      y = y * x;
      y = y + 1e-7;
    }
    record = since(start) / static_cast<double>(nodes);
    start = clock::now();
    y.backward();
    sweep = since(start) / static_cast<double>(nodes);
    start = clock::now();
    delete tape;
    destroy = since(start) / static_cast<double>(nodes);
  };
  std::vector<double> records, sweeps, destroys, totals;
  const auto before = memory_use().in_use;
  {
    Tape tape;
    Tensor x = variable(1.0, float64), y = x;
    for (long i = 0; i < nodes / 2; ++i) y = y * x + 1e-7;
    fmt::print("{} nodes, {:.1f} bytes a node\n", nodes,
               static_cast<double>(memory_use().in_use - before) / static_cast<double>(nodes));
  }
  trim_memory();
  for (int i = 0; i < 12; ++i) {
    double record, sweep, destroy;
    chain(record, sweep, destroy);
    if (i == 0) {
      fmt::print("cold: record {:.1f}, backward {:.1f}, destroy {:.1f}, together {:.1f} ns a node\n", record, sweep,
                 destroy, record + sweep + destroy);
      continue;
    }
    records.push_back(record);
    sweeps.push_back(sweep);
    destroys.push_back(destroy);
    totals.push_back(record + sweep + destroy);
  }
  const Spread total(totals);
  fmt::print("warm: record {:.1f}, backward {:.1f}, destroy {:.1f}, together {:.1f} [{:.1f}, {:.1f}] ns a node\n",
             Spread(records).median, Spread(sweeps).median, Spread(destroys).median, total.median, total.low,
             total.high);
}
