#pragma once
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// What a compiled function has done so far.
struct CompileReport {
  std::size_t recorded = 0;  ///< runs of the function itself, under the eyes of compile()
  std::size_t plain = 0;     ///< runs of the function itself, because nothing could be gained
  std::size_t replayed = 0;  ///< runs of a plan
  std::size_t plans = 0;     ///< one for each shape of the arguments, and each way the function has branched
  std::size_t steps = 0;     ///< of the newest plan
  std::size_t scratch = 0;   ///< its memory for values that do not outlive a run, in bytes
  std::string why;           ///< why there was no plan the last time, as in "calls svd, which has no plan yet"
};

namespace detail {

/// The plans of one function. Any thread may use them.
class Plans {
 public:
  using Function = std::vector<Tensor> (*)(void* context, const std::vector<Tensor>& in);
  Plans();
  Plans(Plans&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  Plans& operator=(Plans&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  ~Plans();
  std::vector<Tensor> run(const std::vector<Tensor>& in, Function f, void* context);
  CompileReport report() const;
  void forget();

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace detail

/// See compile().
template <class F> class Compiled {
 public:
  explicit Compiled(F f) : f_(std::move(f)) {}

  /// What f returns: nothing, a Tensor or a std::vector<Tensor>; without a history.
  template <class... In>
  requires(std::is_invocable_v<F&, const In&...> && (std::is_convertible_v<const In&, Tensor> && ...)) auto operator()(
      const In&... in) {
    std::vector<Tensor> list;  // not from braces, whose array would hold each tensor once more
    (list.push_back(in), ...);
    return call<std::invoke_result_t<F&, const In&...>>(list, std::index_sequence_for<In...>());
  }
  template <class List = std::vector<Tensor>>
  requires(std::is_invocable_v<F&, const List&>) auto operator()(const std::vector<Tensor>& in) {
    return returned<std::invoke_result_t<F&, const List&>>(in, [this](const List& given) { return f_(given); });
  }

  CompileReport report() const { return plans_.report(); }
  /// Forgets all plans, for when something has changed that they do not see.
  void forget() { plans_.forget(); }

 private:
  template <class R, std::size_t... I> R call(const std::vector<Tensor>& in, std::index_sequence<I...>) {
    return returned<R>(in, [this](const std::vector<Tensor>& given) { return f_(given[I]...); });
  }
  template <class R, class Call> R returned(const std::vector<Tensor>& in, Call call) {
    const auto run = [](void* context, const std::vector<Tensor>& given) -> std::vector<Tensor> {
      Call& f = *static_cast<Call*>(context);
      if constexpr (std::is_void_v<R>) return f(given), std::vector<Tensor>();
      else if constexpr (std::is_convertible_v<R, Tensor>) return {f(given)};
      else return f(given);
    };
    std::vector<Tensor> out = plans_.run(in, run, &call);
    if constexpr (std::is_void_v<R>) return;
    else if constexpr (std::is_convertible_v<R, Tensor>) return std::move(out[0]);
    else return out;
  }

  F f_;
  detail::Plans plans_;
};

/// A function that does what f does, with the same bits, and from the second call on as a rule without f: the first
/// records which kernels run on what, and later ones run those again, element by element ones block by block in the
/// cache, with memory laid out beforehand. f takes Tensors, or one std::vector<Tensor>; it may open a Tape, take
/// derivatives, and change variables by an optimizer.
///     auto step = compile([&](const Tensor& x, const Tensor& labels) {
///       Tape tape;
///       const Tensor loss = cross_entropy(model(x), labels);
///       loss.backward();
///       optimizer.step();
///       optimizer.zero_grad();
///       return loss;
///     });
/// A call with arguments of other shapes or dtypes records another plan, and so does one in which an element that f
/// looked at (by item(), data(), to_vector()) is another: a condition is best written as
/// `if ((sum(x) > 0).item() != 0)`. Where f does what no plan covers it simply runs, and report() says why.
/// What else f uses is as it was when it was recorded: numbers, flags, and which tensors it captured. Tensors that are
/// changed in place are seen, and so is one that another has taken the place of, if nobody else holds the old one. The
/// same is true of a captured Random: a plan draws from where it is, and leaves it where f would. Whatever else changes
/// from call to call has to be an argument.
template <class F> Compiled<F> compile(F f) { return Compiled<F>(std::move(f)); }

}  // namespace xgrad
