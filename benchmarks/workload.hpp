#pragma once
// What all sides of a comparison share: the numbers they compute with, and a server that runs a workload for a slice of
// time when told to, so that programs can take turns. Without xgrad, because a peer's program includes it too; the
// same in Python is peers/serve.py.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// The i-th random bits of the given stream; any language has these in a line.
inline std::uint32_t bits(std::uint32_t stream, std::uint32_t i) {
  std::uint32_t h = (i + 1) * 2654435761u ^ stream * 0x9e3779b9u;
  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  return h ^ h >> 16;
}
/// n numbers of U(low, high), exactly alike on all sides.
inline std::vector<float> numbers(std::uint32_t stream, std::size_t n, double low, double high) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double unit = (bits(stream, static_cast<std::uint32_t>(i)) >> 8) * 0x1p-24;
    x[i] = static_cast<float>(low + (high - low) * unit);
  }
  return x;
}
inline std::vector<std::int64_t> labels(std::uint32_t stream, std::size_t n, std::uint32_t classes = 10) {
  std::vector<std::int64_t> y(n);
  for (std::size_t i = 0; i < n; ++i) y[i] = bits(stream, static_cast<std::uint32_t>(i)) % classes;
  return y;
}

/// The products of W5: squares, and those of a step of W1, W2 and W3.
struct Product {
  const char* name;
  bool transposed_a, transposed_b;
  std::int64_t m, n, k;
};
inline constexpr Product products[] = {
    {"256", false, false, 256, 256, 256},     {"1024", false, false, 1024, 1024, 1024},
    {"2048", false, false, 2048, 2048, 2048}, {"W1_xw", false, false, 100, 50, 784},
    {"W1_xTg", true, false, 784, 50, 100},    {"W1_gwT", false, true, 100, 50, 10},
    {"W2_xw", false, false, 1, 100, 784},     {"W2_xTg", true, false, 784, 100, 1},
    {"W2_gwT", false, true, 1, 100, 10},      {"W3_xw", false, false, 128, 512, 784},
    {"W3_xTg", true, false, 784, 512, 128},   {"W3_gwT", false, true, 128, 512, 512},
};

/// What a step of W4's chain takes from y, as a part of it, and gives back: y stays 1, no gradient becomes denormal,
/// and gradients per node are those of a chain of any length.
constexpr double chain_part(int nodes) { return 1e6 * 0x1p-20 / nodes; }

/// A workload, set up.
struct Run {
  std::function<void()> step;
  /// Takes the first steps and returns what came out of them: all sides have to agree.
  std::function<std::vector<double>()> check;
  double units = 1;  ///< what a step counts as: its time is given per unit
  /// More about it, by name.
  std::function<std::map<std::string, double>()> figures = [] { return std::map<std::string, double>(); };
};

struct Workload {
  std::string name;
  std::function<Run()> set_up;
  bool usual = true;  ///< otherwise it runs only when asked for by name
};
inline std::vector<Workload>& workloads() {
  static std::vector<Workload> all;
  return all;
}
inline const Workload* find(const std::string& name) {
  for (const Workload& w : workloads())
    if (w.name == name) return &w;
  return nullptr;
}

/// Lists a class with step() and check(), and the arguments to construct it with, as a workload. Where it counts
/// units it has a member `units`, and a member figures() where there is more to tell.
template <class State> struct Registered {
  template <class... Arguments> explicit Registered(std::string name, Arguments... arguments) {
    workloads().push_back({std::move(name), [=] {
                             auto state = std::make_shared<State>(arguments...);
                             Run run;
                             run.step = [state] { state->step(); };
                             run.check = [state] { return state->check(); };
                             if constexpr (requires { state->units; }) run.units = state->units;
                             if constexpr (requires { state->figures(); })
                               run.figures = [state] { return state->figures(); };
                             return run;
                           }});
  }
};

/// The losses of the first three steps: the third is right if values, gradients and updates are.
template <class Step> std::vector<double> three(Step&& step) {
  std::vector<double> losses;
  for (int i = 0; i < 3; ++i) losses.push_back(step());
  return losses;
}
/// The sum of |x|.
inline double magnitude(const float* x, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i] < 0 ? -double{x[i]} : double{x[i]};
  return sum;
}

/// By the clock, and of processors, all threads together: what other programs do changes that little.
struct Time {
  double seconds, cpu;
};
inline Time time_of(const std::function<void()>& step, long steps) {
  const auto cpu = [] {
    std::timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_begin = cpu();
  for (long i = 0; i < steps; ++i) step();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), cpu() - cpu_begin};
}

/// At least, in seconds: short against the time slices of a busy machine.
inline constexpr double repetition = 0.002;

/// Answers each line "<workload> <seconds>" on stdin with a line of JSON: the time per unit of each repetition, of
/// which as many are run as fit into that time. What is set up stays so until another workload is named.
inline void serve(const std::string& about) {
  const auto list = [](const char* name, const std::vector<double>& values) {
    std::printf("\"%s\": [", name);
    for (std::size_t i = 0; i < values.size(); ++i) std::printf("%s%.17g", i ? ", " : "", values[i]);
    std::printf("]");
  };
  std::printf("{%s}\n", about.c_str());
  std::fflush(stdout);
  std::string name, current;
  double budget;
  Run run;
  std::vector<double> value;
  long steps = 1;
  while (std::cin >> name >> budget) {
    const Workload* workload = find(name);
    if (!workload) {
      std::printf("{\"missing\": \"not written\"}\n");
    } else {
      if (name != current) {
        run = Run();
        run = workload->set_up();
        value = run.check();
        current = name;
        steps = 1;
        while (time_of(run.step, steps).seconds < repetition) steps *= 2;
      }
      std::vector<double> seconds, cpu;
      for (double used = 0; used < budget * 0.9;) {
        const Time t = time_of(run.step, steps);
        const double units = static_cast<double>(steps) * run.units;
        used += t.seconds;
        seconds.push_back(t.seconds / units);
        cpu.push_back(t.cpu / units);
      }
      std::printf("{");
      list("value", value);
      std::printf(", ");
      list("seconds", seconds);
      std::printf(", ");
      list("cpu", cpu);
      std::printf("}\n");
    }
    std::fflush(stdout);
  }
}

}  // namespace bench
