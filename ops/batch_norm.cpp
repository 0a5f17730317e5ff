#include <xgrad/ops/batch_norm.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/internal/kernels.hpp>
#include <xgrad/ops/internal/normalize.hpp>
#include <xgrad/ops/internal/plain.hpp>
#include <xgrad/ops/kernels/normalize.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/sub.hpp>

#include <algorithm>

namespace xgrad {
namespace {

using namespace detail;

/// What the op is of while training: x, then weight and bias where they are defined.
struct Form {
  Channels shape;
  double eps;
  bool weight, bias;

  int bias_in() const noexcept { return 1 + weight; }
};

constexpr AxisMask but_channels(int rank) noexcept { return ((1u << rank) - 1) & ~(1u << 1); }

/// f(first, count) for the channels, about 32k elements at a time; where these stand alone, whole lines of them.
template <class F> void each_tile(const Channels& shape, F f) {
  constexpr i64 line = 16;
  const i64 least = std::max<i64>(1, 32 * 1024 / std::max<i64>(1, shape.samples * shape.inner)),
            step = shape.inner == 1 ? (least + line - 1) / line * line : least;
  parallel_for((shape.channels + step - 1) / step,
               [&](i64 tile) { f(tile * step, std::min(step, shape.channels - tile * step)); });
}

/// Pointers: y, kept, x, weight, bias, running mean and variance.
template <class T> void forward(const Channels& shape, double eps, double momentum, Pointers p) {
  const auto at = [p](int i) { return static_cast<T*>(p[i]); };
  const ChannelsForward<T> of{
      at(0), at(1), at(2), at(3), at(4), at(5), at(6), static_cast<T>(eps), static_cast<T>(momentum)};
  each_tile(shape, [&](i64 first, i64 count) { kernels_of<NormalizeTable, T>().channels(shape, first, count, of); });
}

/// Pointers: those of the gradients of x, weight and bias; g, x, kept, weight.
template <class T> void backward(const Channels& shape, bool add, Pointers p) {
  const auto at = [p](int i) { return static_cast<T*>(p[i]); };
  const ChannelsGrad<T> of{at(0), at(1), at(2), at(3), at(4), at(5), at(6), add};
  each_tile(shape,
            [&](i64 first, i64 count) { kernels_of<NormalizeTable, T>().channels_grad(shape, first, count, of); });
}

void backward(Vjp& d) {
  const Form& form = d.attributes<Form>();
  const DType dtype = d.grad().dtype();
  const auto grad_for = [&](bool there, int i) {
    return there && d.wanted(i) ? new_array(dtype, {form.shape.channels}) : Tensor();
  };
  const auto written = [](const Tensor& t) { return t.defined() ? writes(t) : Elements(); };
  const Tensor x = d.in(0), kept = d.extra(), weight = form.weight ? d.in(1) : Tensor(),
               grad_weight = grad_for(form.weight, 1), grad_bias = grad_for(form.bias, form.bias_in());
  const Elements to = d.gradient(0);
  launch({to, written(grad_weight), written(grad_bias), reads(d.grad()), reads(x), reads(kept),
          form.weight ? reads(weight) : Elements()},
         [shape = form.shape, dtype, add = to.access == Elements::updates](Pointers p) {
           (dtype == DType::float32 ? backward<float> : backward<double>)(shape, add, p);
         });
  if (grad_weight.defined()) d.add(1, grad_weight);
  if (grad_bias.defined()) d.add(form.bias_in(), grad_bias);
}

Tensor plain(const FusedInputs& in, const Vjp& d) {
  const Form& form = d.attributes<Form>();
  const Shape& shape = in[0].shape();
  const Tensor none_given;
  return scaled(standardized(in[0], but_channels(shape.rank()), form.eps),
                per_channel(form.weight ? in[1] : none_given, shape),
                per_channel(form.bias ? in[form.weight ? 2 : 1] : none_given, shape));
}

constexpr Reads read = reads_inputs(3) | reads_extra;
const Op op{.name = "batch_norm", .reads = {read, read, read}, .vjp = [](Vjp& d) {
              if (d.recording()) return plain_vjp(d, plain);
              backward(d);
            }};

Elements to_change(Tensor& running, Site site) {
  if (!running.defined()) return {};
  check_writable(running, op.name, site);
  Body* const body = Access::body(running);
  ++body->version();
  return updates(body);
}

/// By its own mean and variance, which the running ones take in.
Tensor train(Call&& call, Tensor& running_mean, Tensor& running_var, bool weight, bool bias, double momentum,
             double eps) {
  const Shape& shape = call.shape(0);
  const double n = reduced_count(shape, but_channels(shape.rank()));
  if (n <= 1) call.fail<ValueError>("needs more than one element for each channel: x is {}", describe(call.in(0)));
  const CallScope scope(call);
  i64 inner = 1;
  for (int axis = 2; axis < shape.rank(); ++axis) inner *= shape[axis];
  const Form form{{shape[0], shape[1], inner}, eps, weight, bias};
  const DType dtype = call.in(0).dtype();
  const Tensor y = new_array(dtype, shape), kept = new_array(dtype, {2, shape[1]});
  launch({writes(y), writes(kept), reads(call.in(0)), weight ? reads(call.in(1)) : Elements(),
          bias ? reads(call.in(form.bias_in())) : Elements(), to_change(running_mean, call.site()),
          to_change(running_var, call.site())},
         [form, momentum, dtype](Pointers p) {
           (dtype == DType::float32 ? forward<float> : forward<double>)(form.shape, form.eps, momentum, p);
         });
  if (observed()) note({setting("training", true)});
  return call.record(y, form, kept);
}

}  // namespace

Tensor batch_norm(const Operand& x, Tensor& running_mean, Tensor& running_var, const Tensor& weight, const Tensor& bias,
                  bool training, double momentum, double eps) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  check_channels(call, {&weight, &bias, &running_mean, &running_var});
  if (!(eps >= 0)) call.fail<ValueError>("eps is {}, expected 0 or more", eps);
  if (training) {
    const auto run = [&](Call&& of) {
      return train(std::move(of), running_mean, running_var, weight.defined(), bias.defined(), momentum, eps);
    };
    const Operand first(weight.defined() ? weight : bias), second(bias);
    if (weight.defined() && bias.defined()) return run(Call(op, x, first, second));
    return first.tensor->defined() ? run(Call(op, x, first)) : run(Call(op, x));
  }
  if (!running_mean.defined() || !running_var.defined())
    call.fail<ValueError>("without running_mean and running_var it can only be used in training");
  const CallScope scope(call);
  AsOne whole(op.name, call.site());
  const Tensor& v = call.in(0);
  const Tensor factor = 1 / sqrt(running_var + eps);
  Tensor y = scaled(v - per_channel(running_mean, shape),
                    per_channel(weight.defined() ? factor * weight : factor, shape), per_channel(bias, shape));
  if (whole.watched())
    whole.tell(y, {&v, &weight, &bias, &running_mean, &running_var}, {setting("training", false), setting("eps", eps)});
  return y;
}

}  // namespace xgrad
