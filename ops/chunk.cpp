#include <xgrad/ops/chunk.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/split.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "chunk"};

}  // namespace

std::vector<Tensor> chunk(const Operand& x, std::int64_t chunks, int axis) {
  const Call call(op, x);
  axis = normal_axis(call, axis, call.shape(0).rank());
  if (chunks < 1) call.fail<ValueError>("{} parts, expected 1 or more: x is {}", chunks, describe(call.in(0)));
  const CallScope scope(call);
  const i64 n = call.shape(0)[axis], size = n / chunks + (n % chunks != 0);
  if (n == 0) return split(call.in(0), std::vector<i64>(static_cast<std::size_t>(chunks), 0), axis);
  return split(call.in(0), size, axis);
}

}  // namespace xgrad
