#include <xgrad/engine/kernels/lane.hpp>
#include <xgrad/ops/kernels/update.hpp>

namespace xgrad::detail {
namespace {

/// Calls f(i) for whole batches and f(i, count) for the rest.
template <class L, class F> [[gnu::always_inline]] inline void each_batch(std::int64_t n, F f) {
  std::int64_t i = 0;
  for (; i + L::width <= n; i += L::width) f(i);
  if (i < n) f(i, n - i);
}

template <class T, class A, bool has_momentum>
void sgd_loop(T* w, const T* g, T* velocity, std::int64_t n, const SgdStep& step) {
  using L = Lane<T, A>;
  const L lr = step.lr, momentum = step.momentum, keep = 1 - step.dampening, decay = step.weight_decay;
  each_batch<L>(n, [&](std::int64_t i, auto... count) {
    const L weight = L::load(w + i, count...);
    L d = L::load(g + i, count...);
    if (step.weight_decay != 0) d = d + decay * weight;
    if constexpr (has_momentum) {
      const L v = step.first ? d : momentum * L::load(velocity + i, count...) + keep * d;
      v.store(velocity + i, count...);
      d = step.nesterov ? d + momentum * v : v;
    }
    (weight - lr * d).store(w + i, count...);
  });
}

template <class T, class A> void sgd(T* w, const T* g, T* velocity, std::int64_t n, const SgdStep& step) {
  if (step.momentum == 0) sgd_loop<T, A, false>(w, g, velocity, n, step);
  else sgd_loop<T, A, true>(w, g, velocity, n, step);
}

template <class T, class A> void adam(T* w, const T* g, T* m, T* v, std::int64_t n, const AdamStep& step) {
  using L = Lane<T, A>;
  const L lr = step.lr, take1 = 1 - step.beta1, beta2 = step.beta2, take2 = 1 - step.beta2, eps = step.eps,
          decay = step.weight_decay, shrink = step.shrink, correction = 1 / step.root_correction;
  each_batch<L>(n, [&](std::int64_t i, auto... count) {
    const L weight = shrink * L::load(w + i, count...);
    L d = L::load(g + i, count...);
    if (step.weight_decay != 0) d = d + decay * weight;
    const L old_m = L::load(m + i, count...), new_m = old_m + take1 * (d - old_m);
    const L new_v = beta2 * L::load(v + i, count...) + take2 * (d * d);
    new_m.store(m + i, count...);
    new_v.store(v + i, count...);
    (weight - lr * new_m / (sqrt(new_v) * correction + eps)).store(w + i, count...);
  });
}

}  // namespace

template <class A> const UpdateKernels<float> UpdateTable<A>::float32{sgd<float, A>, adam<float, A>};
template <class A> const UpdateKernels<double> UpdateTable<A>::float64{sgd<double, A>, adam<double, A>};
template struct UpdateTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
