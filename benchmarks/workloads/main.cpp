// All workloads, and beside some a loop by hand that is their limit. The command line is Google Benchmark's, and of S,
// the same work in many sizes, a run without a filter takes one size each. --smoke does too: it runs each once and
// compares it with its limit. --serve [threads] takes orders from scripts/benchmark.sh, and --once <workload> takes its
// first steps and tells the peak of tensor memory, for others to see how much that takes.
#include <cmath>

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <fmt/format.h>

#include <xgrad/engine/parallel.hpp>
#include <xgrad/engine/runtime.hpp>

#include "../workload.hpp"

namespace {

using bench::Run;

int smoke() {
  int failures = 0;
  for (const auto& w : bench::workloads()) {
    if (!w.usual) continue;
    Run run = w.set_up();
    const auto got = run.check();
    run.step();
    const auto* limit = bench::find(w.name + "/limit");
    const auto expected = limit ? limit->set_up().check() : got;
    bool right = got.size() == expected.size();
    for (std::size_t i = 0; right && i < got.size(); ++i)
      right = std::isfinite(got[i]) && std::abs(got[i] - expected[i]) <= 1e-3 * std::abs(expected[i]);
    fmt::print("{:<20} {}\n", w.name, right ? "ok" : "WRONG");
    if (!right) {
      ++failures;
      for (std::size_t i = 0; i < got.size() && i < expected.size(); ++i)
        fmt::print("    {} is not {}\n", got[i], expected[i]);
    }
  }
  return failures ? 1 : 0;
}

void time(benchmark::State& state, const bench::Workload& w) {
  Run run = w.set_up();
  run.check();
  for (auto _ : state) run.step();
  if (run.units > 1)
    state.counters["per_unit"] =
        benchmark::Counter(run.units, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  for (const auto& [name, value] : run.figures()) state.counters[name] = value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "--smoke") return smoke();
  if (mode == "--once" && argc > 2) {
    const auto* w = bench::find(argv[2]);
    if (!w) return 2;
    w->set_up().check();
    fmt::print("{}\n", xgrad::memory_use().peak);
    return 0;
  }
  if (mode == "--serve") {
    const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
    xgrad::set_threads(threads);
    openblas_set_num_threads(threads);  // for the limits: xgrad has its own threads, and one of BLAS's for each
    bench::serve(fmt::format(R"("version": "{}", "blas": "{}", "instruction set": "{}")", XGRAD_VERSION,
                             xgrad::blas_core(), xgrad::instruction_set()));
    return 0;
  }
  const bool all = mode.starts_with("--benchmark_filter");
  for (const auto& w : bench::workloads()) {
    if (!all && !w.usual) continue;
    benchmark::RegisterBenchmark(w.name.c_str(), [&w](benchmark::State& state) { time(state, w); })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
  }
  benchmark::AddCustomContext("instruction set", xgrad::instruction_set());
  benchmark::AddCustomContext("BLAS core", xgrad::blas_core());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
