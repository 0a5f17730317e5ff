#include <xgrad/ops/update.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/internal/kernels.hpp>
#include <xgrad/ops/kernels/update.hpp>
#include <xgrad/ops/kernels/update_rules.hpp>
#include <xgrad/ops/neg.hpp>

#include <algorithm>
#include <cmath>

namespace xgrad {
namespace detail {
namespace {

void check(const char* op, const Tensor& w, const Tensor& other, const char* what, Site site) {
  if (!w.defined() || !other.defined())
    fail<ValueError>(op, site, "{} is an undefined tensor", w.defined() ? what : "w");
  if (!is_floating(w.dtype())) fail<DTypeError>(op, site, "w is {}, expected float32 or float64", describe(w));
  if (w.dtype() != other.dtype()) fail<DTypeError>(op, site, "w is {}, {} is {}", describe(w), what, describe(other));
  if (w.shape() != other.shape()) fail<ShapeError>(op, site, "w is {}, {} is {}", describe(w), what, describe(other));
}

void check_not_negative(const char* op, const char* option, double value, Site site) {
  if (!(value >= 0) || std::isinf(value))
    fail<ValueError>(op, site, "{} must be a number not below 0: it is {}", option, value);
}

void check_beta(const char* op, const char* option, double value, Site site) {
  if (!(value >= 0 && value < 1)) fail<ValueError>(op, site, "{} must be in [0, 1): it is {}", option, value);
}

/// An element's update depends on nothing else, so any cut gives the same bits.
template <class F> void in_pieces(std::int64_t n, F f) {
  constexpr std::int64_t piece = 32 * 1024;
  if (n < 2 * piece) return f(0, n);
  parallel_for((n + piece - 1) / piece, [&](std::int64_t i) { f(i * piece, std::min(piece, n - i * piece)); });
}

/// A kernel over w and what belongs to it, element by element; then numbers that it reads each time.
template <class Kernel, int arrays = 4, int pointers = 6> struct Update {
  Kernel kernel;  // (pointers, n): pointer 0 is w
  i64 extent, item;
  i64 grain = 1;  // see Sliceable
  u32 aligned = (1 << arrays) - 1;

  void operator()(Pointers p) const {
    in_pieces(extent, [&](i64 begin, i64 n) { run(p, begin, begin + n); });
  }
  void run(Pointers p, i64 begin, i64 end) const {
    void* at[pointers];
    for (int k = 0; k < pointers; ++k) at[k] = static_cast<char*>(p[k]) + (k < arrays ? begin * item : 0);
    kernel(at, end - begin);
  }
};

Elements to_change(Tensor& t, const char* op, Site site) {
  check_writable(t, op, site);
  if (Access::has_body(t)) ++Access::body(t)->version();
  return {const_cast<void*>(elements(t)), Access::has_body(t) ? Access::body(t) : nullptr, Elements::updates};
}

template <class T>
void sgd(Tensor& w, const Tensor& grad, Tensor* velocity, const Tensor& lr, const SgdStep& step, Site site) {
  const Elements to = to_change(w, "sgd_update", site), v = velocity ? to_change(*velocity, "sgd_update", site) : to;
  const auto run = [kernel = kernels_of<UpdateTable, T>().sgd, step, has_velocity = velocity != nullptr](void** p,
                                                                                                         i64 n) {
    SgdStep now = step;
    now.lr = *static_cast<const double*>(p[4]);
    kernel(static_cast<T*>(p[0]), static_cast<const T*>(p[1]), has_velocity ? static_cast<T*>(p[2]) : nullptr, n, now);
  };
  launch({to, reads(grad), v, v, reads(lr), reads(lr)}, Update<decltype(run)>{run, w.size(), sizeof(T)});
}

/// The gradient to go down along.
template <class Options> Tensor downhill(const Tensor& grad, const Options& options) {
  if constexpr (requires { options.maximize; })
    if (options.maximize) return -grad.detach();
  return grad;
}

AdamStep adam_step(const AdamOptions& options, double lr, i64 count) {
  const auto t = static_cast<double>(count);
  return {
      .lr = lr / (1 - std::pow(options.beta1, t)),
      .beta1 = options.beta1,
      .beta2 = options.beta2,
      .eps = options.eps,
      .weight_decay = options.decoupled_weight_decay ? 0 : options.weight_decay,
      .shrink = options.decoupled_weight_decay ? 1 - lr * options.weight_decay : 1,
      .root_correction = std::sqrt(1 - std::pow(options.beta2, t)),
  };
}

template <class T>
void adam(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, const Tensor& count, const Tensor& lr,
          const AdamOptions& options, Site site) {
  const Elements to = to_change(w, "adam_update", site), first = to_change(m, "adam_update", site),
                 second = to_change(v, "adam_update", site);
  const auto run = [kernel = kernels_of<UpdateTable, T>().adam, options](void** p, i64 n) {
    const AdamStep now = adam_step(options, *static_cast<const double*>(p[4]), *static_cast<const i64*>(p[5]));
    kernel(static_cast<T*>(p[0]), static_cast<const T*>(p[1]), static_cast<T*>(p[2]), static_cast<T*>(p[3]), n, now);
  };
  launch({to, reads(grad), first, second, reads(lr), reads(count)}, Update<decltype(run)>{run, w.size(), sizeof(T)});
}

void check_number(const char* op, const char* name, const Tensor& t, DType dtype, Site site) {
  if (!t.defined() || t.dtype() != dtype || t.shape() != Shape{1})
    fail<ShapeError>(op, site, "{} is {}, expected {} (1,)", name, t.defined() ? describe(t) : "undefined",
                     name_of(dtype));
}

/// One number, as the launches take it.
template <class T> Tensor number(T value) { return from_data(&value, {1}); }

}  // namespace

void check_options(const char* op, const SgdOptions& options, Site site) {
  check_not_negative(op, "lr", options.lr, site);
  check_not_negative(op, "momentum", options.momentum, site);
  check_not_negative(op, "weight_decay", options.weight_decay, site);
  if (!std::isfinite(options.dampening))
    fail<ValueError>(op, site, "dampening must be a number: it is {}", options.dampening);
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0))
    fail<ValueError>(op, site, "nesterov needs momentum and no dampening: they are {} and {}", options.momentum,
                     options.dampening);
}

