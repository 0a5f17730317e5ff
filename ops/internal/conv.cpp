#include <xgrad/ops/internal/conv.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/im2col.hpp>
#include <xgrad/ops/internal/correlate.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad::detail {
namespace {

/// Axes 0, 1 and 2 in another order, of four.
Tensor turned(const Tensor& x, int first, int second, int third) {
  const int order[] = {first, second, third, 3};
  return reordered(x, order);
}

// The same by matrix products: samples are brought beside each other, for one with all of them in each group.
i64 length_of(const Convolution& c) noexcept { return c.in * c.windows.kernel.h * c.windows.kernel.w; }

/// (groups, in kernel, samples count) of x and (groups, out, samples count) of y.
Tensor columns_of(const Tensor& x, const Convolution& c) {
  const Windows& w = c.windows;
  const i64 places = c.count.h * c.count.w;
  const Tensor parts =
      im2col(reshape(x, {c.samples, c.groups * c.in, c.plane.h, c.plane.w}), w.kernel, w.stride, w.padding, w.dilation);
  const Tensor beside = turned(reshape(parts, {c.samples, c.groups, length_of(c), places}), 1, 2, 0);
  return reshape(beside, {c.groups, length_of(c), c.samples * places});
}
Tensor rows_of(const Tensor& y, const Convolution& c) {
  const i64 places = c.count.h * c.count.w;
  return reshape(turned(reshape(y, {c.samples, c.groups, c.out, places}), 1, 2, 0),
                 {c.groups, c.out, c.samples * places});
}
Tensor weights_of(const Tensor& w, const Convolution& c) { return reshape(w, {c.groups, c.out, length_of(c)}); }

Tensor forward_product(const Tensor& x, const Tensor& weight, const Convolution& c) {
  const Tensor y = matmul(weights_of(weight, c), false, columns_of(x, c), false);
  const Tensor planes = turned(reshape(y, {c.groups, c.out, c.samples, c.count.h * c.count.w}), 2, 0, 1);
  return reshape(planes, {c.samples, c.groups * c.out, c.count.h, c.count.w});
}

Tensor back_product(const Tensor& y, const Tensor& weight, const Convolution& c) {
  const Pair kernel = c.windows.kernel;
  const Tensor columns = matmul(weights_of(weight, c), true, rows_of(y, c), false);
  const Tensor parts = turned(reshape(columns, {c.groups, length_of(c), c.samples, c.count.h * c.count.w}), 2, 0, 1);
  return folded(reshape(parts, {c.samples, c.groups * c.in, kernel.h, kernel.w, c.count.h, c.count.w}), c.windows,
                c.plane);
}

Tensor weights_product(const Tensor& x, const Tensor& y, const Convolution& c) {
  return matmul(rows_of(y, c), false, columns_of(x, c), true);
}

Tensor with_bias(const Call& call, const Tensor& y) {
  return call.count() < 3 ? y : y + reshape(call.in(2), {1, y.shape()[1], 1, 1});
}

/// Where there are many channels on a few places, products are faster: y's elements in a row, a batch of lanes wide,
/// are what the direct way computes with.
bool is_a_product(const Convolution& c) noexcept { return c.count.h * c.count.w < 20 && c.out * length_of(c) >= 4096; }

bool is_finite(const Tensor& x) {
  const auto look = [dtype = x.dtype(), n = x.size()](Pointers p) {
    const auto all = [&]<class Word>(Word exponent) {
      const auto* const words = static_cast<const Word*>(p[0]);
      Word bad = 0;
      for (i64 i = 0; i < n; ++i) bad |= (words[i] & exponent) == exponent;
      return bad == 0;
    };
    return dtype == DType::float32 ? all(u32{0x7f800000}) : all(u64{0x7ff0000000000000});
  };
  return launch_check({reads(x)}, look);
}

// The sum of x[..] w[..] y[..] over a convolution's windows is linear in each of three arrays, and the derivative for
// one is an op of the other two: forward, back, and for the weights. These three give each other's derivatives.
void weights_vjp(Vjp& d);
const Op forward_op = conv_op("convolution"), back_op = conv_transpose_op("transposed_convolution"),
         weights_op{.name = "convolution_weights", .reads = {reads_in(1), reads_in(0)}, .vjp = weights_vjp};

// The direct way multiplies more than products do, by zero: where that is not zero, products give what is meant. Zeros
// around y meet weights in the sums for x, and gaps between y's rows meet x in those for weights.
Tensor correlated(Call& call, const Convolution& c, bool back, const Shape& shape) {
  if (back && !is_finite(call.in(1))) {
    Tensor x = back_product(call.in(0).detach(), call.in(1).detach(), c);
    if (call.count() == 3) x = x + reshape(call.in(2).detach(), {1, x.shape()[1], 1, 1});
    return call.record(reshape(x, shape), c);
  }
  const Tensor to = new_array(call.in(0).dtype(), shape);
  const bool bias = call.count() == 3;
  launch({writes(to), reads(call.in(0)), reads(call.in(1)), reads(call.in(bias ? 2 : 1))},
         [dtype = to.dtype(), c, back, bias](Pointers p) {
           correlate(dtype, c, back, p[1], p[2], bias ? p[3] : nullptr, p[0]);
         });
  return call.record(to, c);
}

Tensor forward(const Operand& x, const Operand& weight, const Convolution& c, const Shape& shape) {
  Call call(forward_op, x, weight);
  return correlated(call, c, false, shape);
}

Tensor back(const Operand& y, const Operand& weight, const Convolution& c, const Shape& shape) {
  Call call(back_op, y, weight);
  return correlated(call, c, true, shape);
}

Tensor weights(const Operand& x, const Operand& y, const Convolution& c, const Shape& shape) {
  Call call(weights_op, x, y);
  const Tensor to = new_array(call.in(0).dtype(), shape);
  launch({writes(to), reads(call.in(0)), reads(call.in(1))},
         [dtype = to.dtype(), c](Pointers p) { correlate_weights(dtype, c, p[1], p[2], p[0]); });
  if (!is_finite(to))
    return call.record(reshape(weights_product(call.in(0).detach(), call.in(1).detach(), c), shape), c);
  return call.record(to, c);
}

void weights_vjp(Vjp& d) {
  const auto& c = d.attributes<Convolution>();
  if (d.wanted(0)) d.add(0, back(d.in(1), d.grad(), c, d.shape(0)));
  if (d.wanted(1)) d.add(1, forward(d.in(0), d.grad(), c, d.shape(1)));
}

/// All but the channels, which a bias is for, summed up.
void bias_vjp(Vjp& d) {
  if (d.count() < 3 || !d.wanted(2)) return;
  const Tensor& g = d.grad();
  const int channels = g.rank() - (d.attributes<Convolution>().line ? 2 : 3);
  const Shape &s = g.shape(), three{channels == 0 ? 1 : s[0], s[channels],
                                    g.size() / std::max<i64>(1, (channels == 0 ? 1 : s[0]) * s[channels])};
  d.add(2, sum(reshape(g, three), {0, 2}));
}

const char* form(bool line) noexcept { return line ? "(N, C, L) or (C, L)" : "(N, C, H, W) or (C, H, W)"; }

void note_options(const ConvOptions& o, Pair output_padding) {
  if (observed())
    note({setting("stride", o.stride.h, o.stride.w), setting("padding", o.padding.h, o.padding.w),
          setting("dilation", o.dilation.h, o.dilation.w), setting("groups", o.groups),
          setting("output_padding", output_padding.h, output_padding.w)});
}

/// The call's weight, checked: channels of the first kind, of the second in a group, and the kernel.
struct Kernels {
  i64 first, second;
  Pair extents;
};
Kernels kernels(const Call& call, bool line) {
  const Tensor& w = call.in(1);
  const Shape& shape = w.shape();
  if (shape.rank() != (line ? 3 : 4))
    call.fail<ShapeError>("weight is {}, expected {} axes", describe(w), line ? 3 : 4);
  return {shape[0], shape[1], {line ? 1 : shape[2], shape[line ? 2 : 3]}};
}

void check_bias(const Call& call, i64 channels) {
  if (call.count() == 3 && call.shape(2) != Shape{channels})
    call.fail<ShapeError>("bias is {}, expected ({},): weight is {}", describe(call.in(2)), channels,
                          describe(call.in(1)));
}

void check_groups(const Call& call, i64 groups, i64 channels, const char* what) {
  if (groups < 1 || channels % groups != 0)
    call.fail<ValueError>("{} groups of {} {}: x is {}, weight is {}", groups, channels, what, to_string(call.shape(0)),
                          to_string(call.shape(1)));
}

}  // namespace

