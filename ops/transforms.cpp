// Derivatives of functions. All of them are questions to a tape about fresh inputs of f on it.
#include <xgrad/ops/transforms.hpp>

#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/rows.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/stack.hpp>
#include <xgrad/ops/transpose.hpp>

#include <atomic>
#include <memory>

namespace xgrad {

using namespace detail;

detail::Callable::Callable(const Callable& other) noexcept : body_(other.body_) {
  std::atomic_ref(body_->references).fetch_add(1, std::memory_order_relaxed);
}
detail::Callable::~Callable() {
  if (body_ && std::atomic_ref(body_->references).fetch_sub(1, std::memory_order_acq_rel) == 1) delete body_;
}

void detail::refuse_count(std::size_t count, Site site) {
  throw ValueError(
      fmt::format("function: called with {} arguments, it takes one [at {}:{}]", count, site.file, site.line));
}

namespace {

/// The tape a transform works on while this lives: the one that records, or one of its own.
class Work {
 public:
  Work(const char* caller, Site site) : caller_(caller), site_(site), tape_(thread_state.recording) {
    if (tape_) {
      kept_ = std::exchange(tape_->keeps, true);
    } else {
      own_ = std::make_unique<Tape>();
      tape_ = thread_state.recording;
      tape_->captures = true;
    }
  }
  ~Work() {
    if (nested()) tape_->keeps = kept_;
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  /// On a tape that is not this transform's own: results are to be differentiable.
  bool nested() const noexcept { return !own_; }
  Tape::Impl& tape() noexcept { return *tape_; }

  Tensors inputs(const Tensors& xs) {
    Tensors handles;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      if (!xs[i].defined()) fail<ValueError>(caller_, site_, "argument {} is an undefined tensor", i + 1);
      if (!is_floating(xs[i].dtype()))
        fail<DTypeError>(caller_, site_, "argument {} is {}, expected float32 or float64", i + 1, describe(xs[i]));
      handles.push_back(fresh(*tape_, xs[i], nested() ? tape_->id_of(xs[i], caller_, site_) : 0, site_));
    }
    return handles;
  }
  Tensor value(const Function& f, const Tensors& handles) {
    const Tensor y = f.call(handles, site_)[0];
    if (!y.defined()) fail<ValueError>(caller_, site_, "the function returned an undefined tensor");
    if (!is_floating(y.dtype()))
      fail<DTypeError>(caller_, site_, "the function returned {}, expected float32 or float64", describe(y));
    return y;
  }
  void check_single(const Tensor& y) const {
    if (y.size() != 1) fail<ShapeError>(caller_, site_, "the function returned {}, expected one element", describe(y));
  }
  /// v is to be a tangent of x.
  void check_tangents(const Tensors& xs, const Tensors& vs) const {
    if (xs.size() != vs.size()) fail<ValueError>(caller_, site_, "{} tangents for {} arguments", vs.size(), xs.size());
    for (std::size_t i = 0; i < xs.size(); ++i) {
      if (vs[i].defined() && vs[i].dtype() != xs[i].dtype())
        fail<DTypeError>(caller_, site_, "tangent {} is {}, the argument {}", i + 1, describe(vs[i]), describe(xs[i]));
      if (!vs[i].defined() || vs[i].shape() != xs[i].shape())
        fail<ShapeError>(caller_, site_, "tangent {} is {}, the argument {}", i + 1, describe(vs[i]), describe(xs[i]));
    }
  }
  /// A value as it leaves this transform.
  Tensor result(const Tensor& y) const { return nested() ? y : y.detach(); }
  Tensors gradients(const Tensors& ys, const Tensors& seeds, const Tensors& xs, bool create_graph);
  Tensors gradients(const Tensors& ys, const Tensors& seeds, const Tensors& xs) {
    return gradients(ys, seeds, xs, nested());
  }
  /// u -> J' u for more u, after this is gone.
  Callable keep(Tensors ys, Tensors xs);

