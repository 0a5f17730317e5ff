#include <xgrad/engine/internal/pool.hpp>

#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

#include <xgrad/engine/runtime.hpp>

#ifdef __linux__
#include <sys/mman.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XGRAD_POISON 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define XGRAD_POISON 1
#endif
#ifdef XGRAD_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace xgrad::detail {
namespace {

// Up to 1 KiB a class every 64 bytes; from there eight classes an octave, so at most an eighth is wasted.
constexpr int fine_classes = 16, steps = 8, class_count = fine_classes + 1 + 36 * steps;
constexpr std::size_t unit = 64, huge_page = std::size_t{2} << 20;

u16 class_of(std::size_t bytes) noexcept {
  const std::size_t units = bytes <= unit ? 1 : (bytes + unit - 1) / unit;
  if (units <= fine_classes) return static_cast<u16>(units);
  const int octave = static_cast<int>(std::bit_width(units - 1)) - 1;  // 2^octave < units <= 2^(octave + 1)
  const std::size_t step = std::size_t{1} << (octave - 3);
  const std::size_t part = (units - (std::size_t{1} << octave) + step - 1) / step;
  return static_cast<u16>(static_cast<std::size_t>(fine_classes + (octave - 4) * steps) + part);
}

std::size_t bytes_of(u16 size_class) noexcept {
  if (size_class <= fine_classes) return size_class * unit;
  const int octave = (size_class - fine_classes - 1) / steps + 4;
  const auto part = static_cast<std::size_t>(size_class - fine_classes - (octave - 4) * steps);
  return ((std::size_t{1} << octave) + part * (std::size_t{1} << (octave - 3))) * unit;
}

struct Block {
  Block* next;
};

// Under the address sanitizer nothing of a block can be touched but these first bytes. Of a free one that is the link
// to the next: the leak checker does not look into what is poisoned.
void open_only([[maybe_unused]] std::size_t bytes, [[maybe_unused]] void* block,
               [[maybe_unused]] u16 size_class) noexcept {
#ifdef XGRAD_POISON
  __asan_unpoison_memory_region(block, bytes);
  __asan_poison_memory_region(static_cast<char*>(block) + bytes, bytes_of(size_class) - bytes);
#endif
}

// Blocks no thread holds. Never destroyed: tensors with static storage may outlive everything else.
struct Shared {
  std::mutex mutex;
  Block* lists[class_count] = {};
};
constinit Shared shared;
constinit std::atomic<i64> in_use{0}, peak{0}, reserved{0};

// A thread counts what it takes and gives back, and reports in coarse steps so that small blocks cost no atomics.
constexpr i64 report_step = 64 * 1024;

struct ThreadPool {
  Block* lists[class_count] = {};
  i64 balance = 0;     // bytes taken minus bytes given back by this thread
  i64 unreported = 0;  // of which `in_use` does not know yet
  bool registered = false, closed = false;

  void count(i64 bytes) noexcept {
    balance += bytes;
    unreported += bytes;
    if (unreported >= report_step || unreported <= -report_step) report();
  }
  void report() noexcept {
    const i64 now = in_use.fetch_add(unreported, std::memory_order_relaxed) + unreported;
    unreported = 0;
    i64 seen = peak.load(std::memory_order_relaxed);
    while (now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
    }
  }
  void hand_over() noexcept {
    const std::lock_guard lock(shared.mutex);
    for (u16 c = 0; c < class_count; ++c)
      while (Block* b = lists[c]) {
        lists[c] = b->next;
        b->next = shared.lists[c];
        shared.lists[c] = b;
      }
  }
};
constinit thread_local ThreadPool pool;

struct Closer {
  ~Closer() {
    pool.report();
    pool.hand_over();
    pool.closed = true;
  }
};

/// What this thread has taken and given back is passed on when it ends.
void enroll() noexcept {
  if (pool.registered) return;
  thread_local Closer closer;
  pool.registered = true;
}

void* get_slow(u16 size_class) {
  enroll();
  {
    const std::lock_guard lock(shared.mutex);
    if (Block* b = shared.lists[size_class]) {
      shared.lists[size_class] = b->next;
      return b;
    }
  }
  const std::size_t bytes = bytes_of(size_class);
  void* block = nullptr;
  if (posix_memalign(&block, bytes < huge_page ? unit : huge_page, bytes) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  // Touching new memory by small pages costs 0.3 ns a byte and more; a refusal changes nothing else.
  if (bytes >= huge_page) madvise(block, bytes, MADV_HUGEPAGE);
#endif
  reserved.fetch_add(static_cast<i64>(bytes), std::memory_order_relaxed);
  return block;
}

void put_shared(Block* block, u16 size_class) noexcept {
  const std::lock_guard lock(shared.mutex);
  block->next = shared.lists[size_class];
  shared.lists[size_class] = block;
}

}  // namespace

void* pool_get(std::size_t bytes, u16& size_class) {
  if (bytes > std::size_t{1} << 44) throw std::bad_alloc();
  size_class = class_of(bytes);
  Block*& list = pool.lists[size_class];
  Block* block = list;
  if (block) list = block->next;
  else block = static_cast<Block*>(get_slow(size_class));
  open_only(bytes, block, size_class);
  pool.count(static_cast<i64>(bytes_of(size_class)));
  return block;
}

void pool_put(void* memory, u16 size_class) noexcept {
  auto* block = static_cast<Block*>(memory);
  open_only(sizeof(Block), block, size_class);
  pool.count(-static_cast<i64>(bytes_of(size_class)));
  // A thread that gives back more than it ever took (a consumer of another's tensors) passes the surplus on.
  if (pool.balance < 0 || pool.closed) {
    if (pool.closed) pool.report();
    else enroll();
    put_shared(block, size_class);
    pool.balance = 0;
  } else {
    block->next = pool.lists[size_class];
    pool.lists[size_class] = block;
  }
}

}  // namespace xgrad::detail

namespace xgrad {

MemoryUse memory_use() noexcept {
  detail::pool.report();
  const auto used = detail::in_use.load(std::memory_order_relaxed);
  return {used, detail::peak.load(std::memory_order_relaxed), detail::reserved.load(std::memory_order_relaxed) - used};
}

void reset_peak_memory() noexcept {
  detail::pool.report();
  detail::peak.store(detail::in_use.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void trim_memory() noexcept {
  using namespace detail;
  pool.hand_over();
  const std::lock_guard lock(shared.mutex);
  for (u16 c = 0; c < class_count; ++c)
    while (Block* b = shared.lists[c]) {
      shared.lists[c] = b->next;
      std::free(b);
      reserved.fetch_sub(static_cast<i64>(bytes_of(c)), std::memory_order_relaxed);
    }
}

}  // namespace xgrad