void check_options(const char* op, const AdamOptions& options, Site site) {
  check_not_negative(op, "lr", options.lr, site);
  check_not_negative(op, "eps", options.eps, site);
  check_not_negative(op, "weight_decay", options.weight_decay, site);
  check_beta(op, "beta1", options.beta1, site);
  check_beta(op, "beta2", options.beta2, site);
  if (options.step < 1) fail<ValueError>(op, site, "step is {}, expected 1 or more", options.step);
}

template <class Options> bool keeps(const Options& o, int k) {
  if (!Options::states[k]) return false;
  if constexpr (requires { o.amsgrad; })
    if (k == 2) return o.amsgrad;
  if constexpr (requires { o.nesterov; }) return o.momentum != 0;
  if constexpr (requires { o.centered; }) return k == 0 || (k == 1 ? o.momentum != 0 : o.centered);
  return true;
}

namespace {

/// Each option of the ones that are there, by what it has to be.
template <class Options> void check_each(const char* op, const Options& o, Site site) {
  const auto not_negative = [&](const char* name, double value) { check_not_negative(op, name, value, site); };
  const auto beta = [&](const char* name, double value) { check_beta(op, name, value, site); };
  not_negative("lr", o.lr);
  if constexpr (requires { o.beta1; }) beta("beta1", o.beta1), beta("beta2", o.beta2);
  if constexpr (requires { o.eps; }) not_negative("eps", o.eps);
  if constexpr (requires { o.weight_decay; }) not_negative("weight_decay", o.weight_decay);
  if constexpr (requires { o.momentum; }) not_negative("momentum", o.momentum);
  if constexpr (requires { o.momentum_decay; }) not_negative("momentum_decay", o.momentum_decay);
  if constexpr (requires { o.alpha; }) beta("alpha", o.alpha);
  if constexpr (requires { o.rho; }) beta("rho", o.rho);
  if constexpr (requires { o.lr_decay; }) not_negative("lr_decay", o.lr_decay);
  if constexpr (requires { o.initial_accumulator_value; })
    not_negative("initial_accumulator_value", o.initial_accumulator_value);
}

/// One more step: before it, so that the update finds its own number.
template <class Options> void count_step(UpdateState& state, const Options& options, Site site) {
  if constexpr (requires { options.momentum_decay; })
    launch({to_change(state.step, Options::name, site), to_change(state.product, Options::name, site)},
           [options](Pointers p) {
             i64& count = *static_cast<i64*>(p[0]);
             *static_cast<double*>(p[1]) *= nadam_momentum(options, static_cast<double>(++count));
           });
  else launch({to_change(state.step, Options::name, site)}, [](Pointers p) { ++*static_cast<i64*>(p[0]); });
}

template <class T, class Options> const UpdateSlot<T, Options>& slot_of() {
  if constexpr (std::is_base_of_v<UpdateSlot<T, Options>, BookRules<T>>) return kernels_of<BookRuleTable, T>();
  else return kernels_of<UpdateRuleTable, T>();
}

/// w, the gradient, three states; then the rate, the count and the product.
template <class T, class Options>
void run_rule(Tensor& w, const Tensor& grad, UpdateState& state, const Tensor& lr, const Options& options, Site site) {
  const Elements to = to_change(w, Options::name, site);
  Elements states[3] = {to, to, to};
  bool used[3];
  for (int k = 0; k < 3; ++k)
    if ((used[k] = keeps(options, k))) states[k] = to_change(state.arrays[k], Options::name, site);
  const UpdateSlot<T, Options>& slot = slot_of<T, Options>();
  const auto run = [rule = slot.run, options, a = used[0], b = used[1], c = used[2]](void** p, i64 n) {
    const auto array = [&](int k) { return static_cast<T*>(p[k]); };
    T* const kept[] = {a ? array(2) : nullptr, b ? array(3) : nullptr, c ? array(4) : nullptr};
    const UpdateStep now{*static_cast<const double*>(p[5]), static_cast<double>(*static_cast<const i64*>(p[6])),
                         *static_cast<const double*>(p[7])};
    rule(array(0), array(1), kept, n, options, now);
  };
  const Tensor& product = state.product.defined() ? state.product : lr;
  launch({to, reads(grad), states[0], states[1], states[2], reads(lr), reads(state.step), reads(product)},
         Update<decltype(run), 5, 8>{run, w.size(), sizeof(T), 1, (1 << 5) - 1});
}

/// update() of those whose kernels are in the list of rules.
template <class Options>
void update_by_rule(Tensor& w, const Tensor& grad, UpdateState& state, const Tensor& lr, const Options& options,
                    Site site) {
  constexpr const char* op = Options::name;
  check(op, w, grad, "grad", site);
  check_number(op, "lr", lr, xgrad::float64, site);
  check_options(op, options, site);
  check_writable(w, op, site);  // before anything is counted
  if (!state.step.defined()) state.step = zeros({1}, xgrad::int64, site);
  check_number(op, "step", state.step, xgrad::int64, site);
  if constexpr (requires { options.momentum_decay; }) {
    if (!state.product.defined()) state.product = ones({1}, xgrad::float64, site);
    check_number(op, "product", state.product, xgrad::float64, site);
  }
  double start = 0;
  if constexpr (requires { options.initial_accumulator_value; }) start = options.initial_accumulator_value;
  for (int k = 0; k < 3; ++k)
    if (keeps(options, k)) {
      Tensor& array = state.arrays[k];
      if (!array.defined()) array = full(w.shape(), start, w.dtype(), site);
      check(op, w, array, Options::states[k], site);
    }
  count_step(state, options, site);
  (w.dtype() == DType::float32 ? run_rule<float, Options> : run_rule<double, Options>)(w, downhill(grad, options),
                                                                                       state, lr, options, site);
}

}  // namespace

