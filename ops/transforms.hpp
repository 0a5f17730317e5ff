#pragma once
// Functions of functions: derivatives, and functions with derivatives of their own.
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

namespace detail {

using Tensors = std::vector<Tensor>;

/// A callable from tensors to tensors, owned; copies share it, and it may be freed by any thread.
class Callable {
 public:
  struct Body {
    std::uint32_t references = 1;
    Body() = default;
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;
    virtual ~Body() = default;
    virtual Tensors call(const Tensors& in, Site site) = 0;
  };

  /// Takes over one reference.
  explicit Callable(Body* body) noexcept : body_(body) {}
  Callable(const Callable& other) noexcept;
  Callable(Callable&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  Callable& operator=(Callable other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~Callable();

  Tensors call(const Tensors& in, Site site) const { return body_->call(in, site); }

 protected:
  template <class F> static Body* own(F adapter) {
    struct Owner final : Body {
      F adapter;
      explicit Owner(F&& f) : adapter(std::move(f)) {}
      Tensors call(const Tensors& in, Site site) override { return adapter(in, site); }
    };
    return new Owner(std::move(adapter));
  }

 private:
  Body* body_;
};

struct UserOp;

[[noreturn]] void refuse_count(std::size_t count, Site site);

}  // namespace detail

/// What the transforms take: a function of one tensor, `Tensor f(const Tensor&)`, or of several,
/// `Tensor f(const std::vector<Tensor>&)`. It is copied, and what it captured by reference has to live as long.
class Function : public detail::Callable {
 public:
  template <class F>
  requires(!std::is_base_of_v<Callable, F> && std::is_invocable_r_v<Tensor, F&, const Tensor&>) Function(F f)
      : Callable(own([f = std::move(f)](const detail::Tensors& in, Site site) mutable -> detail::Tensors {
          if (in.size() != 1) detail::refuse_count(in.size(), site);
          if constexpr (std::is_invocable_v<F&, const Tensor&, Site>) return {f(in[0], site)};
          else return {f(in[0])};
        })) {}
  template <class F>
  requires(!std::is_base_of_v<Callable, F> && !std::is_invocable_r_v<Tensor, F&, const Tensor&> &&
           std::is_invocable_r_v<Tensor, F&, const detail::Tensors&>) Function(F f)
      : Callable(
            own([f = std::move(f)](const detail::Tensors& in, Site) mutable -> detail::Tensors { return {f(in)}; })) {}
};

// The transforms work on the tape that records, and then what they return can itself be differentiated: by that tape,
// or by another transform around. Where nothing records they use a tape of their own, and what the function
// captures counts as a constant. In both cases the function sees fresh values in place of its arguments: what it gets
// at in another way is not what is differentiated by. A function must be differentiable as often as it is nested.

/// What grad() returns.
class Gradient {
 public:
  explicit Gradient(Function f) noexcept : f_(std::move(f)) {}
  /// df/dx, of x's shape.
  Tensor operator()(const Tensor& x, Site site = Site::here()) const;
  /// df/dx for each x.
  std::vector<Tensor> operator()(const std::vector<Tensor>& xs, Site site = Site::here()) const;

 private:
  Function f_;
};
/// The gradient of `f`, whose result has one element (ShapeError otherwise), as a function of the same arguments: of
/// dtype float32 or float64 (DTypeError). Zero where f does not depend on them. Nests: grad(grad(f)) is f''.
///     auto slope = grad([](const Tensor& x) { return sum(x * x); });  // slope(x) is 2 x
Gradient grad(Function f);

/// f(x) and df/dx.
struct ValueAndGrad {
  Tensor value, grad;
};
struct ValueAndGrads {
  Tensor value;
  std::vector<Tensor> grad;
};
/// What value_and_grad() returns.
class ValueAndGradient {
 public:
  explicit ValueAndGradient(Function f) noexcept : f_(std::move(f)) {}
  ValueAndGrad operator()(const Tensor& x, Site site = Site::here()) const;
  ValueAndGrads operator()(const std::vector<Tensor>& xs, Site site = Site::here()) const;

