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

/// A channel; where its planes have one element, neighbouring ones, as many as fill a Wide.
template <class T, class A> struct Channel {
  using W = Wide<T, A>;
  Size samples, stride, span;  // of each sample `span` elements, which are neighbours
  bool is_one;

  /// f as of a Row.
  template <class F> void each(F f) const noexcept {
    for (Size s = 0; s < samples; ++s) {
      Size i = 0;
      for (; i + W::width <= span; i += W::width) f(s * stride + i);
      if (i < span) f(s * stride + i, span - i);
    }
  }
  [[gnu::noinline]] W get(const T* from) const noexcept { return is_one ? W(*from) : W::load(from, span); }
  [[gnu::noinline]] void put(T* to, const W& value) const noexcept {
    if (is_one) *to = value.part[0].v.get(0);
    else value.store(to, span);
  }
};

template <class T, class A> struct Sums { Wide<T, A> first, second; };

/// The sums of a - a0 and of (a - a0) (b - b0).
template <class T, class A>
[[gnu::noinline]] Sums<T, A> sums(const Channel<T, A>& channel, const T* a, const Wide<T, A>& a0, const T* b,
                                  const Wide<T, A>& b0) noexcept {
  using W = Wide<T, A>;
  const auto products = [&](Size i, auto... some) {
    const W da = load_or<W>(a + i, a0.part[0].v.get(0), some...) - a0,
            product = da * (load_or<W>(b + i, b0.part[0].v.get(0), some...) - b0);
    Wide<T, A, 2> both;
    for (int k = 0; k < W::parts; ++k) both.part[k] = da.part[k], both.part[W::parts + k] = product.part[k];
    return both;
  };
  Size begin = 0, i = 0;
  const auto all = reduce_terms<Sum<T>, T, A, 2, false>(channel.samples * ((channel.span + W::width - 1) / W::width),
                                                        [&](Size) {  // which are asked for in turn
                                                          const Size at = begin + i, rest = channel.span - i;
                                                          i += W::width;
                                                          if (i >= channel.span) i = 0, begin += channel.stride;
                                                          return rest >= W::width ? products(at) : products(at, rest);
                                                        });
  Sums<T, A> apart;
  for (int k = 0; k < W::parts; ++k) apart.first.part[k] = all.part[k], apart.second.part[k] = all.part[W::parts + k];
  return channel.is_one ? Sums<T, A>{W(fold<Sum<T>>(apart.first)), W(fold<Sum<T>>(apart.second))} : apart;
}

/// f(channel, its number, where it begins) for `count` from `first` on.
template <class T, class A, class F>
[[gnu::always_inline]] inline void each_channel(const Channels& shape, Size first, Size count, F f) {
  constexpr Size width = Wide<T, A>::width;
  const bool is_one = shape.inner != 1;
  const Size end = first + count, step = is_one ? 1 : width;
  for (Size c = first; c < end; c += step)
    f(Channel<T, A>{shape.samples, shape.channels * shape.inner,
                    is_one ? shape.inner : (end - c < width ? end - c : width), is_one},
      c, c * shape.inner);
}

template <class T, class A> void channels(const Channels& shape, Size first, Size count, const ChannelsForward<T>& of) {
  using W = Wide<T, A>;
  const T n = static_cast<T>(shape.samples * shape.inner);
  const W each = W(1) / W(n), unbiased = W(n / (n - 1)), take = W(of.momentum), keep = W(1 - of.momentum);
  each_channel<T, A>(shape, first, count, [&](const Channel<T, A>& channel, Size c, Size begin) {
    const T* const x = of.x + begin;
    const W mean = each * sums<T, A>(channel, x, W(0), x, W(0)).first,
            variance = each * sums<T, A>(channel, x, mean, x, mean).second;
    const W scale = map_in_turn([&](auto v) { return 1 / sqrt(v + of.eps); }, variance);
    const W factor = of.weight ? scale * channel.get(of.weight + c) : scale,
            shift = of.bias ? channel.get(of.bias + c) : W(0);
    channel.each([&](Size i, auto... some) {
      ((W::load(x + i, some...) - mean) * factor + shift).store(of.y + begin + i, some...);
    });
    channel.put(of.kept + c, mean);
    channel.put(of.kept + shape.channels + c, scale);
    const auto average = [&](T* running, const W& now) {
      if (running) channel.put(running + c, channel.get(running + c) * keep + now * take);
    };
    average(of.running_mean, mean);
    average(of.running_var, variance * unbiased);
  });
}

// As rows_grad, but with one weight, which comes out of the means.
template <class T, class A>
void channels_grad(const Channels& shape, Size first, Size count, const ChannelsGrad<T>& of) {
  using W = Wide<T, A>;
  const W each = W(1) / W(static_cast<T>(shape.samples * shape.inner));
  each_channel<T, A>(shape, first, count, [&](const Channel<T, A>& channel, Size c, Size begin) {
    const T *const x = of.x + begin, *const g = of.g + begin;
    const W mean = channel.get(of.kept + c), scale = channel.get(of.kept + shape.channels + c);
    const Sums<T, A> of_g = sums<T, A>(channel, g, W(0), x, mean);
    const W sum_gz = of_g.second * scale;
    if (of.grad_bias) channel.put(of.grad_bias + c, of_g.first);
    if (of.grad_weight) channel.put(of.grad_weight + c, sum_gz);
    if (!of.grad_x) return;
    const W factor = of.weight ? scale * channel.get(of.weight + c) : scale, mean_g = each * of_g.first,
            slope = each * sum_gz * scale;
    channel.each([&](Size i, auto... some) {
      T* const to = of.grad_x + begin + i;
      const W d = factor * (W::load(g + i, some...) - mean_g - (W::load(x + i, some...) - mean) * slope);
      (of.add ? W::load(to, some...) + d : d).store(to, some...);
    });
  });
}

template <class T, class A> constexpr NormalizeKernels<T> make_kernels() {
  return {rows<T, A>, rows_grad<T, A>, channels<T, A>, channels_grad<T, A>};
}

}  // namespace

template <class A> const NormalizeKernels<float> NormalizeTable<A>::float32 = make_kernels<float, A>();
template <class A> const NormalizeKernels<double> NormalizeTable<A>::float64 = make_kernels<double, A>();
template struct NormalizeTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
