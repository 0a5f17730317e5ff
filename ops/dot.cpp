#include <xgrad/ops/dot.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/matmul.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "dot"};

}  // namespace

Tensor dot(const Operand& a, const Operand& b) {
  const Call call(op, a, b);
  call.floating();
  if (call.shape(0).rank() != 1 || call.shape(0) != call.shape(1))
    call.fail<ShapeError>("a is {}, b is {}: expected two vectors of one length", to_string(call.shape(0)),
                          to_string(call.shape(1)));
  const CallScope scope(call);
  return matmul(call.in(0), call.in(1));
}

}  // namespace xgrad
