#include <xgrad/engine/kernels/along.hpp>
#include <xgrad/ops/kernels/normalize.hpp>

namespace xgrad::detail {
namespace {

template <class T, class A>
void rows(const T* x, const T* weight, const T* bias, T* y, T* kept, Size count, Size n, T eps) {
  using W = Wide<T, A>;
  const Row<T, A> row{n};
  const W each = W(1) / W(static_cast<T>(n));
  for (; count > 0; --count, x += n, y += n, kept += 2) {
    const W mean =
        each * row.template reduce<Sum<T>, true>([&](Size i, auto... some) { return W::load(x + i, some...); });
    const W variance = each * row.template reduce<Sum<T>, true>([&](Size i, auto... some) {
      const W d = load_or<W>(x + i, mean.part[0].v.get(0), some...) - mean;
      return d * d;
    });
    const W scale = row.apply([&](auto v) { return 1 / sqrt(v + eps); }, variance);
    row.each([&](Size i, auto... some) {
      W to = (W::load(x + i, some...) - mean) * scale;
      if (weight) to = to * W::load(weight + i, some...);
      if (bias) to = to + W::load(bias + i, some...);
      to.store(y + i, some...);
    });
    row.put(kept, mean);
    row.put(kept + 1, scale);
  }
}

// With z = (x - mean) scale and h = g weight: scale (h - mean h - z mean(h z)).
template <class T, class A>
void rows_grad(const T* g, const T* x, const T* weight, const T* kept, T* grad_x, bool add, T* grad_weight,
               T* grad_bias, Size count, Size n) {
  using W = Wide<T, A>;
  const Row<T, A> row{n};
  const W each = W(1) / W(static_cast<T>(n));
  for (; count > 0; --count, g += n, x += n, kept += 2) {
    const W mean(kept[0]), scale(kept[1]);
    const auto z = [&](Size i, auto... some) { return (W::load(x + i, some...) - mean) * scale; };
    const auto h = [&](Size i, auto... some) {
      const W gi = W::load(g + i, some...);
      return weight ? gi * W::load(weight + i, some...) : gi;
    };
    if (grad_x) {
      const W mean_h = each * row.template reduce<Sum<T>, true>(h),
              mean_hz = each * row.template reduce<Sum<T>, true>(
                                   [&](Size i, auto... some) { return h(i, some...) * z(i, some...); });
      row.each([&](Size i, auto... some) {
        const W d = scale * (h(i, some...) - mean_h - z(i, some...) * mean_hz);
        (add ? W::load(grad_x + i, some...) + d : d).store(grad_x + i, some...);
      });
      grad_x += n;
    }
    if (grad_weight)
      row.each([&](Size i, auto... some) {
        fma(W::load(g + i, some...), z(i, some...), W::load(grad_weight + i, some...)).store(grad_weight + i, some...);
      });
    if (grad_bias)
      row.each([&](Size i, auto... some) {
        (W::load(grad_bias + i, some...) + W::load(g + i, some...)).store(grad_bias + i, some...);
      });
  }
}

}  // namespace

template <class A> const NormalizeKernels<float> NormalizeTable<A>::float32{rows<float, A>, rows_grad<float, A>};
template <class A> const NormalizeKernels<double> NormalizeTable<A>::float64{rows<double, A>, rows_grad<double, A>};
template struct NormalizeTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
