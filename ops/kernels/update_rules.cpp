#include <xgrad/engine/kernels/lane.hpp>
#include <xgrad/ops/kernels/update_rules.hpp>

namespace xgrad::detail {
namespace {

/// An optimizer's update of a few elements: made from the numbers of a step, it returns the new w and changes the
/// states. L is a Lane.
template <class Options, class L> struct Rule;

/// The gradient with weight decay in it. Where there is none an infinite weight does not make it nan.
template <class L> L decayed(L g, L w, double weight_decay) { return weight_decay != 0 ? g + L(weight_decay) * w : g; }

/// 1 - beta^t: what a running mean that starts at zero has to be divided by.
double correction(double beta, const UpdateStep& s) { return 1 - __builtin_pow(beta, s.count); }

/// The two running means that Adam and its relatives keep.
template <class L> struct Moments {
  L take1, beta2, take2;
  template <class Options>
  explicit Moments(const Options& o) : take1(1 - o.beta1), beta2(o.beta2), take2(1 - o.beta2) {}
  void operator()(L g, L& m, L& v) const {
    m = m + take1 * (g - m);
    v = beta2 * v + take2 * square(g);
  }
};

/// AMSGrad: Adam alone has a kernel of its own, in update.cpp.
template <class L> struct Rule<AdamOptions, L> {
  Moments<L> moments;
  L lr, eps, root, shrink;
  double decay;
  Rule(const AdamOptions& o, const UpdateStep& s)
      : moments(o),
        lr(s.lr / correction(o.beta1, s)),
        eps(o.eps),
        root(1 / __builtin_sqrt(correction(o.beta2, s))),
        shrink(o.decoupled_weight_decay ? 1 - s.lr * o.weight_decay : 1),
        decay(o.decoupled_weight_decay ? 0 : o.weight_decay) {}
  L operator()(L w, L g, L* state) const {
    moments(decayed(g, w, decay), state[0], state[1]);
    state[2] = maximum(state[2], state[1]);
    return shrink * w - lr * state[0] / (sqrt(state[2]) * root + eps);
  }
};

template <class L> struct Rule<AdagradOptions, L> {
  L lr, eps;
  double decay;
  Rule(const AdagradOptions& o, const UpdateStep& s)
      : lr(s.lr / (1 + (s.count - 1) * o.lr_decay)), eps(o.eps), decay(o.weight_decay) {}
  L operator()(L w, L g, L* state) const {
    g = decayed(g, w, decay);
    state[0] = state[0] + square(g);
    return w - lr * g / (sqrt(state[0]) + eps);
  }
};

template <class L> struct Rule<RmspropOptions, L> {
  L lr, alpha, take, eps, momentum;
  double decay;
  bool has_momentum, centered;
  Rule(const RmspropOptions& o, const UpdateStep& s)
      : lr(s.lr),
        alpha(o.alpha),
        take(1 - o.alpha),
        eps(o.eps),
        momentum(o.momentum),
        decay(o.weight_decay),
        has_momentum(o.momentum != 0),
        centered(o.centered) {}
  L operator()(L w, L g, L* state) const {
    g = decayed(g, w, decay);
    state[0] = alpha * state[0] + take * square(g);
    L spread = state[0];
    if (centered) {
      state[2] = state[2] + take * (g - state[2]);
      spread = spread - square(state[2]);
    }
    const L scaled = g / (sqrt(spread) + eps);
    if (!has_momentum) return w - lr * scaled;
    state[1] = momentum * state[1] + scaled;
    return w - lr * state[1];
  }
};

template <class L> struct Rule<AdadeltaOptions, L> {
  L lr, rho, take, eps;
  double decay;
  Rule(const AdadeltaOptions& o, const UpdateStep& s)
      : lr(s.lr), rho(o.rho), take(1 - o.rho), eps(o.eps), decay(o.weight_decay) {}
  L operator()(L w, L g, L* state) const {
    g = decayed(g, w, decay);
    state[0] = rho * state[0] + take * square(g);
    const L delta = sqrt(state[1] + eps) / sqrt(state[0] + eps) * g;
    state[1] = rho * state[1] + take * square(delta);
    return w - lr * delta;
  }
};

template <class L> struct Rule<AdamaxOptions, L> {
  L lr, take1, beta2, eps;
  double decay;
  Rule(const AdamaxOptions& o, const UpdateStep& s)
      : lr(s.lr / correction(o.beta1, s)), take1(1 - o.beta1), beta2(o.beta2), eps(o.eps), decay(o.weight_decay) {}
  L operator()(L w, L g, L* state) const {
    g = decayed(g, w, decay);
    state[0] = state[0] + take1 * (g - state[0]);
    state[1] = maximum(beta2 * state[1], abs(g) + eps);
    return w - lr * state[0] / state[1];
  }
};

template <class L> struct Rule<NadamOptions, L> {
  Moments<L> moments;
  L of_g, of_m, eps, root, shrink;
  double decay;
  Rule(const NadamOptions& o, const UpdateStep& s)
      : moments(o),
        eps(o.eps),
        root(1 / __builtin_sqrt(correction(o.beta2, s))),
        shrink(o.decoupled_weight_decay ? 1 - s.lr * o.weight_decay : 1),
        decay(o.decoupled_weight_decay ? 0 : o.weight_decay) {
    const double next = nadam_momentum(o, s.count + 1);
    of_g = s.lr * (1 - nadam_momentum(o, s.count)) / (1 - s.product);
    of_m = s.lr * next / (1 - s.product * next);
  }
  L operator()(L w, L g, L* state) const {
    g = decayed(g, w, decay);
    moments(g, state[0], state[1]);
    return shrink * w - (of_g * g + of_m * state[0]) / (sqrt(state[1]) * root + eps);
  }
};

template <class L> struct Rule<RadamOptions, L> {
  Moments<L> moments;
  L lr, eps, shrink;
  double decay;
  bool adaptive;  // only once the variance of the adaptive rate is finite
  Rule(const RadamOptions& o, const UpdateStep& s)
      : moments(o),
        eps(o.eps),
        shrink(o.decoupled_weight_decay ? 1 - s.lr * o.weight_decay : 1),
        decay(o.decoupled_weight_decay ? 0 : o.weight_decay) {
    const double left = correction(o.beta2, s), most = 2 / (1 - o.beta2) - 1,
                 rho = most - 2 * s.count * (1 - left) / left;
    adaptive = rho > 5;
    const double rectified =
        adaptive ? __builtin_sqrt(left * (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) : 1;
    lr = s.lr / correction(o.beta1, s) * rectified;
  }
  L operator()(L w, L g, L* state) const {
    moments(decayed(g, w, decay), state[0], state[1]);
    const L step = lr * state[0];
    return shrink * w - (adaptive ? step / (sqrt(state[1]) + eps) : step);
  }
};

template <class L> struct Rule<LionOptions, L> {
  L lr, beta1, take1, beta2, take2, shrink;
  Rule(const LionOptions& o, const UpdateStep& s)
      : lr(s.lr),
        beta1(o.beta1),
        take1(1 - o.beta1),
        beta2(o.beta2),
        take2(1 - o.beta2),
        shrink(1 - s.lr * o.weight_decay) {}
  L operator()(L w, L g, L* state) const {
    const L toward = beta1 * state[0] + take1 * g;
    const L sign = where(toward > 0, 1, where(toward < 0, -1, toward));
    state[0] = beta2 * state[0] + take2 * g;
    return shrink * w - lr * sign;
  }
};

template <class L> struct Rule<BookMomentumOptions, L> {
  L lr, momentum;
  Rule(const BookMomentumOptions& o, const UpdateStep& s) : lr(s.lr), momentum(o.momentum) {}
  L operator()(L w, L g, L* state) const {
    state[0] = momentum * state[0] - lr * g;
    return w + state[0];
  }
};

template <class L> struct Rule<BookNesterovOptions, L> {
  L lr, momentum;
  Rule(const BookNesterovOptions& o, const UpdateStep& s) : lr(s.lr), momentum(o.momentum) {}
  L operator()(L w, L g, L* state) const {
    state[0] = momentum * state[0] - lr * g;
    return w + momentum * momentum * state[0] - (1 + momentum) * lr * g;
  }
};

template <class L> struct Rule<BookAdamOptions, L> {
  Moments<L> moments;
  L lr;
  Rule(const BookAdamOptions& o, const UpdateStep& s)
      : moments(o), lr(s.lr * __builtin_sqrt(correction(o.beta2, s)) / correction(o.beta1, s)) {}
  L operator()(L w, L g, L* state) const {
    moments(g, state[0], state[1]);
    return w - lr * state[0] / (sqrt(state[1]) + 1e-7);
  }
};

template <class L> struct Rule<AverageOptions, L> {
  L take;
  Rule(const AverageOptions&, const UpdateStep& s) : take(s.lr) {}
  L operator()(L w, L g, L*) const { return w + take * (g - w); }
};

template <class A, class T, class Options>
void run_rule(T* w, const T* g, T* const* states, std::int64_t n, const Options& options, const UpdateStep& step) {
  using L = Lane<T, A>;
  const Rule<Options, L> rule(options, step);
  T* const kept[3] = {states[0], states[1], states[2]};
  const auto update = [&](std::int64_t i, auto... count) {
    L state[3] = {0, 0, 0};
    for (int k = 0; k < 3; ++k)
      if (kept[k]) state[k] = L::load(kept[k] + i, count...);
    rule(L::load(w + i, count...), L::load(g + i, count...), state).store(w + i, count...);
    for (int k = 0; k < 3; ++k)
      if (kept[k]) state[k].store(kept[k] + i, count...);
  };
  std::int64_t i = 0;
  for (; i + L::width <= n; i += L::width) update(i);
  if (i < n) update(i, n - i);
}

template <class A, class T, class... Options> constexpr auto rules_of(const UpdateSlots<T, Options...>*) {
  return UpdateSlots<T, Options...>{UpdateSlot<T, Options>{run_rule<A, T, Options>}...};
}
template <class A, class Rules> constexpr Rules all_of = rules_of<A>(static_cast<const Rules*>(nullptr));

}  // namespace

template <class A> const UpdateRules<float> UpdateRuleTable<A>::float32 = all_of<A, UpdateRules<float>>;
template <class A> const UpdateRules<double> UpdateRuleTable<A>::float64 = all_of<A, UpdateRules<double>>;
template <class A> const BookRules<float> BookRuleTable<A>::float32 = all_of<A, BookRules<float>>;
template <class A> const BookRules<double> BookRuleTable<A>::float64 = all_of<A, BookRules<double>>;
template struct UpdateRuleTable<arch::XGRAD_ARCH>;
template struct BookRuleTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
