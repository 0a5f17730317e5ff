#include <xgrad/ops/solve.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/linalg.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace detail {
namespace {

struct Solve {
  bool transposed;
};

const Op op{.name = "solve", .reads = {reads_in(0) | reads_output, reads_in(0)}, .vjp = [](Vjp& d) {
              const bool t = d.attributes<Solve>().transposed;
              const Tensor gb = solve(d.in(0), !t, d.grad());
              if (d.wanted(0)) {
                const Tensor x = d.out();
                d.add(0, -(t ? matmul(x, false, gb, true) : matmul(gb, false, x, true)));
              }
              if (d.wanted(1)) d.add(1, gb);
            }};

/// Whether b, of solve(a, b), is a batch of vectors.
bool is_vector(const Shape& a, const Shape& b) {
  return b.rank() == 1 || (b.rank() + 1 == a.rank() && b == Shape(a.begin(), a.rank() - 1));
}

}  // namespace

Tensor solve(const Operand& a, bool transposed, const Operand& b) {
  Call call(op, a, b);
  const Matrices m = square_of(call);
  const Shape& sb = call.shape(1);
  const i64 n = m.rows;
  if (sb.rank() < 2 || sb[sb.rank() - 2] != n)
    call.fail<ShapeError>("rows differ: a is {}, b is {}", to_string(call.shape(0)), to_string(sb));
  const i64 k = sb[sb.rank() - 1];
  const Shape batch_b = batch_of(call.in(1));
  Shape batch;
  if (!broadcast(m.batch, batch_b, batch))
    call.fail<ShapeError>("batches do not broadcast: a is {}, b is {}", to_string(call.shape(0)), to_string(sb));
  const CallScope scope(call);
  const Factors factors(call.in(0), m);
  if (factors.singular >= 0) call.fail<ValueError>("{} is singular", which(call.in(0), factors.singular));
  Shape shape = batch;
  shape.push_back(n);
  shape.push_back(k);
  Output out(m.dtype, shape);
  const BatchIndex index_a(batch, m.batch), index_b(batch, batch_b);
  if (n > 0 && k > 0)
    typed(m.dtype, [&]<class T>(T) {
      const auto* const from_b = static_cast<const T*>(elements(call.in(1)));
      const auto* const lu = static_cast<const T*>(elements(factors.lu));
      auto* const to = static_cast<T*>(out.get());
      first_refused(batch.size(), n * n * k, [&](i64 i) {
        const i64 matrix = index_a(i);
        std::copy_n(from_b + index_b(i) * n * k, n * k, to + i * n * k);
        Lapack<T>::lu_solve(transposed, n, k, lu + matrix * n * n, factors.pivots() + matrix * n, to + i * n * k);
        return true;
      });
    });
  return call.record(out.finish(), Solve{transposed});
}

}  // namespace detail

Tensor solve(const Operand& a, const Operand& b) {
  using namespace detail;
  const Call call(op, a, b);
  const Matrices m = square_of(call);
  Shape shape = call.shape(1);
  if (!is_vector(call.shape(0), shape)) return detail::solve(a, false, b);
  if (shape[shape.rank() - 1] != m.rows)
    call.fail<ShapeError>("rows differ: a is {}, b is {}", to_string(call.shape(0)), to_string(shape));
  const CallScope scope(call);
  shape.push_back(1);
  return reshape(detail::solve(call.in(0), false, reshape(call.in(1), shape)), m.shape({m.rows}));
}

}  // namespace xgrad