void conv_vjp(Vjp& d) {
  const auto& c = d.attributes<Convolution>();
  if (d.wanted(0)) d.add(0, back(d.grad(), d.in(1), c, d.shape(0)));
  if (d.wanted(1)) d.add(1, weights(d.in(0), d.grad(), c, d.shape(1)));
  bias_vjp(d);
}

void conv_transpose_vjp(Vjp& d) {
  const auto& c = d.attributes<Convolution>();
  if (d.wanted(0)) d.add(0, forward(d.grad(), d.in(1), c, d.shape(0)));
  if (d.wanted(1)) d.add(1, weights(d.grad(), d.in(0), c, d.shape(1)));
  bias_vjp(d);
}

Tensor convolution(Call& call, const ConvOptions& options, bool line) {
  call.floating();
  const CallScope scope(call);
  const Extents x = extents(call, 0, line, form(line));
  const Kernels weight = kernels(call, line);
  const i64 groups = options.groups;
  Windows windows{weight.extents, options.stride, options.padding, options.dilation};
  if (line) windows.stride.h = windows.dilation.h = 1, windows.padding.h = 0;
  check_groups(call, groups, weight.first, "kernels");
  if (weight.second > max_size / groups || weight.second * groups != x.channels)
    call.fail<ShapeError>("x has {} channels, weight takes {} in {} groups: x is {}, weight is {}", x.channels,
                          weight.second, groups, to_string(call.shape(0)), to_string(call.shape(1)));
  check_windows(call, windows, x.plane);
  check_bias(call, weight.first);
  const Convolution c{x.samples, groups, weight.second, weight.first / groups, x.plane, windows.count(x.plane),
                      windows,   line};
  if (is_a_product(c) && !observed())  // who looks on should see a convolution
    return as_given(call, with_bias(call, forward_product(call.in(0), call.in(1), c)), line);
  note_options(options, 0);
  return correlated(call, c, false, Extents::with(call.shape(0), weight.first, c.count, line));
}

