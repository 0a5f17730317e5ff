#include <xgrad/ops/internal/pool.hpp>

#include <algorithm>
#include <limits>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/argmax.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/im2col.hpp>
#include <xgrad/ops/internal/kernels.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/kernels/pool.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::detail {
namespace {

struct Pooling {
  i64 planes;
  PoolPlanes shape;
  i64 elements() const noexcept { return shape.h.extent * shape.w.extent; }
  i64 windows() const noexcept { return shape.h.windows * shape.w.windows; }
};

/// f(kernels, first plane, count, scratch) for the planes, some at a time: none reads or writes another's.
template <class T, class F> void each_planes(const Pooling& p, F f) {
  constexpr i64 enough = 32 * 1024;
  const i64 some = std::max<i64>(1, enough / std::max<i64>(1, p.elements() + p.windows()));
  parallel_for((p.planes + some - 1) / some, [&](i64 i) {
    const Tensor scratch = new_array(dtype_of<T>, {pool_scratch(p.shape)});
    f(kernels_of<PoolTable, T>(), i * some, std::min(some, p.planes - i * some),
      static_cast<T*>(Access::body(scratch)->data));
  });
}

/// The same for a dtype; f is given a null pointer to the element type first.
template <class F> void each_planes(DType dtype, const Pooling& p, F f) {
  const auto typed = [&]<class T>(T* type) {
    each_planes<T>(p, [&](const PoolKernels<T>& kernels, i64 first, i64 count, T* scratch) {
      f(type, kernels, first, count, scratch);
    });
  };
  if (dtype == DType::float32) typed(static_cast<float*>(nullptr));
  else typed(static_cast<double*>(nullptr));
}

template <class T> T* at(void* elements, i64 first) { return static_cast<T*>(elements) + first; }

// Taking what is at some places and putting it back there are linear, and each is the other's derivative; so are taking
// means and spreading them. That gives pooling derivatives of every order.
Tensor pick(const Operand& x, const Tensor& place, const Pooling& p, const Shape& shape);
Tensor spread(const Operand& y, const Pooling& p, const Shape& shape);
Tensor mean(Call& call, const Pooling& p, const Shape& shape);

const Op unpick_op{.name = "max_unpool", .reads = {reads_extra}, .vjp = [](Vjp& d) {
                     d.add(0, pick(d.grad(), d.extra(), d.attributes<Pooling>(), d.shape(0)));
                   }};

Tensor unpick(const Operand& y, const Tensor& place, const Pooling& p, const Shape& shape) {
  Call call(unpick_op, y);
  const Tensor x = new_array(call.in(0).dtype(), shape);
  launch({writes(x), reads(call.in(0)), reads(place)}, [dtype = x.dtype(), p](Pointers to) {
    each_planes(dtype, p, [&]<class T>(T*, const PoolKernels<T>& kernels, i64 first, i64 count, T* scratch) {
      kernels.unpick(at<T>(to[1], first * p.windows()), at<u8>(to[2], first * p.windows()), count, p.shape,
                     at<T>(to[0], first * p.elements()), scratch);
    });
  });
  return call.record(x, p, place);
}

}  // namespace
void max_pool_vjp(Vjp& d) { d.add(0, unpick(d.grad(), d.extra(), d.attributes<Pooling>(), d.shape(0))); }
namespace {

const Op pick_op{.name = "max_pool_pick", .reads = {reads_extra}, .vjp = max_pool_vjp};

Tensor pick(const Operand& x, const Tensor& place, const Pooling& p, const Shape& shape) {
  Call call(pick_op, x);
  const Tensor y = new_array(call.in(0).dtype(), shape);
  launch({writes(y), reads(call.in(0)), reads(place)}, [dtype = y.dtype(), p](Pointers to) {
    each_planes(dtype, p, [&]<class T>(T*, const PoolKernels<T>& kernels, i64 first, i64 count, T*) {
      kernels.pick(at<T>(to[1], first * p.elements()), at<u8>(to[2], first * p.windows()), count, p.shape,
                   at<T>(to[0], first * p.windows()));
    });
  });
  return call.record(y, p, place);
}

}  // namespace
void avg_pool_vjp(Vjp& d) { d.add(0, spread(d.grad(), d.attributes<Pooling>(), d.shape(0))); }
namespace {

const Op mean_op = avg_pool_op("avg_pool");
const Op spread_op{.name = "avg_unpool", .vjp = [](Vjp& d) {
                     const Operand g(d.grad());
                     Call call(mean_op, g);
                     d.add(0, mean(call, d.attributes<Pooling>(), d.shape(0)));
                   }};

Tensor spread(const Operand& y, const Pooling& p, const Shape& shape) {
  Call call(spread_op, y);
  const Tensor x = new_array(call.in(0).dtype(), shape);
  launch({writes(x), reads(call.in(0))}, [dtype = x.dtype(), p](Pointers to) {
    each_planes(dtype, p, [&]<class T>(T*, const PoolKernels<T>& kernels, i64 first, i64 count, T* scratch) {
      kernels.spread(at<T>(to[1], first * p.windows()), count, p.shape, at<T>(to[0], first * p.elements()), scratch);
    });
  });
  return call.record(x, p);
}

Tensor mean(Call& call, const Pooling& p, const Shape& shape) {
  const Tensor y = new_array(call.in(0).dtype(), shape);
  launch({writes(y), reads(call.in(0))}, [dtype = y.dtype(), p](Pointers to) {
    each_planes(dtype, p, [&]<class T>(T*, const PoolKernels<T>& kernels, i64 first, i64 count, T* scratch) {
      kernels.mean(at<T>(to[1], first * p.elements()), count, p.shape, at<T>(to[0], first * p.windows()), scratch);
    });
  });
  return call.record(y, p);
}

const char* expected(bool line) noexcept { return line ? "(N, C, L) or (C, L)" : "(N, C, H, W) or (C, H, W)"; }

/// What the call's argument is, checked; `shape` becomes the result's.
Pooling pooling(const Call& call, const Windows& windows, bool line, bool count_padding, Shape& shape) {
  call.floating();
  const Extents x = extents(call, 0, line, expected(line));
  check_windows(call, windows, x.plane);
  if (2 * windows.padding.h > windows.kernel.h || 2 * windows.padding.w > windows.kernel.w)
    call.fail<ValueError>("padding ({}, {}) is more than half of the kernel ({}, {})", windows.padding.h,
                          windows.padding.w, windows.kernel.h, windows.kernel.w);
  const Pair count = windows.count(x.plane);
  shape = x.with(call.shape(0), x.channels, count, line);
  return {x.samples * x.channels,
          {{x.plane.h, count.h, windows.kernel.h, windows.stride.h, windows.padding.h, windows.dilation.h},
           {x.plane.w, count.w, windows.kernel.w, windows.stride.w, windows.padding.w, windows.dilation.w},
           count_padding}};
}

void note_windows(const Windows& w, bool count_padding) {
  if (observed())
    note({setting("kernel", w.kernel.h, w.kernel.w), setting("stride", w.stride.h, w.stride.w),
          setting("padding", w.padding.h, w.padding.w), setting("dilation", w.dilation.h, w.dilation.w),
          setting("count_include_pad", count_padding)});
}

/// For windows whose places a byte does not count.
Tensor max_of_columns(const Call& call, const Windows& windows, const Pooling& p, bool line, const Shape& shape) {
  const Tensor x = as_batch(call, line, expected(line));
  const Tensor columns = im2col(padded(x, windows, -std::numeric_limits<double>::infinity()), windows.kernel,
                                windows.stride, 0, windows.dilation);
  const Tensor parts = reshape(columns, {p.planes, windows.kernel.h * windows.kernel.w, p.windows()});
  return reshape(gather(parts, 1, argmax(parts, 1, true)), shape);
}

/// (parts, n): row i takes the mean over its part.
Tensor means(i64 n, i64 parts, DType dtype) {
  Tensor matrix = zeros({parts, n}, DType::float64);
  auto* to = static_cast<double*>(Access::body(matrix)->data);
  for (i64 i = 0; i < parts; ++i) {
    const i64 begin = i * n / parts, end = ((i + 1) * n + parts - 1) / parts;
    for (i64 k = begin; k < end; ++k) to[i * n + k] = 1 / static_cast<double>(end - begin);
  }
  return xgrad::to(matrix, dtype);
}

}  // namespace

