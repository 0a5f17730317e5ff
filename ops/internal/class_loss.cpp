#include <xgrad/ops/internal/class_loss.hpp>

#include <algorithm>

#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sum.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad::detail {
namespace {

/// The labels with the classes' axis of extent 1, 0 in place of those that do not count.
Tensor checked_labels(const Call& call, int axis, i64 ignored) {
  const Tensor &x = call.in(0), &labels = call.in(1);
  if (labels.dtype() != DType::int64) call.fail<DTypeError>("labels are {}, expected int64", describe(labels));
  const Shape expected = drop_axes(x.shape(), 1u << axis);
  if (labels.shape() != expected)
    call.fail<ShapeError>("logits are {}, labels are {}, expected {}", to_string(x.shape()), to_string(labels.shape()),
                          to_string(expected));
  const i64 n = labels.size(), classes = x.shape()[axis];
  const auto first_outside = [=](const i64* from) {
    return std::find_if(from, from + n, [&](i64 i) { return i != ignored && (i < 0 || i >= classes); }) - from;
  };
  if (!launch_check({reads(labels)}, [=](Pointers p) { return first_outside(static_cast<const i64*>(p[0])) == n; })) {
    const auto* from = static_cast<const i64*>(elements(labels));
    const i64 i = first_outside(from);
    call.fail<ValueError>("label {} at {} is outside [0, {}): logits are {}", from[i], position(labels.shape(), i),
                          classes, to_string(x.shape()));
  }
  Output out(DType::int64, keep_axes(x.shape(), 1u << axis));
  launch({writes(out), reads(labels)}, [n, ignored](Pointers p) {
    const auto* from = static_cast<const i64*>(p[1]);
    std::transform(from, from + n, static_cast<i64*>(p[0]), [&](i64 i) { return i == ignored ? 0 : i; });
  });
  return out.finish();
}

/// The weights along the classes' axis.
Tensor along(const Tensor& weights, int axis, int rank) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(i == axis ? weights.size() : 1);
  return reshape(weights, shape);
}

}  // namespace

int class_axis(const Call& call) {
  const int rank = call.shape(0).rank();
  if (rank == 0) call.fail<ShapeError>("logits are 0-d, expected (N, C), (C) or (N, C, d...)");
  return rank == 1 ? 0 : 1;
}

void check_weights(const Call& call, const ClassLoss& form) {
  const Tensor &x = call.in(0), &w = form.weights;
  if (!(form.smoothing >= 0 && form.smoothing <= 1))
    call.fail<ValueError>("label_smoothing is {}, expected a number from 0 to 1", form.smoothing);
  if (!w.defined()) return;
  if (w.dtype() != x.dtype()) call.fail<DTypeError>("logits are {}, class_weights {}", describe(x), describe(w));
  const i64 classes = x.shape()[class_axis(call)];
  if (w.shape() != Shape{classes})
    call.fail<ShapeError>("class_weights are {}, expected ({},): logits are {}", to_string(w.shape()), classes,
                          to_string(x.shape()));
}

Tensor loss_of_labels(const Call& call, const Tensor& log_p, const ClassLoss& form) {
  const int axis = class_axis(call);
  const AxisMask mask = 1u << axis;
  check_weights(call, form);
  const Tensor labels = checked_labels(call, axis, form.ignored);
  const CallScope scope(call);
  const DType dtype = log_p.dtype();
  const Shape shape = drop_axes(log_p.shape(), mask);
  const Tensor ignored = call.in(1) == full({}, static_cast<double>(form.ignored), DType::int64);
  const Tensor weight =
      where(ignored, 0, form.weights.defined() ? reshape(take(form.weights, labels), shape) : ones(shape, dtype));
  Tensor loss = -reshape(gather(log_p, axis, labels), shape) * weight;
  if (form.smoothing > 0) {
    const Tensor each = form.weights.defined() ? log_p * along(form.weights, axis, log_p.rank()) : log_p;
    const Tensor smooth = where(ignored, 0, -sum_axes(each, mask, false));
    loss = (1 - form.smoothing) * loss + form.smoothing / static_cast<double>(log_p.shape()[axis]) * smooth;
  }
  loss = where(ignored, 0, loss);
  return form.reduction == Reduction::mean ? sum(loss) / sum(weight) : reduced(loss, form.reduction);
}

Tensor loss_of_probabilities(const Call& call, const Tensor& log_p, const ClassLoss& form) {
  const int axis = class_axis(call);
  check_weights(call, form);
  const CallScope scope(call);
  Tensor target = call.in(1);
  if (form.smoothing > 0)
    target = (1 - form.smoothing) * target + form.smoothing / static_cast<double>(log_p.shape()[axis]);
  const Tensor each = target * log_p;
  const Tensor weighted = form.weights.defined() ? each * along(form.weights, axis, log_p.rank()) : each;
  return reduced(-sum_axes(weighted, 1u << axis, false), form.reduction);
}

}  // namespace xgrad::detail
