#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#if defined(__SANITIZE_THREAD__)
#define XGRAD_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XGRAD_TSAN 1
#endif
#endif
#ifdef XGRAD_TSAN
// oneTBB comes without instrumentation: its own synchronisation has to be told to the thread sanitizer.
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#else
static void __tsan_acquire(void*) {}
static void __tsan_release(void*) {}
#endif

namespace xgrad {
namespace {

int initial_threads() noexcept {
  if (const char* text = std::getenv("XGRAD_THREADS")) {
    int count = 0;
    const char* end = text + std::strlen(text);
    if (std::from_chars(text, end, count).ptr == end && count >= 1 && count <= 1024) return count;
  }
  return tbb::info::default_concurrency();
}

std::atomic<int>& thread_count() noexcept {
  static std::atomic<int> count{initial_threads()};
  return count;
}

// The arena's size is fixed when it is made; a new thread count makes a new one. A thread that is inside the old
// one keeps it alive.
std::shared_ptr<tbb::task_arena> arena() {
  static std::mutex mutex;
  static std::shared_ptr<tbb::task_arena> current;
  static std::unique_ptr<tbb::global_control> limit;
  static int size = 0;
  const std::lock_guard lock(mutex);
  const int wanted = thread_count().load(std::memory_order_relaxed);
  if (size != wanted) {
    // TBB would not start more workers than there are processors, and say so on stderr.
    limit = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                  static_cast<std::size_t>(std::max(wanted, tbb::info::default_concurrency())));
    current = std::make_shared<tbb::task_arena>(wanted);
    size = wanted;
  }
  return current;
}

}  // namespace

int threads() noexcept { return thread_count().load(std::memory_order_relaxed); }

void set_threads(int count) {
  if (count < 1 || count > 1024)
    throw ValueError("set_threads: " + std::to_string(count) + " threads, expected 1 to 1024");
  thread_count().store(count, std::memory_order_relaxed);
}

namespace detail {

void run_tiles(std::int64_t tiles, TileFunction f, void* context) {
  if (tiles <= 1 || threads() == 1) {
    for (std::int64_t tile = 0; tile < tiles; ++tile) f(context, tile);
    return;
  }
  char begin = 0, end = 0;  // what the sanitizer hangs the order on
  __tsan_release(&begin);
  arena()->execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::int64_t>(0, tiles, 1),
        [&](const tbb::blocked_range<std::int64_t>& range) {
          __tsan_acquire(&begin);
          for (std::int64_t tile = range.begin(); tile < range.end(); ++tile) f(context, tile);
          __tsan_release(&end);
        },
        tbb::simple_partitioner());
  });
  __tsan_acquire(&end);
}

}  // namespace detail
}  // namespace xgrad
