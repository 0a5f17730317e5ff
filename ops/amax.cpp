#include <xgrad/ops/amax.hpp>

#include <xgrad/ops/internal/reduce.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "amax", .reads = {reads_in(0) | reads_output}, .vjp = extremum_vjp};

}  // namespace

Tensor amax(const Operand& x, const Axes& axes, bool keepdims) { return extremum(op, x, axes, keepdims, max_along); }

}  // namespace xgrad
