#include <xgrad/ops/slogdet.hpp>

#include <xgrad/ops/internal/linalg.hpp>
#include <xgrad/ops/inv.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "slogdet", .reads = {reads_in(0)}, .vjp = [](Vjp& d) {
              Shape shape = d.grad().shape();
              shape.push_back(1);
              shape.push_back(1);
              d.add(0, reshape(d.grad(), shape) * transposed(inv(d.in(0))));
            }};

}  // namespace

Slogdet slogdet(const Operand& x) {
  Call call(op, x);
  const Matrices m = square_of(call);
  const i64 n = m.rows;
  const Factors factors(call.in(0), m);
  Output signs(m.dtype, m.batch), logarithms(m.dtype, m.batch);
  typed(m.dtype, [&]<class T>(T) {
    const auto* const lu = static_cast<const T*>(elements(factors.lu));
    const int* const pivots = factors.pivots();
    for (i64 i = 0; i < m.count; ++i) {
      double sign = 1, logarithm = 0;
      for (i64 k = 0; k < n; ++k) {
        const auto u = static_cast<double>(lu[(i * n + k) * n + k]);
        sign *= u > 0 ? 1 : u < 0 ? -1 : u;  // 0 and nan stay
        logarithm += std::log(std::abs(u));
        if (pivots[i * n + k] != k + 1) sign = -sign;
      }
      static_cast<T*>(signs.get())[i] = static_cast<T>(sign == 0 ? 0 : sign);
      static_cast<T*>(logarithms.get())[i] = static_cast<T>(logarithm);
    }
  });
  return {signs.finish(), call.record(logarithms.finish())};
}

}  // namespace xgrad
