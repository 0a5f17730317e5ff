#include <xgrad/ops/update.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/ops/internal/kernels.hpp>
#include <xgrad/ops/kernels/update.hpp>

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

template <class T> void sgd(Tensor& w, const Tensor& grad, Tensor* velocity, const SgdStep& step, Site site) {
  T* v = velocity ? velocity->mutable_data<T>(site) : nullptr;
  T* to = w.mutable_data<T>(site);
  const T* g = grad.data<T>(site);
  const auto kernel = kernels_of<UpdateTable, T>().sgd;
  in_pieces(w.size(), [&](std::int64_t i, std::int64_t n) { kernel(to + i, g + i, v ? v + i : v, n, step); });
}

template <class T> void adam(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, const AdamStep& step, Site site) {
  T *to = w.mutable_data<T>(site), *first = m.mutable_data<T>(site), *second = v.mutable_data<T>(site);
  const T* g = grad.data<T>(site);
  const auto kernel = kernels_of<UpdateTable, T>().adam;
  in_pieces(w.size(), [&](std::int64_t i, std::int64_t n) { kernel(to + i, g + i, first + i, second + i, n, step); });
}

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

}  // namespace detail

void sgd_update(Tensor& w, const Tensor& grad, Tensor& velocity, const SgdOptions& options, Site site) {
  constexpr const char* op = "sgd_update";
  detail::check(op, w, grad, "grad", site);
  detail::check_options(op, options, site);
  const bool uses_velocity = options.momentum != 0, first = !velocity.defined();
  if (uses_velocity && first) velocity = zeros(w.shape(), w.dtype(), site);
  if (uses_velocity) detail::check(op, w, velocity, "velocity", site);
  const detail::SgdStep step{options.lr,           options.momentum, options.dampening,
                             options.weight_decay, options.nesterov, first};
  (w.dtype() == DType::float32 ? detail::sgd<float> : detail::sgd<double>)(w, grad, uses_velocity ? &velocity : nullptr,
                                                                           step, site);
}

void adam_update(Tensor& w, const Tensor& grad, Tensor& m, Tensor& v, const AdamOptions& options, Site site) {
  constexpr const char* op = "adam_update";
  detail::check(op, w, grad, "grad", site);
  detail::check_options(op, options, site);
  if (!m.defined()) m = zeros(w.shape(), w.dtype(), site);
  if (!v.defined()) v = zeros(w.shape(), w.dtype(), site);
  detail::check(op, w, m, "m", site);
  detail::check(op, w, v, "v", site);
  const auto t = static_cast<double>(options.step);
  const detail::AdamStep step{
      .lr = options.lr / (1 - std::pow(options.beta1, t)),
      .beta1 = options.beta1,
      .beta2 = options.beta2,
      .eps = options.eps,
      .weight_decay = options.decoupled_weight_decay ? 0 : options.weight_decay,
      .shrink = options.decoupled_weight_decay ? 1 - options.lr * options.weight_decay : 1,
      .root_correction = std::sqrt(1 - std::pow(options.beta2, t)),
  };
  (w.dtype() == DType::float32 ? detail::adam<float> : detail::adam<double>)(w, grad, m, v, step, site);
}

}  // namespace xgrad
