#include <xgrad/ops/cholesky.hpp>

#include <xgrad/ops/eye.hpp>
#include <xgrad/ops/internal/linalg.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sub.hpp>
#include <xgrad/ops/tril.hpp>

namespace xgrad {
namespace {

using namespace detail;

// l^-T (l^T g, its lower triangle with half the diagonal) l^-1, made symmetric: Murray 2016.
const Op op{.name = "cholesky", .reads = {reads_output}, .vjp = [](Vjp& d) {
              const Tensor l = d.out();
              const i64 n = l.shape()[l.rank() - 1];
              const Tensor lower = tril(ones({n, n}, l.dtype())) - eye(n, l.dtype()) * 0.5;
              const Tensor half = solve(l, true, matmul(l, true, d.grad(), false) * lower);
              d.add(0, symmetric(solve(l, true, transposed(half))));
            }};

}  // namespace

Tensor cholesky(const Operand& x) {
  Call call(op, x);
  const Matrices m = square_of(call);
  const i64 n = m.rows;
  Output out(m.dtype, call.shape(0));
  const i64 refused = n == 0 ? -1 : typed(m.dtype, [&]<class T>(T) {
    const auto* const from = static_cast<const T*>(elements(call.in(0)));
    auto* const to = static_cast<T*>(out.get());
    return first_refused(m.count, n * n * n / 6, [&](i64 matrix) {
      T* const l = to + matrix * n * n;
      for (i64 i = 0; i < n; ++i)
        for (i64 j = 0; j < n; ++j) l[i * n + j] = j <= i ? from[(matrix * n + i) * n + j] : T{0};
      if (!Lapack<T>::cholesky(n, l)) return false;
      for (i64 i = 0; i < n; ++i)
        if (!(l[i * (n + 1)] > 0)) return false;  // nan
      return true;
    });
  });
  if (refused >= 0) call.fail<ValueError>("{} is not positive definite", which(call.in(0), refused));
  return call.record(out.finish());
}

}  // namespace xgrad
