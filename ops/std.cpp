#include <xgrad/ops/std.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/root.hpp>
#include <xgrad/ops/var.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "std"};

}  // namespace

Tensor std(const Operand& x, const Axes& axes, double correction, bool keepdims) {
  const Call call(op, x);
  const CallScope scope(call);
  return root(var(call.in(0), axes, correction, keepdims));
}

}  // namespace xgrad