 private:
  const char* caller_;
  Site site_;
  Tape::Impl* tape_;
  std::unique_ptr<Tape> own_;
  bool kept_ = true;
};

/// answer() where some ys, or all of them, may be constants.
Tensors ask(Tape::Impl& tape, const char* caller, Site site, const Tensors& ys, const Tensors& seeds, const Tensors& xs,
            bool create_graph) {
  Tensors recorded, their_seeds;
  for (std::size_t k = 0; k < ys.size(); ++k)
    if (tape.id_of(ys[k], caller, site)) {
      recorded.push_back(ys[k]);
      their_seeds.push_back(seeds[k]);
    }
  Tensors out(xs.size());
  const Question question{caller,    site,       recorded.data(), their_seeds.data(), recorded.size(),
                          xs.data(), out.data(), xs.size(),       create_graph};
  if (!recorded.empty()) answer(tape, question);
  fill_unreached(tape, question);
  return out;
}

Tensors Work::gradients(const Tensors& ys, const Tensors& seeds, const Tensors& xs, bool create_graph) {
  return ask(*tape_, caller_, site_, ys, seeds, xs, create_graph);
}

/// Seeds of ys to gradients for xs, on a tape that is kept, or as long as it is there.
struct LinearMap final : Callable::Body {
  const char* caller;
  std::unique_ptr<Tape> own;
  Tape::Impl* tape;
  u32 serial;
  Tensors ys, xs;

  Tensors call(const Tensors& seeds, Site site) override {
    const Tape::Impl* recording = thread_state.recording;
    if (seeds.size() != ys.size()) fail<ValueError>(caller, site, "{} tensors, expected {}", seeds.size(), ys.size());
    for (std::size_t k = 0; k < ys.size(); ++k) check(seeds[k], ys[k], site);
    if (!own && find_tape(serial) != tape)
      fail<GraphError>(caller, site, "the tape it was made on is gone, or another thread's");
    if (own && recording)
      for (const Tensor& seed : seeds)
        if (seed.requires_grad())
          fail<GraphError>(caller, site,
                           "it was made while nothing was recorded, so its result cannot be differentiated by its "
                           "argument; make it under the tape, or detach() the argument");
    return ask(*tape, caller, site, ys, seeds, xs, !own && recording);
  }
  void check(const Tensor& seed, const Tensor& y, Site site) const {
    if (!seed.defined() || seed.shape() != y.shape())
      fail<ShapeError>(caller, site, "the argument is {}, expected {}", describe(seed), describe(y));
    if (seed.dtype() != y.dtype())
      fail<DTypeError>(caller, site, "the argument is {}, expected {}", describe(seed), describe(y));
  }
};

Callable Work::keep(Tensors ys, Tensors xs) {
  auto map = std::make_unique<LinearMap>();
  map->caller = caller_;
  map->tape = tape_;
  map->serial = tape_->serial;
  map->ys = std::move(ys);
  map->xs = std::move(xs);
  if (nested()) return Callable(map.release());
  tape_->step_aside();
  map->own = std::move(own_);
  kept_ = tape_->keeps;
  return Callable(map.release());
}

Tensors gradients_of(const char* caller, const Function& f, const Tensors& xs, Site site, Tensor* value) {
  Work work(caller, site);
  const Tensors handles = work.inputs(xs);
  const Tensor y = work.value(f, handles);
  work.check_single(y);
  if (value) *value = work.result(y);
  return work.gradients({y}, {Tensor()}, handles);
}

/// What forward mode is made of: u of y's shape, and uᵀ J recorded, whose derivative by u is J.
struct Transposed {
  Tensor y, u;
  Tensors g;

