#include <xgrad/engine/kernels/math.hpp>
#include <xgrad/ops/kernels/lstm.hpp>

namespace xgrad::detail {
namespace {

/// f(row, i, count...) for the batches of each row; a count where one is not full.
template <class L, class F> [[gnu::always_inline]] inline void each_batch(std::int64_t rows, std::int64_t units, F f) {
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t i = 0;
    for (; i + L::width <= units; i += L::width) f(row, i);
    if (i < units) f(row, i, units - i);
  }
}

template <class T, class A>
void step(T* gates, const T* c, T* next_c, T* next_h, std::int64_t rows, std::int64_t units) {
  using L = Lane<T, A>;
  each_batch<L>(rows, units, [&](std::int64_t row, std::int64_t k, auto... count) {
    T* const at = gates + row * 4 * units + k;
    const std::int64_t to = row * units + k;
    const L i = sigmoid(L::load(at, count...)), f = sigmoid(L::load(at + units, count...)),
            g = tanh(L::load(at + 2 * units, count...)), o = sigmoid(L::load(at + 3 * units, count...));
    const L cell = f * L::load(c + to, count...) + i * g;
    i.store(at, count...);
    f.store(at + units, count...);
    g.store(at + 2 * units, count...);
    o.store(at + 3 * units, count...);
    cell.store(next_c + to, count...);
    (o * tanh(cell)).store(next_h + to, count...);
  });
}

template <class T, class A>
void step_grad(const T* gates, const T* c, const T* next_c, const T* grad_h, const T* grad_h_after, T* grad_c,
               T* grad_gates, std::int64_t rows, std::int64_t units) {
  using L = Lane<T, A>;
  each_batch<L>(rows, units, [&](std::int64_t row, std::int64_t k, auto... count) {
    const T* const at = gates + row * 4 * units + k;
    T* const to = grad_gates + row * 4 * units + k;
    const std::int64_t n = row * units + k;
    const L i = L::load(at, count...), f = L::load(at + units, count...), g = L::load(at + 2 * units, count...),
            o = L::load(at + 3 * units, count...);
    const L dh = L::load(grad_h + n, count...) + L::load(grad_h_after + n, count...),
            y = tanh(L::load(next_c + n, count...));
    const L dc = L::load(grad_c + n, count...) + dh * o * (1 - y * y);
    (dc * g * i * (1 - i)).store(to, count...);
    (dc * L::load(c + n, count...) * f * (1 - f)).store(to + units, count...);
    (dc * i * (1 - g * g)).store(to + 2 * units, count...);
    (dh * y * o * (1 - o)).store(to + 3 * units, count...);
    (dc * f).store(grad_c + n, count...);
  });
}

}  // namespace

template <class A> const LstmKernels<float> LstmTable<A>::float32{step<float, A>, step_grad<float, A>};
template <class A> const LstmKernels<double> LstmTable<A>::float64{step<double, A>, step_grad<double, A>};
template struct LstmTable<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