template <class Options> void check_options(const char* op, const Options& options, Site site) {
  check_each(op, options, site);
}

}  // namespace detail

void sgd_update(Tensor& w, const Tensor& grad, Tensor& velocity, const Tensor& lr, const SgdOptions& options,
                Site site) {
  constexpr const char* op = "sgd_update";
  detail::check(op, w, grad, "grad", site);
  detail::check_number(op, "lr", lr, float64, site);
  detail::check_options(op, options, site);
  const bool uses_velocity = options.momentum != 0, first = !velocity.defined();
  if (uses_velocity && first) velocity = zeros(w.shape(), w.dtype(), site);
  if (uses_velocity) detail::check(op, w, velocity, "velocity", site);
  const detail::SgdStep step{0, options.momentum, options.dampening, options.weight_decay, options.nesterov, first};
  (w.dtype() == DType::float32 ? detail::sgd<float> : detail::sgd<double>)(w, detail::downhill(grad, options),
                                                                           uses_velocity ? &velocity : nullptr, lr,
                                                                           step, site);
}

void sgd_update(Tensor& w, const Tensor& grad, Tensor& velocity, const SgdOptions& options, Site site) {
  sgd_update(w, grad, velocity, detail::number(options.lr), options, site);
}

void adam_update(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, Tensor& step, const Tensor& lr,
                 const AdamOptions& options, Site site) {
  constexpr const char* op = "adam_update";
  if (options.amsgrad) detail::fail<ValueError>(op, site, "amsgrad has a state of its own, which update() knows");
  detail::check(op, w, grad, "grad", site);
  detail::check_number(op, "step", step, int64, site);
  detail::check_number(op, "lr", lr, float64, site);
  detail::check_options(op, options, site);
  if (!m.defined()) m = zeros(w.shape(), w.dtype(), site);
  if (!v.defined()) v = zeros(w.shape(), w.dtype(), site);
  detail::check(op, w, m, "m", site);
  detail::check(op, w, v, "v", site);
  detail::check_writable(w, op, site);  // before anything is counted
  detail::launch({detail::to_change(step, op, site)}, [](detail::Pointers p) { ++*static_cast<std::int64_t*>(p[0]); });
  (w.dtype() == DType::float32 ? detail::adam<float> : detail::adam<double>)(w, detail::downhill(grad, options), m, v,
                                                                             step, lr, options, site);
}

