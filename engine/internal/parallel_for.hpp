#pragma once
#include <cstdint>
#include <type_traits>

namespace xgrad::detail {

using TileFunction = void (*)(void* context, std::int64_t tile);
void run_tiles(std::int64_t tiles, TileFunction f, void* context);

/// Calls f(0) .. f(tiles - 1), in any order, on up to threads() threads. What a tile computes must follow from its
/// number alone, never from the thread count, so that the bits do not either.
template <class F> void parallel_for(std::int64_t tiles, F&& f) {
  if (tiles == 1) return f(std::int64_t{0});
  using Function = std::remove_reference_t<F>;
  run_tiles(
      tiles, [](void* context, std::int64_t tile) { (*static_cast<Function*>(context))(tile); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace xgrad::detail
