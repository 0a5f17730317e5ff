#pragma once
// Times two things in turn, A B A B ..., so that a drift of the machine's speed meets both alike.
#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

struct Spread {
  double low, median, high;
  explicit Spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    low = values.front();
    median = values[values.size() / 2];
    high = values.back();
  }
};

/// Seconds per call of f, over `calls` calls.
template <class F> double seconds_per_call(F&& f, int calls) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / calls;
}

/// Prints both times in microseconds and the ratio A / B, pair by pair: median [low, high].
template <class A, class B>
void side_by_side(const char* name_a, A&& a, const char* name_b, B&& b, int pairs = 41, int calls = 200) {
  std::vector<double> times_a, times_b, ratios;
  seconds_per_call(a, calls);
  seconds_per_call(b, calls);
  for (int i = 0; i < pairs; ++i) {
    times_a.push_back(1e6 * seconds_per_call(a, calls));
    times_b.push_back(1e6 * seconds_per_call(b, calls));
    ratios.push_back(times_a.back() / times_b.back());
  }
  const auto print = [](const char* name, const Spread& s, const char* unit) {
    fmt::print("{:>24}  {:9.3f} {} [{:.3f}, {:.3f}]\n", name, s.median, unit, s.low, s.high);
  };
  print(name_a, Spread(times_a), "us");
  print(name_b, Spread(times_b), "us");
  print("ratio", Spread(ratios), "  ");
}
