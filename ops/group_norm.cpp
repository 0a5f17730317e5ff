#include <xgrad/ops/group_norm.hpp>

#include <xgrad/ops/internal/normalize.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "group_norm"};

}  // namespace

Tensor group_norm(const Operand& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  check_channels(call, {&weight, &bias});
  if (groups < 1 || shape[1] % groups != 0)
    call.fail<ValueError>("{} groups of {} channels: x is {}", groups, shape[1], describe(call.in(0)));
  const CallScope scope(call);
  const i64 each = shape[0] * groups == 0 ? 0 : shape.size() / (shape[0] * groups);
  const Tensor y = standardized(reshape(call.in(0), {shape[0] * groups, each}), 1u << 1, eps);
  return scaled(reshape(y, shape), per_channel(weight, shape), per_channel(bias, shape));
}

}  // namespace xgrad