 private:
  Function f_;
};
/// The same as grad(), with the value of `f`.
///     auto [loss, slope] = value_and_grad(f)(x);
ValueAndGradient value_and_grad(Function f);

/// u -> uᵀ df/dx, for any number of u of the value's shape. Belongs to the thread that made it. Where it was made on a
/// tape that recorded, it needs that tape; where it was not, its results are constants, and a u that requires gradients
/// while a tape records is a GraphError.
class PullBack {
 public:
  explicit PullBack(detail::Callable map) noexcept : map_(std::move(map)) {}
  Tensor operator()(const Tensor& u, Site site = Site::here()) const { return map_.call({u}, site)[0]; }

 private:
  detail::Callable map_;
};
class PullBacks {
 public:
  explicit PullBacks(detail::Callable map) noexcept : map_(std::move(map)) {}
  std::vector<Tensor> operator()(const Tensor& u, Site site = Site::here()) const { return map_.call({u}, site); }

 private:
  detail::Callable map_;
};
/// v -> df/dx v, for any number of v of the arguments' shapes; otherwise as PullBack.
class PushForward {
 public:
  explicit PushForward(detail::Callable map) noexcept : map_(std::move(map)) {}
  Tensor operator()(const Tensor& v, Site site = Site::here()) const { return map_.call({v}, site)[0]; }
  Tensor operator()(const std::vector<Tensor>& vs, Site site = Site::here()) const { return map_.call(vs, site)[0]; }

 private:
  detail::Callable map_;
};

struct ValueAndPullBack {
  Tensor value;
  PullBack pull_back;
};
struct ValueAndPullBacks {
  Tensor value;
  PullBacks pull_back;
};
/// f(x), of any shape, and the function u -> uᵀ df/dx, which costs about what f does.
///     auto [y, pull] = vjp(f, x);
ValueAndPullBack vjp(const Function& f, const Tensor& x, Site site = Site::here());
ValueAndPullBacks vjp(const Function& f, const std::vector<Tensor>& xs, Site site = Site::here());

struct ValueAndTangent {
  Tensor value, tangent;
};
/// f(x) and df/dx v, with one v for each x, of its shape and dtype (ValueError, ShapeError, DTypeError). The tangent is
/// the derivative by u of <uᵀ df/dx, v>, which is linear in u: every operation has it.
ValueAndTangent jvp(const Function& f, const Tensor& x, const Tensor& v, Site site = Site::here());
ValueAndTangent jvp(const Function& f, const std::vector<Tensor>& xs, const std::vector<Tensor>& vs,
                    Site site = Site::here());

struct Linearized {
  Tensor value;
  PushForward push_forward;
};
/// f(x) and the function v -> df/dx v; f runs once, and the Jacobian is never formed.
///     auto [y, push] = linearize(f, x);
Linearized linearize(const Function& f, const Tensor& x, Site site = Site::here());
Linearized linearize(const Function& f, const std::vector<Tensor>& xs, Site site = Site::here());

/// How jacobian() goes: a sweep for each element of the value, or for each one of x.
enum class JacobianMode : std::uint8_t { automatic, reverse, forward };
/// df/dx, of shape f(x).shape + x.shape; of more than 8 axes together, ShapeError.
Tensor jacobian(const Function& f, const Tensor& x, JacobianMode mode = JacobianMode::automatic,
                Site site = Site::here());
/// The second derivatives of `f`, whose value has one element, in shape x.shape + x.shape.
Tensor hessian(const Function& f, const Tensor& x, Site site = Site::here());
/// The Hessian times v, which has x's shape, without forming the Hessian. f's value has one element.
Tensor hvp(const Function& f, const Tensor& x, const Tensor& v, Site site = Site::here());
std::vector<Tensor> hvp(const Function& f, const std::vector<Tensor>& xs, const std::vector<Tensor>& vs,
                        Site site = Site::here());

/// x as a constant: the same elements, and no gradient passes.
Tensor stop_gradient(const Tensor& x);

/// f(x), of which only x is kept: the derivative runs f once more, on a tape of its own, and under create_graph on the
/// one that records. Gradients reach x and everything else f uses: variables, such as a module's parameters, and values
/// of the tape. They have the bits they have without, unless a value is used several times, once inside of f and once
/// outside: then the parts are added in another order.
/// f must do the same both times: let it draw random numbers from a copy that starts at a stream's position each time,
///     checkpoint([random](const Tensor& x) { Random mine = random; return x * uniform(mine, x.shape()); }, x)
/// and change nothing else. Another value the second time is a GraphError. What it captured by reference has to live
/// until the derivative is taken.
Tensor checkpoint(const Function& f, const Tensor& x, Site site = Site::here());
Tensor checkpoint(const Function& f, const std::vector<Tensor>& xs, Site site = Site::here());

/// The derivative that custom_vjp() is given: what it gets is the arguments, the value y and the upstream gradient g of
/// y's shape, what it returns is the gradient for each argument, of its shape and dtype.
///     Tensor backward(const Tensor& x, const Tensor& y, const Tensor& g)
///     std::vector<Tensor> backward(const std::vector<Tensor>& xs, const Tensor& y, const Tensor& g)
class Backward : public detail::Callable {
 public:
  template <class F>
  requires(!std::is_base_of_v<Callable, F> &&
           std::is_invocable_r_v<Tensor, F&, const Tensor&, const Tensor&, const Tensor&>) Backward(F f)
      : Callable(own([f = std::move(f)](const detail::Tensors& in, Site site) mutable -> detail::Tensors {
          if (in.size() != 3) detail::refuse_count(in.size() - 2, site);
          return {f(in[0], in[1], in[2])};
        })) {}
  template <class F>
  requires(!std::is_base_of_v<Callable, F> &&
           std::is_invocable_r_v<detail::Tensors, F&, const detail::Tensors&, const Tensor&, const Tensor&>)
      Backward(F f)
      : Callable(own([f = std::move(f)](const detail::Tensors& in, Site) mutable -> detail::Tensors {
          return f(detail::Tensors(in.begin(), in.end() - 2), in[in.size() - 2], in.back());
        })) {}
};

/// What custom_vjp() returns.
class CustomFunction {
 public:
  Tensor operator()(const Tensor& x, Site site = Site::here()) const;
  Tensor operator()(const std::vector<Tensor>& xs, Site site = Site::here()) const;

