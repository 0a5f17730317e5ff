#pragma once
// How operations draw random numbers: in launches, which a plan does again from where the stream is by then.
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/random.hpp>

namespace xgrad::detail {

/// What a Random is, as its elements.
struct Stream {
  u64 seed, number, position;
  u64 bits() noexcept;
  double uniform() noexcept;
  double normal() noexcept;
  i64 below(i64 bound) noexcept;
};

struct RandomAccess {
  static const Tensor& state(const Random& random) noexcept { return random.state_; }
  static Stream& stream(const Random& random) noexcept {
    return *static_cast<Stream*>(Access::body(random.state_)->data);
  }
};

inline Elements updates(Random& random) noexcept { return updates(Access::body(RandomAccess::state(random))); }
inline Stream& stream_at(void* elements) noexcept { return *static_cast<Stream*>(elements); }

/// Sets n elements to draw(stream), in their order.
template <class T, class Draw> void fill_randomly(Output& out, i64 n, Random& random, Draw draw) {
  launch({writes(out), updates(random)}, [n, draw](Pointers p) {
    Stream stream = stream_at(p[1]);
    for (i64 i = 0; i < n; ++i) static_cast<T*>(p[0])[i] = static_cast<T>(draw(stream));
    stream_at(p[1]) = stream;
  });
}

}  // namespace xgrad::detail
