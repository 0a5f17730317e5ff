#pragma once
// Counts the heap calls of the whole program, its libraries included, keeps the largest, and makes one fail. For one
// file of a program; where a sanitizer has the heap for itself, XGRAD_COUNTS_HEAP_CALLS is not defined.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define XGRAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define XGRAD_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(XGRAD_SANITIZED)
#define XGRAD_COUNTS_HEAP_CALLS 1

namespace xgrad::tests {

inline std::atomic<long> heap_calls{0};
/// The call of that number finds no memory.
inline std::atomic<long> failing_call{-1};
/// In bytes.
inline std::atomic<std::size_t> largest_request{0};

/// Counts a call; false if it is to fail.
inline bool may_allocate(std::size_t size) noexcept {
  if (size > largest_request.load(std::memory_order_relaxed)) largest_request = size;
  return ++heap_calls != failing_call.load(std::memory_order_relaxed);
}

/// In that many runs of f, after two others.
template <class F> long heap_calls_in(F f, int runs = 100) {
  for (int i = 0; i < 2; ++i) f();
  const long before = heap_calls;
  for (int i = 0; i < runs; ++i) f();
  return heap_calls - before;
}

}  // namespace xgrad::tests

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) { return xgrad::tests::may_allocate(size) ? __libc_malloc(size) : nullptr; }
void* calloc(std::size_t count, std::size_t size) {
  return xgrad::tests::may_allocate(count * size) ? __libc_calloc(count, size) : nullptr;
}
void* realloc(void* block, std::size_t size) {
  return xgrad::tests::may_allocate(size) ? __libc_realloc(block, size) : nullptr;
}
void* memalign(std::size_t alignment, std::size_t size) {
  return xgrad::tests::may_allocate(size) ? __libc_memalign(alignment, size) : nullptr;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  void* const got = memalign(alignment, size);
  if (!got) return ENOMEM;
  *block = got;
  return 0;
}
}

namespace xgrad::tests {

/// Whether the counting itself works, for all that `new` and libraries may call.
inline bool heap_calls_are_counted() {
  const long before = heap_calls;
  void* blocks[] = {std::malloc(8),           std::calloc(1, 8),
                    std::realloc(nullptr, 8), std::aligned_alloc(64, 64),
                    memalign(64, 64),         nullptr};
  const bool all = posix_memalign(&blocks[5], 64, 64) == 0 && heap_calls - before == 6;
  for (void* volatile block : blocks) std::free(block);  // volatile: an unused block need not be asked for
  return all;
}

}  // namespace xgrad::tests

#endif
