#include <xgrad/ops/outer.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "outer"};

}  // namespace

Tensor outer(const Operand& a, const Operand& b) {
  const Call call(op, a, b);
  if (call.shape(0).rank() != 1 || call.shape(1).rank() != 1)
    call.fail<ShapeError>("a is {}, b is {}: expected two vectors", to_string(call.shape(0)), to_string(call.shape(1)));
  const CallScope scope(call);
  return reshape(call.in(0), {call.in(0).size(), 1}) * call.in(1);
}

}  // namespace xgrad
