#pragma once
// Scalar functions, written once with `auto`, as operations on tensors.
#include <cstdint>
#include <type_traits>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

class Symbol;

namespace detail {
class Trace;      // the terms of a function while it is being read
struct Program;   // what was read: counted, not changed any more
struct SymbolOf;  // the library's way into a Symbol
/// The function, called on symbols.
using RunOnSymbols = Symbol (*)(void* function, const Symbol* in);
Program* trace(int inputs, RunOnSymbols run, void* function, Site site);
Tensor apply_lifted(Program& program, const Operand* const* operands, int count);
Symbol apply_lifted(const Program& program, const Symbol* in);
void retain(Program* program) noexcept;
void release(Program* program) noexcept;
}  // namespace detail

/// What a comparison of symbols is. Where C++ asks whether it is true, as in `if (x > 0)`, the function is read once
/// for each answer; where(condition, a, b), &, | and ! only note it.
class Condition {
 public:
  Condition(bool value) noexcept : value_(value) {}
  operator bool() const;

  friend Condition operator&(Condition a, Condition b);
  friend Condition operator|(Condition a, Condition b);
  friend Condition operator!(Condition a);

 private:
  friend struct detail::SymbolOf;
  detail::Trace* trace_ = nullptr;  // null: known
  std::uint32_t id_ = 0;
  bool value_;
};

/// What lift() calls a function with: it stands for an element, and remembers what is computed with it. The functions
/// are those below and mean what they do for tensors. Good only while lift() runs.
class Symbol {
 public:
  Symbol() noexcept = default;
  template <class Number>
  requires(std::is_arithmetic_v<Number>) Symbol(Number number)
  noexcept : number_(static_cast<double>(number)) {}

  friend Symbol operator+(Symbol a, Symbol b);
  friend Symbol operator-(Symbol a, Symbol b);
  friend Symbol operator*(Symbol a, Symbol b);
  friend Symbol operator/(Symbol a, Symbol b);
  friend Symbol operator-(Symbol a);
  friend Symbol operator+(Symbol a) { return a; }
  Symbol& operator+=(Symbol b) { return *this = *this + b; }
  Symbol& operator-=(Symbol b) { return *this = *this - b; }
  Symbol& operator*=(Symbol b) { return *this = *this * b; }
  Symbol& operator/=(Symbol b) { return *this = *this / b; }

  friend Condition operator>(Symbol a, Symbol b);
  friend Condition operator>=(Symbol a, Symbol b);
  friend Condition operator<(Symbol a, Symbol b);
  friend Condition operator<=(Symbol a, Symbol b);
  friend Condition operator==(Symbol a, Symbol b);
  friend Condition operator!=(Symbol a, Symbol b);

 private:
  friend struct detail::SymbolOf;
  detail::Trace* trace_ = nullptr;  // null: a number
  std::uint32_t id_ = 0;
  double number_ = 0;
};

Symbol where(Condition condition, Symbol a, Symbol b);

Symbol abs(Symbol x);
Symbol acos(Symbol x);
Symbol acosh(Symbol x);
Symbol asin(Symbol x);
Symbol asinh(Symbol x);
Symbol atan(Symbol x);
Symbol atanh(Symbol x);
Symbol cbrt(Symbol x);
Symbol ceil(Symbol x);
Symbol cos(Symbol x);
Symbol cosh(Symbol x);
Symbol erf(Symbol x);
Symbol erfc(Symbol x);
Symbol exp(Symbol x);
Symbol exp2(Symbol x);
Symbol expm1(Symbol x);
Symbol floor(Symbol x);
Symbol frac(Symbol x);
Symbol gelu(Symbol x);
Symbol gelu_tanh(Symbol x);
Symbol hardsigmoid(Symbol x);
Symbol hardswish(Symbol x);
Symbol log(Symbol x);
Symbol log10(Symbol x);
Symbol log1p(Symbol x);
Symbol log2(Symbol x);
Symbol log_sigmoid(Symbol x);
Symbol mish(Symbol x);
Symbol normal_cdf(Symbol x);
Symbol reciprocal(Symbol x);
Symbol relu(Symbol x);
Symbol relu6(Symbol x);
Symbol round(Symbol x);
Symbol rsqrt(Symbol x);
Symbol selu(Symbol x);
Symbol sigmoid(Symbol x);
Symbol sign(Symbol x);
Symbol silu(Symbol x);
Symbol sin(Symbol x);
Symbol sinh(Symbol x);
Symbol softsign(Symbol x);
Symbol sqrt(Symbol x);
Symbol square(Symbol x);
Symbol step(Symbol x);
Symbol tan(Symbol x);
Symbol tanh(Symbol x);
Symbol tanhshrink(Symbol x);
Symbol trunc(Symbol x);