 private:
  friend CustomFunction custom_vjp(Function f, Backward backward, const std::string& name);
  CustomFunction(const detail::UserOp& kind, Function f, Backward backward) noexcept
      : kind_(&kind), f_(std::move(f)), backward_(std::move(backward)) {}

  const detail::UserOp* kind_;
  Function f_;
  Backward backward_;
};
/// `f` with `backward` for its derivative. `f` is run without recording, so it may compute as it likes, but on a
/// clone() where it writes: its arguments have the caller's elements. Nothing else it uses gets a gradient. An
/// undefined gradient, Tensor(), is zero; a wrong number of gradients, shape or dtype is a ValueError, ShapeError or
/// DTypeError when the derivative is taken. Where `backward` is written in operations it can itself be differentiated.
/// A gradient it did not compute from g by operations can not: a GraphError when that is asked for. Elements that it
/// reads are constants (gradcheck() of order 2 tells). Errors call the operation by its name.
///     auto clip = custom_vjp([](const Tensor& x) { return clamp(x, -1, 1); },
///                            [](const Tensor&, const Tensor&, const Tensor& g) { return g; }, "clip");
CustomFunction custom_vjp(Function f, Backward backward, const std::string& name = "custom_vjp");

/// What register_hook() is given: `Tensor fn(const Tensor& g)` replaces the gradient, `void fn(const Tensor& g)` sees
/// it.
class Hook : public detail::Callable {
 public:
  template <class F>
  requires(!std::is_base_of_v<Callable, F> && std::is_invocable_v<F&, const Tensor&>) Hook(F f)
      : Callable(own([f = std::move(f)](const detail::Tensors& in, Site) mutable -> detail::Tensors {
          if constexpr (std::is_void_v<std::invoke_result_t<F&, const Tensor&>>) return f(in[0]), in;
          else return {f(in[0])};
        })) {}
};
/// x, in a handle whose gradient passes through `fn` on its way to x: the sum over all uses of that handle, once a
/// sweep. What fn returns has x's shape and dtype (ShapeError, DTypeError); differentiating twice is as with
/// custom_vjp().
///     h = register_hook(h, [](const Tensor& g) { return clamp(g, -1, 1); });
[[nodiscard]] Tensor register_hook(const Tensor& x, Hook fn, Site site = Site::here());

}  // namespace xgrad
