#include <xgrad/ops/qr.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/concatenate.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/linalg.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/tril.hpp>

namespace xgrad {
namespace {

using namespace detail;

constexpr Reads reads_all = reads_in(0) | reads_in(1) | reads_in(2);

/// The factors that were saved; as functions of x where the derivative is recorded.
Qr saved(Vjp& d) { return d.recording() ? qr(d.in(0)) : Qr{d.in(1), d.in(2)}; }

/// The lower triangle of x, mirrored.
Tensor mirrored(const Tensor& x) { return tril(x) + transposed(tril(x, -1)); }

/// x r^-T.
Tensor over_transposed(const Tensor& x, const Tensor& r) { return transposed(solve(r, false, transposed(x))); }

// Inputs are x, and q and r as constants.
const Op q_op{.name = "qr", .reads = {reads_all}, .vjp = [](Vjp& d) {
                const auto [q, r] = saved(d);
                const Tensor& g = d.grad();
                d.add(0, over_transposed(g + matmul(q, false, mirrored(-matmul(g, true, q, false)), false), r));
              }};
const Op r_op{.name = "qr", .reads = {reads_all}, .vjp = [](Vjp& d) {
                const auto [q, r] = saved(d);
                const Tensor inner = mirrored(matmul(r, false, d.grad(), true));
                d.add(0, over_transposed(matmul(q, false, inner, false), r));
              }};

/// The columns from `first` to `last` of each matrix.
Tensor columns(const Tensor& x, i64 first, i64 last) {
  Slice range[max_rank];
  range[x.rank() - 1] = Slice(first, last);
  return slice(x, range, static_cast<std::size_t>(x.rank()));
}

}  // namespace

Qr qr(const Operand& x) {
  const Call call(q_op, x);
  const Matrices matrices = matrices_of(call);
  const i64 m = matrices.rows, n = matrices.columns;
  const CallScope scope(call);
  if (m < n) {  // of the square in front; the other columns follow
    const auto [q, r] = qr(columns(call.in(0), 0, m));
    return {q, concatenate({r, matmul(q, true, columns(call.in(0), m, n), false)}, -1)};
  }
  Output q(matrices.dtype, call.shape(0)), r(matrices.dtype, matrices.shape({n, n}));
  if (n > 0)
    typed(matrices.dtype, [&]<class T>(T) {
      const auto* const from = static_cast<const T*>(elements(call.in(0)));
      auto *const to_q = static_cast<T*>(q.get()), *const to_r = static_cast<T*>(r.get());
      first_refused(matrices.count, 2 * m * n * n, [&](i64 i) {
        Lapack<T>::qr(m, n, from + i * m * n, to_q + i * m * n, to_r + i * n * n);
        return true;
      });
    });
  const Tensor inputs[] = {call.in(0), q.finish(), r.finish()};
  return {record_part(call, q_op, inputs, 1), record_part(call, r_op, inputs, 2)};
}

}  // namespace xgrad
