#include <xgrad/ops/batch_norm.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/internal/normalize.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "batch_norm"};

}  // namespace

Tensor batch_norm(const Operand& x, Tensor& running_mean, Tensor& running_var, const Tensor& weight, const Tensor& bias,
                  bool training, double momentum, double eps) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  check_channels(call, {&weight, &bias, &running_mean, &running_var});
  if (!(eps >= 0)) call.fail<ValueError>("eps is {}, expected 0 or more", eps);
  const Tensor& v = call.in(0);
  const AxisMask others = ((1u << shape.rank()) - 1) & ~(1u << 1);
  const CallScope scope(call);
  Tensor deviation, variance;
  if (training) {
    const double n = reduced_count(shape, others);
    if (n <= 1) call.fail<ValueError>("needs more than one element for each channel: x is {}", describe(v));
    const Tensor mean = mean_axes(v, others);
    deviation = v - mean;
    variance = mean_axes(square(deviation), others);
    const auto update = [&](Tensor& running, const Tensor& now) {
      if (running.defined())
        running.assign(running.detach() * (1 - momentum) + reshape(now.detach(), running.shape()) * momentum);
    };
    update(running_mean, mean);
    update(running_var, variance.detach() * (n / (n - 1)));
    return scaled(deviation / sqrt(variance + eps), per_channel(weight, shape), per_channel(bias, shape));
  }
  if (!running_mean.defined() || !running_var.defined())
    call.fail<ValueError>("without running_mean and running_var it can only be used in training");
  AsOne whole(op.name, call.site());
  deviation = v - per_channel(running_mean, shape);
  variance = per_channel(running_var, shape);
  Tensor y = scaled(deviation / sqrt(variance + eps), per_channel(weight, shape), per_channel(bias, shape));
  if (whole.watched()) whole.tell(y, {&v, &weight, &bias, &running_mean, &running_var}, {setting("eps", eps)});
  return y;
}

}  // namespace xgrad