Symbol atan2(Symbol a, Symbol b);
Symbol fmod(Symbol a, Symbol b);
Symbol hypot(Symbol a, Symbol b);
Symbol logaddexp(Symbol a, Symbol b);
Symbol maximum(Symbol a, Symbol b);
Symbol minimum(Symbol a, Symbol b);
Symbol pow(Symbol a, Symbol b);
Symbol remainder(Symbol a, Symbol b);
Symbol xlogy(Symbol a, Symbol b);
Symbol lerp(Symbol a, Symbol b, Symbol weight);

Symbol celu(Symbol x, double alpha = 1);
Symbol clamp(Symbol x, double low, double high);
Symbol elu(Symbol x, double alpha = 1);
Symbol leaky_relu(Symbol x, double slope = 0.01);
Symbol softplus(Symbol x, double beta = 1);

Condition isfinite(Symbol x);
Condition isinf(Symbol x);
Condition isnan(Symbol x);

/// What lift() returns; copies share what was read. Any thread may call it.
template <int inputs> class Lifted {
 public:
  /// Takes over one reference.
  explicit Lifted(detail::Program* program) noexcept : program_(program) {}
  Lifted(const Lifted& other) noexcept : program_(other.program_) { detail::retain(program_); }
  Lifted& operator=(const Lifted& other) noexcept {
    detail::retain(other.program_);
    detail::release(program_);
    program_ = other.program_;
    return *this;
  }
  ~Lifted() { detail::release(program_); }

  /// One operation, with numpy broadcasting. Numbers take the dtype of the tensors, which is float32 or float64 and the
  /// same for all (DTypeError); ShapeError where the shapes do not broadcast.
  Tensor operator()(const Operand& a) const requires(inputs == 1) { return call(a); }
  Tensor operator()(const Operand& a, const Operand& b) const requires(inputs == 2) { return call(a, b); }
  Tensor operator()(const Operand& a, const Operand& b, const Operand& c) const requires(inputs == 3) {
    return call(a, b, c);
  }
  /// Inside of a function that is being lifted: becomes part of that one.
  template <class... In>
  requires(sizeof...(In) == inputs && (std::is_same_v<In, Symbol> || ...)) Symbol operator()(In... in) const {
    const Symbol all[] = {in...};
    return detail::apply_lifted(*program_, all);
  }

 private:
  template <class... Operands> Tensor call(const Operands&... operands) const {
    const Operand* const all[] = {&operands...};
    return detail::apply_lifted(*program_, all, inputs);
  }

  detail::Program* program_;
};

/// A function of one to three numbers, `auto f(auto x, auto y)`, as an operation on tensors: element by element, in one
/// pass over memory, one node of the tape a call, with derivatives of every order.
///     auto huber = lift([](auto x) { return abs(x) < 1 ? 0.5 * x * x : abs(x) - 0.5; });
///     Tensor y = huber(x);
/// `f` is called here, on Symbols, and not again: what it captures has the value of now, and a loop may not depend on
/// an element for its end. It is called once for each way its branches can go; more than 64 are a ValueError. What is
/// not taken does not count, be it nan: not in the value, not in the derivatives.
template <class F> auto lift(F f, Site site = Site::here()) {
  if constexpr (std::is_invocable_v<F&, Symbol>) {
    return Lifted<1>(detail::trace(
        1, [](void* function, const Symbol* in) -> Symbol { return (*static_cast<F*>(function))(in[0]); }, &f, site));
  } else if constexpr (std::is_invocable_v<F&, Symbol, Symbol>) {
    return Lifted<2>(detail::trace(
        2, [](void* function, const Symbol* in) -> Symbol { return (*static_cast<F*>(function))(in[0], in[1]); }, &f,
        site));
  } else {
    static_assert(std::is_invocable_v<F&, Symbol, Symbol, Symbol>,
                  "lift() takes a function of one to three numbers, such as [](auto x, auto y) { ... }");
    return Lifted<3>(detail::trace(
        3, [](void* function, const Symbol* in) -> Symbol { return (*static_cast<F*>(function))(in[0], in[1], in[2]); },
        &f, site));
  }
}

}  // namespace xgrad
