#include <xgrad/ops/inv.hpp>

#include <xgrad/ops/internal/linalg.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/neg.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "inv", .reads = {reads_output}, .vjp = [](Vjp& d) {
              const Tensor y = d.out();
              d.add(0, -matmul(matmul(y, true, d.grad(), false), false, y, true));
            }};

}  // namespace

Tensor inv(const Operand& x) {
  Call call(op, x);
  const Matrices m = square_of(call);
  const i64 n = m.rows;
  const Factors factors(call.in(0), m);
  if (factors.singular >= 0) call.fail<ValueError>("{} is singular", which(call.in(0), factors.singular));
  Output out(m.dtype, call.shape(0));
  if (n > 0)
    typed(m.dtype, [&]<class T>(T) {
      const auto* const lu = static_cast<const T*>(elements(factors.lu));
      auto* const to = static_cast<T*>(out.get());
      first_refused(m.count, n * n * n, [&](i64 i) {
        Lapack<T>::lu_inverse(n, lu + i * n * n, factors.pivots() + i * n, to + i * n * n);
        return true;
      });
    });
  return call.record(out.finish());
}

}  // namespace xgrad
