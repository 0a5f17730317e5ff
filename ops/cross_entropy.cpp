#include <xgrad/ops/cross_entropy.hpp>

#include <algorithm>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/exp.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/class_loss.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/log_softmax.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/transpose.hpp>

namespace xgrad {
namespace {

using namespace detail;

const i64* labels_of(const Tensor& target) { return static_cast<const i64*>(elements(target)); }

/// Subtracts 1 at each row's label. They were checked going forward, but a pointer to them may have been kept since.
template <class T> void subtract_labels(const i64* labels, i64 rows, i64 classes, T* p) {
  for (i64 i = 0; i < rows; ++i) {
    const i64 label = labels[i];
    if (label < 0 || label >= classes)
      fail<GraphError>("cross_entropy", called_site,
                       "label {} of row {} is outside [0, {}): the labels were changed after this line", label, i,
                       classes);
    p[i * classes + label] -= T{1};
  }
}

/// A tensor of its own, changed in place before anyone else has seen it.
Tensor less_labels(Tensor p, const Tensor& target) {
  const i64 rows = p.shape()[0], classes = p.shape()[1];
  launch({updates(Access::body(p)), reads(target)}, [rows, classes, dtype = p.dtype()](Pointers at) {
    const auto* labels = static_cast<const i64*>(at[1]);
    if (dtype == DType::float32) subtract_labels(labels, rows, classes, static_cast<float*>(at[0]));
    else subtract_labels(labels, rows, classes, static_cast<double*>(at[0]));
  });
  return p;
}

// For logits (N, C) and labels (N); the extra value is log p.
const Op op{.name = "cross_entropy", .reads = {reads_in(0) | reads_in(1) | reads_extra}, .vjp = [](Vjp& d) {
              const auto& loss = d.attributes<Loss>();
              const Tensor g = weight(d.grad(), loss), w = g.rank() == 0 ? g : reshape(g, {-1, 1});
              if (d.recording()) {
                const Tensor x = d.in(0), minus_target = less_labels(zeros(x.shape(), x.dtype()), d.in(1));
                d.add(0, (softmax(x) + minus_target) * w);
              } else {
                d.add(0, less_labels(exp(d.extra()), d.in(1)) * w);
              }
            }};

/// Logits (N, C), labels (N).
Tensor of_rows(Call& call, Reduction reduction) {
  const Tensor& x = call.in(0);
  const i64 rows = x.shape()[0], classes = x.shape()[1];
  const Tensor log_p = log_softmax_along(x, 1);
  Output losses(x.dtype(), {rows});
  launch({writes(losses), reads(log_p), reads(call.in(1))}, [rows, classes, dtype = x.dtype()](Pointers p) {
    const auto* labels = static_cast<const i64*>(p[2]);
    const auto pick = [&]<class T>(const T* from, T* to) {
      for (i64 i = 0; i < rows; ++i) to[i] = -from[i * classes + labels[i]];
    };
    if (dtype == DType::float32) pick(static_cast<const float*>(p[1]), static_cast<float*>(p[0]));
    else pick(static_cast<const double*>(p[1]), static_cast<double*>(p[0]));
  });
  const Tensor value = no_grad([&] { return reduced(losses.finish(), reduction); });
  return call.record(value, Loss(reduction, {rows}), log_p);
}

Tensor of_rows(const Operand& x, const Operand& target, Reduction reduction) {
  Call call(op, x, target);
  return of_rows(call, reduction);
}

void check_labels(const Call& call, int axis) {
  const Tensor &x = call.in(0), &target = call.in(1);
  const Shape expected = drop_axes(x.shape(), 1u << axis);
  if (target.shape() != expected)
    call.fail<ShapeError>("logits are {}, labels are {}, expected {}, or probabilities in {}", to_string(x.shape()),
                          to_string(target.shape()), to_string(expected), name_of(x.dtype()));
  const i64 *labels = labels_of(target), classes = x.shape()[axis], n = target.size();
  const auto first_outside = [n, classes](const i64* from) {
    return std::find_if(from, from + n, [&](i64 label) { return label < 0 || label >= classes; }) - from;
  };
  const auto all_inside = [=](Pointers p) { return first_outside(static_cast<const i64*>(p[0])) == n; };
  if (launch_check({reads(target)}, all_inside)) return;
  const i64 i = first_outside(labels);
  call.fail<ValueError>("label {} at {} is outside [0, {}): logits are {}", labels[i], position(target.shape(), i),
                        classes, to_string(x.shape()));
}

void check_probabilities(const Call& call) {
  const Tensor &x = call.in(0), &target = call.in(1);
  if (target.dtype() != x.dtype())
    call.fail<DTypeError>("logits are {}, target is {}, expected int64 labels, or probabilities in {}", describe(x),
                          describe(target), name_of(x.dtype()));
  if (target.shape() != x.shape())
    call.fail<ShapeError>("logits are {}, probabilities are {}; class labels must be int64", to_string(x.shape()),
                          to_string(target.shape()));
}

/// Target probabilities along `axis`.
Tensor of_probabilities(const Call& call, int axis, Reduction reduction) {
  check_probabilities(call);
  const Tensor &x = call.in(0), &target = call.in(1);
  const CallScope scope(call);
  return reduced(-sum_axes(target * log_softmax(x, axis), 1u << axis, false), reduction);
}

}  // namespace

Tensor cross_entropy(const Operand& logits, const Operand& target, Reduction reduction) {
  Call call(op, logits, target);
  call.floating(0, 1);
  const Tensor &x = call.in(0), &t = call.in(1);
  const Shape& shape = x.shape();
  const int axis = class_axis(call);
  if (t.dtype() != DType::int64) return of_probabilities(call, axis, reduction);
  check_labels(call, axis);
  if (shape.rank() == 2) return of_rows(call, reduction);
  const Middle m = middle(shape, axis);
  const i64 rows = m.outer * m.inner;
  const CallScope scope(call);
  const Tensor classes_last = transpose(reshape(x, {m.outer, m.n, m.inner}), {0, 2, 1});
  const Tensor loss = of_rows(reshape(classes_last, {rows, m.n}), reshape(t, {rows}), reduction);
  return reduction == Reduction::none ? reshape(loss, t.shape()) : loss;
}

Tensor cross_entropy(const Operand& logits, const Operand& target, const CrossEntropyOptions& options) {
  const Call call(op, logits, target);
  call.floating(0, 1);
  const int axis = class_axis(call);
  const ClassLoss form{options.reduction, options.class_weights, options.label_smoothing, options.ignored};
  const CallScope scope(call);
  const Tensor log_p = log_softmax(call.in(0), axis);
  if (call.in(1).dtype() == DType::int64) return loss_of_labels(call, log_p, form);
  check_probabilities(call);
  return loss_of_probabilities(call, log_p, form);
}

}  // namespace xgrad
