#include <xgrad/ops/argmax.hpp>

#include <xgrad/ops/internal/reduce.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "argmax"};

}  // namespace

Tensor argmax(const Operand& x, const Axes& axes, bool keepdims) {
  const Call call(op, x);
  return arg_extremum(call, call.in(0), axes, keepdims);
}

}  // namespace xgrad
