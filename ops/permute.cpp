#include <xgrad/ops/permute.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/transpose.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "permute"};

}  // namespace

Tensor permute(const Operand& x, const Axes& axes) {
  const Call call(op, x);
  if (axes.all() && call.shape(0).rank() > 0) call.fail<ShapeError>("no axes given for {}", describe(call.in(0)));
  const CallScope scope(call);
  return transpose(call.in(0), axes);
}

}  // namespace xgrad
