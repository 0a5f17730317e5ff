#include <xgrad/ops/internal/normalize.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sqrt.hpp>
#include <xgrad/ops/square.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad::detail {

Tensor mean_axes(const Tensor& x, AxisMask axes) { return sum_axes(x, axes, true) / reduced_count(x.shape(), axes); }

Tensor standardized(const Tensor& x, AxisMask axes, double eps) {
  const Tensor deviation = x - mean_axes(x, axes);
  return deviation / sqrt(mean_axes(square(deviation), axes) + eps);
}

Tensor scaled(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = weight.defined() ? x * weight : x;
  return bias.defined() ? y + bias : y;
}

AxisMask last_axes(const Call& call, const Shape& normalized) noexcept {
  const int rank = call.shape(0).rank();
  return ((1u << rank) - 1) & ~((1u << (rank - normalized.rank())) - 1);
}

void check_normalized(const Call& call, const Shape& normalized, const Tensor& weight, const Tensor& bias) {
  const DType dtype = call.floating(0, 1);
  const Shape& shape = call.shape(0);
  const int before = shape.rank() - normalized.rank();
  bool fits = before >= 0 && normalized.rank() > 0;
  for (int i = 0; fits && i < normalized.rank(); ++i) fits = shape[before + i] == normalized[i];
  if (!fits)
    call.fail<ShapeError>("x is {}, expected its last axes to be {}", describe(call.in(0)), to_string(normalized));
  for (const Tensor* t : {&weight, &bias}) {
    if (!t->defined()) continue;
    const char* name = t == &weight ? "weight" : "bias";
    if (t->dtype() != dtype) call.fail<DTypeError>("x is {}, {} is {}", describe(call.in(0)), name, describe(*t));
    if (t->shape() != normalized)
      call.fail<ShapeError>("{} is {}, expected {}", name, to_string(t->shape()), to_string(normalized));
  }
}

void check_channels(const Call& call, std::initializer_list<const Tensor*> others) {
  const DType dtype = call.floating();
  const Shape& shape = call.shape(0);
  if (shape.rank() < 2) call.fail<ShapeError>("x is {}, expected (N, C, ...)", describe(call.in(0)));
  const char* const names[] = {"weight", "bias", "running_mean", "running_var"};
  const char* const* name = names;
  for (const Tensor* t : others) {
    const char* const what = *name++;
    if (!t->defined()) continue;
    if (t->dtype() != dtype) call.fail<DTypeError>("x is {}, {} is {}", describe(call.in(0)), what, describe(*t));
    if (t->shape() != Shape{shape[1]})
      call.fail<ShapeError>("{} is {}, expected ({},): x is {}", what, to_string(t->shape()), shape[1],
                            to_string(shape));
  }
}

Tensor per_channel(const Tensor& t, const Shape& shape) {
  if (!t.defined()) return t;
  Shape along;
  for (int i = 0; i < shape.rank(); ++i) along.push_back(i == 1 ? shape[1] : 1);
  return reshape(t, along);
}

}  // namespace xgrad::detail
