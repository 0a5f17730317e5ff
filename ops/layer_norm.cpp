#include <xgrad/ops/layer_norm.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/trace.hpp>
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

/// Rows of about 32k elements at a time.
i64 rows_of_tile(const Form& form) noexcept { return std::max<i64>(1, 32 * 1024 / std::max<i64>(1, form.n)); }
template <class F> void each_tile(const Form& form, F f) {
  const i64 step = rows_of_tile(form);
  if (form.n > 0)
    parallel_for((form.rows + step - 1) / step,
                 [&](i64 tile) { f(tile, tile * step, std::min(step, form.rows - tile * step)); });
}

/// Pointers: y, kept, x, weight, bias.
template <class T> void forward(const Form& form, Pointers p) {
  T *const y = static_cast<T*>(p[0]), *const kept = static_cast<T*>(p[1]);
  const T *x = static_cast<T*>(p[2]), *weight = static_cast<T*>(p[3]), *bias = static_cast<T*>(p[4]);
  each_tile(form, [&](i64, i64 row, i64 count) {
    kernels_of<NormalizeTable, T>().rows(x + row * form.n, weight, bias, y + row * form.n, kept + 2 * row, count,
                                         form.n, static_cast<T>(form.eps));
  });
}

/// Each tile sums the gradients of weight and bias over its own rows. Pointers: those of x, weight, bias; g, x, kept,
/// weight.
template <class T> void backward(const Form& form, bool add, Pointers p) {
  const auto at = [p](int i, i64 offset) { return p[i] ? static_cast<T*>(p[i]) + offset : nullptr; };
  each_tile(form, [&](i64 tile, i64 row, i64 count) {
    for (int sums : {1, 2})
      if (p[sums]) std::fill_n(at(sums, tile * form.n), form.n, T{0});
    kernels_of<NormalizeTable, T>().rows_grad(at(3, row * form.n), at(4, row * form.n), at(6, 0), at(5, 2 * row),
                                              at(0, row * form.n), add, at(1, tile * form.n), at(2, tile * form.n),
                                              count, form.n);
  });
}

void backward(Vjp& d) {
  const Form& form = d.attributes<Form>();
  const DType dtype = d.grad().dtype();
  const i64 step = rows_of_tile(form), tiles = (form.rows + step - 1) / step;
  const auto sums_for = [&](bool there, int i) {
    return there && d.wanted(i) ? new_array(dtype, {tiles, form.n}) : Tensor();
  };
  const auto written = [](const Tensor& t) { return t.defined() ? writes(t) : Elements(); };
  const Tensor x = d.in(0), kept = d.extra(), weight = form.weight ? d.in(1) : Tensor(),
               weights = sums_for(form.weight, 1), biases = sums_for(form.bias, form.bias_in());
  const Elements to = d.gradient(0);
  launch({to, written(weights), written(biases), reads(d.grad()), reads(x), reads(kept),
          form.weight ? reads(weight) : Elements()},
         [form, dtype, add = to.access == Elements::updates](Pointers p) {
           (dtype == DType::float32 ? backward<float> : backward<double>)(form, add, p);
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
              backward(d);
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
  launch({writes(y), writes(kept), reads(call.in(0)), form.weight ? reads(call.in(1)) : Elements(),
          form.bias ? reads(call.in(form.bias_in())) : Elements()},
         [form, dtype](Pointers p) { (dtype == DType::float32 ? forward<float> : forward<double>)(form, p); });
  if (observed())
    note({setting("axes", normalized.rank()), setting("weight", form.weight), setting("bias", form.bias),
          setting("eps", eps)});
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
