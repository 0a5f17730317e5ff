#include <xgrad/ops/bmm.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/matmul.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "bmm"};

}  // namespace

Tensor bmm(const Operand& a, const Operand& b) {
  const Call call(op, a, b);
  const Shape &sa = call.shape(0), &sb = call.shape(1);
  if (sa.rank() != 3 || sb.rank() != 3 || sa[0] != sb[0] || sa[2] != sb[1])
    call.fail<ShapeError>("a is {}, b is {}: expected (B, n, k) and (B, k, m)", to_string(sa), to_string(sb));
  const CallScope scope(call);
  return matmul(call.in(0), call.in(1));
}

}  // namespace xgrad
