#pragma once
// Work in stages on the same threads: starting them costs more than waiting for each other.
#include <atomic>
#include <cstdint>
#include <type_traits>

namespace xgrad::detail {

/// What one thread of a team sees of it. All of them call the same functions; who comes late finds their tiles taken.
class Team {
 public:
  /// Of all members. Tiles are counted through all stages.
  struct Shared {
    static constexpr std::int64_t most = 64;
    struct alignas(64) Counter {
      std::atomic<std::int64_t> value{0};
    };
    const std::int64_t members;
    Counter done, next[most];  ///< of each member's tiles

    explicit Shared(std::int64_t count) noexcept : members(count) {}
  };

  /// Without anything shared the team is this thread.
  explicit Team(Shared* shared = nullptr, std::int64_t member = 0) noexcept : shared_(shared), member_(member) {}

  /// Which one, from 0.
  std::int64_t member() const noexcept { return member_; }

  /// f(0) .. f(count - 1), each by one of the team, once all that earlier calls began has been done. As with
  /// parallel_for, what a tile computes follows from its number alone. Members begin with neighbouring tiles, at the
  /// same place in each stage, so that what one has in its caches is its own. Unless it is of the last stage, a tile
  /// must not run anything on several threads itself: while its thread waits for those, it may take part in other work.
  template <class F> void tiles(std::int64_t count, F&& f) {
    if (!shared_) {
      for (std::int64_t i = 0; i < count; ++i) f(i);
      return;
    }
    while (shared_->done.value.load(std::memory_order_acquire) < end_) wait();
    const std::int64_t begin = end_, members = shared_->members;
    end_ += count;
    for (std::int64_t k = 0; k < members; ++k) {  // its own, then what others have not come to
      const std::int64_t of = (member_ + k) % members;
      const std::int64_t first = begin + count * of / members, last = begin + count * (of + 1) / members;
      for (std::int64_t tile; (tile = take(shared_->next[of].value, first, last)) < last;
           shared_->done.value.fetch_add(1, std::memory_order_release))
        f(tile - begin);
    }
  }

 private:
  static std::int64_t take(std::atomic<std::int64_t>& next, std::int64_t first, std::int64_t last) noexcept {
    std::int64_t there = next.load(std::memory_order_relaxed), tile = first;
    do {
      tile = there < first ? first : there;
    } while (tile < last && !next.compare_exchange_weak(there, tile + 1, std::memory_order_relaxed));
    return tile;
  }
  void wait() const noexcept;

  Shared* shared_;
  std::int64_t member_, end_ = 0;
};

using TeamFunction = void (*)(void* context, Team& team);
void run_team(std::int64_t most, TeamFunction f, void* context);

/// f(team) on up to `most` of threads() threads at once, this one among them.
template <class F> void with_team(std::int64_t most, F&& f) {
  using Function = std::remove_reference_t<F>;
  run_team(
      most, [](void* context, Team& team) { (*static_cast<Function*>(context))(team); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace xgrad::detail
