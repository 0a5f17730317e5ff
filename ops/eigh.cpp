#include <xgrad/ops/eigh.hpp>

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

constexpr Reads reads_all = reads_in(0) | reads_in(1) | reads_in(2);

/// The decomposition that was saved; as functions of x where the derivative is recorded.
Eigh saved(Vjp& d) { return d.recording() ? eigh(d.in(0)) : Eigh{d.in(1), d.in(2)}; }

// Inputs are x, and the values and vectors as constants.
const Op values_op{.name = "eigh", .reads = {reads_all}, .vjp = [](Vjp& d) {
                     const Tensor v = saved(d).vectors;
                     d.add(0, matmul(v * unsqueeze(d.grad(), -2), false, v, true));
                   }};
const Op vectors_op{.name = "eigh", .reads = {reads_all}, .vjp = [](Vjp& d) {
                      const auto [w, v] = saved(d);
                      const Tensor inner = matmul(v, true, d.grad(), false);
                      const Tensor gaps = unsqueeze(w, -2) - unsqueeze(w, -1) + eye(w.shape()[w.rank() - 1], w.dtype());
                      const Tensor turned = (inner - transposed(inner)) * 0.5 / gaps;
                      d.add(0, matmul(matmul(v, false, turned, false), false, v, true));
                    }};

}  // namespace

Eigh eigh(const Operand& x) {
  const Call call(values_op, x);
  const Matrices m = square_of(call);
  check_finite(call, m);
  const i64 n = m.rows;
  Output values(m.dtype, m.shape({n})), vectors(m.dtype, call.shape(0));
  const i64 refused = n == 0 ? -1 : typed(m.dtype, [&]<class T>(T) {
    const auto* const from = static_cast<const T*>(elements(call.in(0)));
    auto *const w = static_cast<T*>(values.get()), *const v = static_cast<T*>(vectors.get());
    return first_refused(m.count, 8 * n * n * n, [&](i64 i) {
      std::copy_n(from + i * n * n, n * n, v + i * n * n);
      return Lapack<T>::eigh(n, v + i * n * n, w + i * n);
    });
  });
  if (refused >= 0) call.fail<ValueError>("{}: LAPACK's iteration does not converge", which(call.in(0), refused));
  const Tensor inputs[] = {call.in(0), values.finish(), vectors.finish()};
  return {record_part(call, values_op, inputs, 1), record_part(call, vectors_op, inputs, 2)};
}

}  // namespace xgrad
