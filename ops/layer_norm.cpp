#include <xgrad/ops/layer_norm.hpp>

#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/ops/internal/kernels.hpp>
#include <xgrad/ops/internal/normalize.hpp>
#include <xgrad/ops/internal/plain.hpp>
#include <xgrad/ops/kernels/normalize.hpp>
#include <xgrad/ops/reshape.hpp>

#include <algorithm>

namespace xgrad {
namespace {

using namespace detail;

/// What the op is of: x, then weight and bias where they are defined.
struct Form {
  i64 rows, n;
  AxisMask axes;
  double eps;
  bool weight, bias;

  int bias_in() const noexcept { return 1 + weight; }
};

template <class T> T* data(const Tensor& t) noexcept {
  return t.defined() ? static_cast<T*>(Access::body(t)->data) : nullptr;
}

/// Rows of about 32k elements at a time.
i64 rows_of_tile(const Form& form) noexcept { return std::max<i64>(1, 32 * 1024 / std::max<i64>(1, form.n)); }
template <class F> void each_tile(const Form& form, F f) {
  const i64 step = rows_of_tile(form);
  if (form.n > 0)
    parallel_for((form.rows + step - 1) / step,
                 [&](i64 tile) { f(tile, tile * step, std::min(step, form.rows - tile * step)); });
}

template <class T> void forward(const Call& call, const Form& form, T* y, T* kept) {
  const auto in = [&](bool there, int i) { return there ? data<T>(call.in(i)) : nullptr; };
  const T *x = in(true, 0), *weight = in(form.weight, 1), *bias = in(form.bias, form.bias_in());
  each_tile(form, [&](i64, i64 row, i64 count) {
    kernels_of<NormalizeTable, T>().rows(x + row * form.n, weight, bias, y + row * form.n, kept + 2 * row, count,
                                         form.n, static_cast<T>(form.eps));
  });
}

// Each tile sums the gradients of weight and bias over its own rows.
template <class T> void backward(Vjp& d, const Form& form) {
  const Tensor x = d.in(0), kept = d.extra(), weight = form.weight ? d.in(1) : Tensor();
  const i64 step = rows_of_tile(form), tiles = (form.rows + step - 1) / step;
  const auto zeros_for = [&](bool there, int i) {
    if (!there || !d.wanted(i)) return Tensor();
    const Tensor parts = new_array(dtype_of<T>, {tiles, form.n});
    std::fill_n(data<T>(parts), parts.size(), T{0});
    return parts;
  };
  const Tensor weights = zeros_for(form.weight, 1), biases = zeros_for(form.bias, form.bias_in());
  const Elements to = d.gradient(0);
  const bool add = to.access == Elements::updates;
  T *const grad_x = static_cast<T*>(to.data), *const grad_weight = data<T>(weights),
           *const grad_bias = data<T>(biases);
  const T* const g = data<T>(d.grad());
  each_tile(form, [&](i64 tile, i64 row, i64 count) {
    const auto at = [](T* t, i64 offset) { return t ? t + offset : t; };
    kernels_of<NormalizeTable, T>().rows_grad(
        g + row * form.n, data<T>(x) + row * form.n, data<T>(weight), data<T>(kept) + 2 * row, at(grad_x, row * form.n),
        add, at(grad_weight, tile * form.n), at(grad_bias, tile * form.n), count, form.n);
  });
  if (weights.defined()) d.add(1, reshape(sum_axes(weights, 1, false), d.shape(1)));
  if (biases.defined()) d.add(form.bias_in(), reshape(sum_axes(biases, 1, false), d.shape(form.bias_in())));
}

Tensor plain(const FusedInputs& in, const Vjp& d) {
  const Form& form = d.attributes<Form>();
  const Tensor none_given;
  return scaled(standardized(in[0], form.axes, form.eps), form.weight ? in[1] : none_given,
                form.bias ? in[form.weight ? 2 : 1] : none_given);
}

constexpr Reads read = reads_inputs(3) | reads_extra;
const Op op{.name = "layer_norm", .reads = {read, read, read}, .vjp = [](Vjp& d) {
              if (d.recording()) return plain_vjp(d, plain);
              const Form& form = d.attributes<Form>();
              (d.grad().dtype() == DType::float32 ? backward<float> : backward<double>)(d, form);
            }};

Tensor run(Call&& call, const Shape& normalized, const Tensor& weight, const Tensor& bias, double eps) {
  check_normalized(call, normalized, weight, bias);
  const CallScope scope(call);
  const Shape& shape = call.shape(0);
  const Form form{Shape(shape.begin(), shape.rank() - normalized.rank()).size(),
                  normalized.size(),
                  last_axes(call, normalized),
                  eps,
                  weight.defined(),
                  bias.defined()};
  const DType dtype = call.in(0).dtype();
  Output y(dtype, shape), kept(dtype, {form.rows, 2});
  if (dtype == DType::float32) forward(call, form, static_cast<float*>(y.get()), static_cast<float*>(kept.get()));
  else forward(call, form, static_cast<double*>(y.get()), static_cast<double*>(kept.get()));
  return call.record(y.finish(), form, kept.finish());
}

}  // namespace

Tensor layer_norm(const Operand& x, const Shape& normalized, const Tensor& weight, const Tensor& bias, double eps) {
  const Operand first(weight.defined() ? weight : bias), second(bias);
  if (weight.defined() && bias.defined()) return run(Call(op, x, first, second), normalized, weight, bias, eps);
  if (first.tensor->defined()) return run(Call(op, x, first), normalized, weight, bias, eps);
  return run(Call(op, x), normalized, weight, bias, eps);
}

}  // namespace xgrad
