#include <xgrad/ops/cumsum.hpp>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

struct Direction {
  int axis;
  bool from_end;
};

Tensor running_sum(const Operand& x, const Direction& direction);

const Op op{.name = "cumsum", .vjp = [](Vjp& d) {
              const auto [axis, from_end] = d.attributes<Direction>();
              d.add(0, running_sum(d.grad(), {axis, !from_end}));
            }};

template <class T, class Sum> void add_up(const T* from, const Middle& m, bool from_end, T* to) {
  for (i64 o = 0; o < m.outer; ++o)
    for (i64 j = 0; j < m.inner; ++j) {
      const i64 first = o * m.n * m.inner + j;
      Sum sum = 0;
      for (i64 k = 0; k < m.n; ++k) {
        const i64 i = first + (from_end ? m.n - 1 - k : k) * m.inner;
        to[i] = static_cast<T>(sum += from[i]);
      }
    }
}

Tensor running_sum(Call& call, const Direction& direction) {
  const Tensor& x = call.in(0);
  const Middle m = middle(x.shape(), direction.axis);
  Output out(x.dtype(), x.shape());
  if (x.size() == 0) return call.record(out.finish(), direction);
  launch({writes(out), reads(x)}, [dtype = x.dtype(), m, from_end = direction.from_end](Pointers p) {
    const auto run = [&]<class T, class Sum>(T, Sum) {
      add_up<T, Sum>(static_cast<const T*>(p[1]), m, from_end, static_cast<T*>(p[0]));
    };
    if (dtype == DType::float32) run(float{}, double{});
    else if (dtype == DType::float64) run(double{}, double{});
    else run(i64{}, i64{});
  });
  return call.record(out.finish(), direction);
}

Tensor running_sum(const Operand& x, const Direction& direction) {
  Call call(op, x);
  return running_sum(call, direction);
}

}  // namespace

Tensor cumsum(const Operand& x, int axis) {
  Call call(op, x);
  if (call.in(0).dtype() == DType::boolean)
    call.fail<DTypeError>("argument 1 is {}, expected float32, float64 or int64; convert with to(x, dtype)",
                          describe(call.in(0)));
  return running_sum(call, {normal_axis(call, axis, call.shape(0).rank()), false});
}

}  // namespace xgrad
