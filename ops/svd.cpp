#include <xgrad/ops/svd.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/eye.hpp>
#include <xgrad/ops/internal/linalg.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/unsqueeze.hpp>

namespace xgrad {
namespace {

using namespace detail;

constexpr Reads reads_all = reads_in(0) | reads_in(1) | reads_in(2) | reads_in(3);

/// The factors that were saved; as functions of x where the derivative is recorded.
Svd saved(Vjp& d) { return d.recording() ? svd(d.in(0)) : Svd{d.in(1), d.in(2), d.in(3)}; }

/// (x - x^T) / E, E_ij = s_j^2 - s_i^2.
Tensor over_gaps(const Tensor& x, const Tensor& s) {
  const Tensor row = unsqueeze(s, -2), column = unsqueeze(s, -1);
  return (x - transposed(x)) / ((row - column) * (row + column) + eye(s.shape()[s.rank() - 1], s.dtype()));
}

// Inputs are x, and u, s and vt as constants.
const Op u_op{.name = "svd", .reads = {reads_all}, .vjp = [](Vjp& d) {
                const auto [u, s, vt] = saved(d);
                const Tensor &g = d.grad(), inner = matmul(u, true, g, false), row = unsqueeze(s, -2);
                Tensor left = matmul(u, false, over_gaps(inner, s) * row, false);
                if (u.shape()[u.rank() - 2] > s.shape()[s.rank() - 1])
                  left = left + (g - matmul(u, false, inner, false)) / row;
                d.add(0, matmul(left, false, vt, false));
              }};
const Op s_op{.name = "svd", .reads = {reads_all}, .vjp = [](Vjp& d) {
                const auto [u, s, vt] = saved(d);
                d.add(0, matmul(u * unsqueeze(d.grad(), -2), false, vt, false));
              }};
const Op vt_op{.name = "svd", .reads = {reads_all}, .vjp = [](Vjp& d) {
                 const auto [u, s, vt] = saved(d);
                 const Tensor &g = d.grad(), inner = matmul(vt, false, g, true), column = unsqueeze(s, -1);
                 Tensor right = matmul(over_gaps(inner, s) * column, false, vt, false);
                 if (vt.shape()[vt.rank() - 1] > s.shape()[s.rank() - 1])
                   right = right + (g - matmul(inner, true, vt, false)) / column;
                 d.add(0, matmul(u, false, right, false));
               }};

}  // namespace

Svd svd(const Operand& x) {
  const Call call(s_op, x);
  const Matrices matrices = matrices_of(call);
  check_finite(call, matrices);
  const i64 m = matrices.rows, n = matrices.columns, k = std::min(m, n);
  Output u(matrices.dtype, matrices.shape({m, k})), s(matrices.dtype, matrices.shape({k})),
      vt(matrices.dtype, matrices.shape({k, n}));
  const i64 refused = k == 0 ? -1 : typed(matrices.dtype, [&]<class T>(T) {
    Tensor scratch = new_array(matrices.dtype, call.shape(0));
    const auto* const from = static_cast<const T*>(elements(call.in(0)));
    auto *const a = static_cast<T*>(Access::body(scratch)->data), *const to_u = static_cast<T*>(u.get()),
                *const to_s = static_cast<T*>(s.get()), *const to_vt = static_cast<T*>(vt.get());
    return first_refused(matrices.count, 8 * m * n * k, [&](i64 i) {
      std::copy_n(from + i * m * n, m * n, a + i * m * n);
      return Lapack<T>::svd(m, n, a + i * m * n, to_u + i * m * k, to_s + i * k, to_vt + i * k * n);
    });
  });
  if (refused >= 0) call.fail<ValueError>("{}: LAPACK's iteration does not converge", which(call.in(0), refused));
  const Tensor inputs[] = {call.in(0), u.finish(), s.finish(), vt.finish()};
  return {record_part(call, u_op, inputs, 1), record_part(call, s_op, inputs, 2), record_part(call, vt_op, inputs, 3)};
}

}  // namespace xgrad