void adam_update(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, const AdamOptions& options, Site site) {
  detail::check_options("adam_update", options, site);
  Tensor before = detail::number(options.step - 1);
  adam_update(w, grad, m, v, before, detail::number(options.lr), options, site);
}

template <class Options>
void update(Tensor& w, const Tensor& grad, UpdateState& state, const Tensor& lr, const Options& options, Site site) {
  detail::update_by_rule(w, grad, state, lr, options, site);
}
template <>
void update(Tensor& w, const Tensor& grad, UpdateState& state, const Tensor& lr, const SgdOptions& options, Site site) {
  sgd_update(w, grad, state.arrays[0], lr, options, site);
}
template <>
void update(Tensor& w, const Tensor& grad, UpdateState& state, const Tensor& lr, const AdamOptions& options,
            Site site) {
  if (options.amsgrad) return detail::update_by_rule(w, grad, state, lr, options, site);
  if (!state.step.defined()) state.step = zeros({1}, int64, site);
  adam_update(w, grad, state.arrays[0], state.arrays[1], state.step, lr, options, site);
}

template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const AdagradOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const RmspropOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const AdadeltaOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const AdamaxOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const NadamOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const RadamOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const LionOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const BookMomentumOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const BookNesterovOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const BookAdamOptions&, Site);
template void update(Tensor&, const Tensor&, UpdateState&, const Tensor&, const AverageOptions&, Site);

template <>
void update(Tensor& w, const Tensor& grad, UpdateState& state, const Tensor& lr, const AdamwOptions& options,
            Site site) {
  update<AdamOptions>(w, grad, state, lr, options, site);
}

namespace detail {
template <> void check_options(const char* op, const AdamwOptions& options, Site site) {
  check_options(op, static_cast<const AdamOptions&>(AdamOptions(options)), site);
}
template void check_options(const char*, const AdagradOptions&, Site);
template void check_options(const char*, const RmspropOptions&, Site);
template void check_options(const char*, const AdadeltaOptions&, Site);
template void check_options(const char*, const AdamaxOptions&, Site);
template void check_options(const char*, const NadamOptions&, Site);
template void check_options(const char*, const RadamOptions&, Site);
template void check_options(const char*, const LionOptions&, Site);
template void check_options(const char*, const BookMomentumOptions&, Site);
template void check_options(const char*, const BookNesterovOptions&, Site);
template void check_options(const char*, const BookAdamOptions&, Site);
template void check_options(const char*, const AverageOptions&, Site);
template bool keeps(const SgdOptions&, int);
template bool keeps(const AdamOptions&, int);
template bool keeps(const AdamwOptions&, int);
template bool keeps(const AdagradOptions&, int);
template bool keeps(const RmspropOptions&, int);
template bool keeps(const AdadeltaOptions&, int);
template bool keeps(const AdamaxOptions&, int);
template bool keeps(const NadamOptions&, int);
template bool keeps(const RadamOptions&, int);
template bool keeps(const LionOptions&, int);
template bool keeps(const BookMomentumOptions&, int);
template bool keeps(const BookNesterovOptions&, int);
template bool keeps(const BookAdamOptions&, int);
template bool keeps(const AverageOptions&, int);
}  // namespace detail

}  // namespace xgrad