Tensor max_pool(Call& call, Windows windows, bool line) {
  Shape shape;
  const Pooling p = pooling(call, windows, line, true, shape);
  const CallScope scope(call);
  if (windows.kernel.h * windows.kernel.w > max_pool_places) return max_of_columns(call, windows, p, line, shape);
  note_windows(windows, true);
  const Tensor& x = call.in(0);
  const Tensor y = new_array(x.dtype(), shape), place = new_array(DType::boolean, shape);  // of bytes, that is
  launch({writes(y), writes(place), reads(x)}, [dtype = x.dtype(), p](Pointers to) {
    each_planes(dtype, p, [&]<class T>(T*, const PoolKernels<T>& kernels, i64 first, i64 count, T* scratch) {
      kernels.max(at<T>(to[2], first * p.elements()), count, p.shape, at<T>(to[0], first * p.windows()),
                  at<u8>(to[1], first * p.windows()), scratch);
    });
  });
  return call.record(y, p, place);
}

Tensor avg_pool(Call& call, Windows windows, bool line, bool count_padding) {
  Shape shape;
  const Pooling p = pooling(call, windows, line, count_padding, shape);
  const CallScope scope(call);
  note_windows(windows, count_padding);
  return mean(call, p, shape);
}

Tensor adaptive_avg_pool(const Call& call, Pair output, bool line) {
  const DType dtype = call.floating();
  if (output.h < 1 || output.w < 1 || std::max(output.h, output.w) > max_size)
    call.fail<ValueError>("output_size is ({}, {}), expected 1 or more", output.h, output.w);
  const CallScope scope(call);
  const Tensor x = as_batch(call, line, expected(line));
  const i64 h = x.shape()[2], w = x.shape()[3];
  if (h == 0 || w == 0)
    call.fail<ShapeError>("argument 1 is {}, expected elements to take means of", describe(call.in(0)));
  const Tensor columns = matmul(x, false, means(w, output.w, dtype), true);
  return as_given(call, matmul(means(h, output.h, dtype), columns), line);
}

}  // namespace xgrad::detail
