#include <xgrad/ops/min.hpp>

#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/reduce.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "min", .reads = {reads_in(0) | reads_output}, .vjp = extremum_vjp};

}  // namespace

Tensor min(const Operand& x, const Axes& axes, bool keepdims) { return extremum(op, x, axes, keepdims, min_along); }

}  // namespace xgrad
