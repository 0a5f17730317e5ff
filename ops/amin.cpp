#include <xgrad/ops/amin.hpp>

#include <xgrad/ops/internal/reduce.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "amin", .reads = {reads_in(0) | reads_output}, .vjp = extremum_vjp};

}  // namespace

Tensor amin(const Operand& x, const Axes& axes, bool keepdims) { return extremum(op, x, axes, keepdims, min_along); }

}  // namespace xgrad
