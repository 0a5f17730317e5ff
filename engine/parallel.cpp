#include <xgrad/engine/error.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/team.hpp>
#include <xgrad/engine/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

// The thread sanitizer's, where the program is linked with it. oneTBB comes without instrumentation, so neither is what
// this file compiles of it: the order that it keeps has to be told.
extern "C" {
[[gnu::weak]] void __tsan_acquire(void*);
[[gnu::weak]] void __tsan_release(void*);
}

namespace xgrad {
namespace {

void tell_release(void* order) noexcept {
  if (__tsan_release) __tsan_release(order);
}
void tell_acquire(void* order) noexcept {
  if (__tsan_acquire) __tsan_acquire(order);
}

int initial_threads() {
  const char* text = std::getenv("XGRAD_THREADS");
  if (!text || !*text) return tbb::info::default_concurrency();
  int count = 0;
  const char* end = text + std::strlen(text);
  if (std::from_chars(text, end, count).ptr != end || count < 1 || count > 1024)
    throw ValueError(
        std::string("XGRAD_THREADS: '").append(text).append("' is no number of threads, expected 1 to 1024"));
  return count;
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{initial_threads()};
  return count;
}

// The arena's size is fixed when it is made; a new thread count makes a new one. A thread that is inside the old
// one keeps it alive.
class Arena {
 public:
  std::shared_ptr<tbb::task_arena> get() {
    const std::lock_guard lock(mutex_);
    const int wanted = thread_count().load(std::memory_order_relaxed);
    if (size_ != wanted) {
      // TBB would not start more workers than there are processors, and say so on stderr.
      limit_ = std::make_unique<tbb::global_control>(
          tbb::global_control::max_allowed_parallelism,
          static_cast<std::size_t>(std::max(wanted, tbb::info::default_concurrency())));
      current_ = std::make_shared<tbb::task_arena>(wanted);
      size_ = wanted;
    }
    return current_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<tbb::task_arena> current_;
  std::unique_ptr<tbb::global_control> limit_;
  int size_ = 0;
};

// Never destroyed: what runs as the program ends, on this thread or another, may still compute.
Arena& arena() {
  static Arena* const instance = new Arena;
  return *instance;
}

}  // namespace

int threads() { return thread_count().load(std::memory_order_relaxed); }

void set_threads(int count) {
  if (count < 1 || count > 1024)
    throw ValueError("set_threads: " + std::to_string(count) + " threads, expected 1 to 1024");
  thread_count().store(count, std::memory_order_relaxed);
}

namespace detail {

void Team::wait() const noexcept {
  // What others still do takes microseconds, unless their processor is taken away.
  for (int spins = 0; shared_->done.value.load(std::memory_order_acquire) < end_; ++spins)
    if (spins < 4096) tbb::detail::machine_pause(1);
    else std::this_thread::yield();
}

void run_team(std::int64_t most, TeamFunction f, void* context) {
  const std::int64_t members = std::min({most, std::int64_t{threads()}, Team::Shared::most});
  if (members <= 1) {
    Team alone;
    return f(context, alone);
  }
  Team::Shared shared(members);
  char begin = 0, end = 0;  // what the thread sanitizer hangs the order on
  tell_release(&begin);
  const auto run = [&](std::int64_t member) {
    tell_acquire(&begin);
    Team team(&shared, member);
    try {
      f(context, team);
    } catch (...) {  // nobody is to wait for this one
      constexpr std::int64_t beyond = std::int64_t{1} << 60;
      for (Team::Shared::Counter& next : shared.next) next.value.store(beyond);
      shared.done.value.store(beyond);
      throw;
    }
    tell_release(&end);
  };
  arena().get()->execute([&] {
    // Not tbb::parallel_for: there a worker that takes half of a range makes tasks, and the first one heap calls.
    tbb::task_group group;
    for (std::int64_t member = 1; member < members; ++member) group.run([&run, member] { run(member); });
    group.run_and_wait([&run] { run(0); });
  });
  tell_acquire(&end);
}

void run_tiles(std::int64_t tiles, TileFunction f, void* context) {
  with_team(tiles, [=](Team& team) { team.tiles(tiles, [=](std::int64_t tile) { f(context, tile); }); });
}

}  // namespace detail
}  // namespace xgrad