Tensor transposed_convolution(Call& call, const ConvOptions& options, Pair output_padding) {
  call.floating();
  const CallScope scope(call);
  const Extents x = extents(call, 0, false, form(false));
  const Kernels weight = kernels(call, false);
  const i64 groups = options.groups;
  const Pair kernel = weight.extents, count = x.plane;
  const Windows windows{kernel, options.stride, options.padding, options.dilation};
  check_groups(call, groups, x.channels, "channels");
  if (weight.first != x.channels)
    call.fail<ShapeError>("x has {} channels, weight takes {}: x is {}, weight is {}", x.channels, weight.first,
                          to_string(call.shape(0)), to_string(call.shape(1)));
  check_windows(call, windows, {max_size, max_size});
  const auto extent = [&](i64 windows_along, i64 k, i64 stride, i64 padding, i64 dilation, i64 more) {
    if (more < 0 || more >= std::max(stride, dilation))
      call.fail<ValueError>("output_padding is {}, expected 0 or more, less than stride or dilation", more);
    const i64 result = (windows_along - 1) * stride - 2 * padding + dilation * (k - 1) + more + 1;
    if (windows_along < 1 || result < 1)
      call.fail<ShapeError>("the result has extent {}: x is {}", result, describe(call.in(0)));
    return result;
  };
  const Pair output(
      extent(count.h, kernel.h, options.stride.h, options.padding.h, options.dilation.h, output_padding.h),
      extent(count.w, kernel.w, options.stride.w, options.padding.w, options.dilation.w, output_padding.w));
  check_bias(call, groups * weight.second);
  const Convolution c{x.samples, groups, weight.second, weight.first / groups, output, count, windows, false};
  if (is_a_product(c) && !observed())
    return as_given(call, with_bias(call, back_product(call.in(0), call.in(1), c)), false);
  note_options(options, output_padding);
  return correlated(call, c, true, Extents::with(call.shape(0), groups * weight.second, output, false));
}

}  // namespace xgrad::detail
