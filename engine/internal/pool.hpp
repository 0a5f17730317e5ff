#pragma once
// Size-classed memory: blocks of a thread go back to that thread's lists and are handed out again without a heap call.
#include <cstddef>

#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

/// At least `bytes` bytes, aligned to 64; `size_class` is needed to give them back.
void* pool_get(std::size_t bytes, u16& size_class);
void pool_put(void* block, u16 size_class) noexcept;

}  // namespace xgrad::detail
