#include <xgrad/ops/trace.hpp>

#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "trace"};

}  // namespace

Tensor trace(const Operand& x) {
  const Call call(op, x);
  if (call.shape(0).rank() != 2) call.fail<ShapeError>("expected a matrix, the argument is {}", describe(call.in(0)));
  const CallScope scope(call);
  return sum(diagonal(call.in(0)));
}

}  // namespace xgrad