  Transposed(Work& work, const Function& f, const Tensors& handles, Site site) : y(work.value(f, handles)) {
    u = fresh(work.tape(), zeros(y.shape(), y.dtype()), 0, site);
    g = work.gradients({y}, {u}, handles, true);
  }
};

Linearized linearized(const Function& f, const Tensors& xs, Site site) {
  Work work("linearize", site);
  Transposed t(work, f, work.inputs(xs), site);
  const Tensor value = work.result(t.y);
  return {value, PushForward(work.keep(std::move(t.g), {t.u}))};
}

/// 1 at element i, 0 elsewhere.
Tensor unit(const Shape& shape, DType dtype, std::int64_t i) {
  if (shape.rank() == 0) return full(shape, 1, dtype);
  Tensor e = zeros(shape, dtype);
  if (dtype == DType::float32) e.mutable_data<float>()[i] = 1;
  else e.mutable_data<double>()[i] = 1;
  return e;
}

Tensor jacobian_of(const char* caller, const Function& f, const Tensor& x, JacobianMode mode, Site site) {
  Work work(caller, site);
  const Tensors handles = work.inputs({x});
  Tensor y = work.value(f, handles);
  if (y.rank() + x.rank() > max_rank)
    fail<ShapeError>(caller, site, "{} and {} have more than {} axes together", describe(y), describe(x), max_rank);
  Shape shape = y.shape();
  for (std::int64_t extent : x.shape()) shape.push_back(extent, site);
  if (shape.size() == 0) return zeros(shape, y.dtype());

  // Forward mode's sweeps go down f and its derivative: they cost twice as much.
  const bool forward = mode == JacobianMode::forward || (mode == JacobianMode::automatic && 2 * x.size() < y.size());
  Tensors from{y}, to = handles;
  if (forward) {
    to = {fresh(work.tape(), zeros(y.shape(), y.dtype()), 0, site)};
    from = work.gradients({y}, to, handles, true);
  }
  if (!work.nested() && has_jacobian_rows(work.tape(), from[0])) {
    const Tensor rows = jacobian_rows(work.tape(), caller, site, from[0], to[0]);
    return reshape(forward ? transpose(rows) : rows, shape);
  }
  Tensors parts;
  for (std::int64_t i = 0; i < from[0].size(); ++i)
    parts.push_back(work.gradients(from, {unit(from[0].shape(), from[0].dtype(), i)}, to)[0]);
  return reshape(stack(parts, forward ? y.rank() : 0, site), shape);
}

Tensors hvps(const Function& f, const Tensors& xs, const Tensors& vs, Site site) {
  Work work("hvp", site);
  const Tensors handles = work.inputs(xs);
  work.check_tangents(xs, vs);
  const Tensor y = work.value(f, handles);
  work.check_single(y);
  return work.gradients(work.gradients({y}, {Tensor()}, handles, true), vs, handles);
}

}  // namespace

Gradient grad(Function f) { return Gradient(std::move(f)); }
Tensor Gradient::operator()(const Tensor& x, Site site) const {
  return gradients_of("grad", f_, {x}, site, nullptr)[0];
}
std::vector<Tensor> Gradient::operator()(const std::vector<Tensor>& xs, Site site) const {
  return gradients_of("grad", f_, xs, site, nullptr);
}

ValueAndGradient value_and_grad(Function f) { return ValueAndGradient(std::move(f)); }
ValueAndGrad ValueAndGradient::operator()(const Tensor& x, Site site) const {
  ValueAndGrad result;
  result.grad = gradients_of("value_and_grad", f_, {x}, site, &result.value)[0];
  return result;
}
ValueAndGrads ValueAndGradient::operator()(const std::vector<Tensor>& xs, Site site) const {
  ValueAndGrads result;
  result.grad = gradients_of("value_and_grad", f_, xs, site, &result.value);
  return result;
}

ValueAndPullBacks vjp(const Function& f, const std::vector<Tensor>& xs, Site site) {
  Work work("vjp", site);
  Tensors handles = work.inputs(xs);
  const Tensor y = work.value(f, handles), value = work.result(y);
  return {value, PullBacks(work.keep({y}, std::move(handles)))};
}
ValueAndPullBack vjp(const Function& f, const Tensor& x, Site site) {
  Work work("vjp", site);
  Tensors handles = work.inputs({x});
  const Tensor y = work.value(f, handles), value = work.result(y);
  return {value, PullBack(work.keep({y}, std::move(handles)))};
}

ValueAndTangent jvp(const Function& f, const std::vector<Tensor>& xs, const std::vector<Tensor>& vs, Site site) {
  Work work("jvp", site);
  const Tensors handles = work.inputs(xs);
  work.check_tangents(xs, vs);
  const Transposed t(work, f, handles, site);
  return {work.result(t.y), work.gradients(t.g, vs, {t.u})[0]};
}
ValueAndTangent jvp(const Function& f, const Tensor& x, const Tensor& v, Site site) {
  return jvp(f, Tensors{x}, Tensors{v}, site);
}

Linearized linearize(const Function& f, const std::vector<Tensor>& xs, Site site) { return linearized(f, xs, site); }
Linearized linearize(const Function& f, const Tensor& x, Site site) { return linearized(f, {x}, site); }

Tensor jacobian(const Function& f, const Tensor& x, JacobianMode mode, Site site) {
  return jacobian_of("jacobian", f, x, mode, site);
}

Tensor hessian(const Function& f, const Tensor& x, Site site) {
  const auto gradient = [&](const Tensor& at) { return gradients_of("hessian", f, {at}, site, nullptr)[0]; };
  return jacobian_of("hessian", gradient, x, JacobianMode::reverse, site);
}

Tensor hvp(const Function& f, const Tensor& x, const Tensor& v, Site site) { return hvps(f, {x}, {v}, site)[0]; }
std::vector<Tensor> hvp(const Function& f, const std::vector<Tensor>& xs, const std::vector<Tensor>& vs, Site site) {
  return hvps(f, xs, vs, site);
}

Tensor stop_gradient(const Tensor& x) { return x.detach(); }

}  // namespace xgrad
