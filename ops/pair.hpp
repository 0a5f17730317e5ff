#pragma once
#include <cstdint>

namespace xgrad {

/// A number for the rows and one for the columns, or one for both.
struct Pair {
  std::int64_t h, w;
  constexpr Pair(std::int64_t both) noexcept : h(both), w(both) {}
  constexpr Pair(std::int64_t rows, std::int64_t columns) noexcept : h(rows), w(columns) {}
};

}  // namespace xgrad
