#include <xgrad/engine/compile.hpp>

#include <algorithm>
#include <memory>
#include <mutex>

#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/plan.hpp>

namespace xgrad::detail {
namespace {

/// So many plans are kept for one kind of arguments: more ways to branch are not worth the tries.
constexpr std::size_t most_alike = 8;
/// So often in a row may recording end without a plan.
constexpr int most_failures = 4;

/// Records launches on this thread while it lives.
class Tracing {
 public:
  explicit Tracing(Tracer& trace) noexcept { current_trace = &trace; }
  ~Tracing() { current_trace = nullptr; }
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;
};

/// Copies with elements of their own, where the same elements stay the same, variables variables.
Tensors copies_of(const Tensors& in) {
  Tensors copies;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto same = [&](std::size_t k) { return root_of(in[i]) && root_of(in[i]) == root_of(in[k]); };
    std::size_t k = 0;
    while (k < i && !same(k)) ++k;
    if (k < i && in[i].is_leaf() == in[k].is_leaf()) {
      copies.push_back(in[i].shape() == in[k].shape() ? copies[k] : view(copies[k], in[i].shape()));
      continue;
    }
    Tensor copy = k < i ? view(copies[k], in[i].shape()) : new_array(in[i].dtype(), in[i].shape());
    if (k == i)
      std::memcpy(Access::body(copy)->data, elements(in[i]),
                  static_cast<std::size_t>(in[i].size() * item_size(in[i].dtype())));
    copies.push_back(in[i].is_leaf() ? variable(std::move(copy)) : std::move(copy));
  }
  return copies;
}

}  // namespace

struct Plans::Impl {
  std::mutex mutex;
  std::vector<std::shared_ptr<const Plan>> plans;  // last used first
  Outside outside;
  int failures = 0;
  CompileReport report;

  /// With the mutex held: those for such arguments.
  std::vector<std::shared_ptr<const Plan>> fitting(const Tensors& in) {
    const auto stale = std::remove_if(plans.begin(), plans.end(), [](const auto& plan) { return !plan->is_current(); });
    if (stale != plans.end()) {
      plans.erase(stale, plans.end());
      let_go();
    }
    std::vector<std::shared_ptr<const Plan>> fit;
    std::copy_if(plans.begin(), plans.end(), std::back_inserter(fit), [&](const auto& plan) { return plan->fits(in); });
    return fit;
  }
  void let_go() {
    std::erase_if(outside, [&](const auto& held) {
      return std::none_of(plans.begin(), plans.end(), [&](const auto& plan) { return plan->uses(held.first); });
    });
  }

  Tensors record(const Tensors& in, Function f, void* context) {
    const Tensors copies = copies_of(in);
    Tracer trace(copies, in);
    Tensors out;
    {
      const Tracing tracing(trace);
      out = f(context, copies);
    }
    const std::lock_guard lock(mutex);
    ++report.recorded;
    report.why = trace.finish(out);
    if (report.why.empty()) {
      failures = 0;
      plans.insert(plans.begin(), std::make_shared<const Plan>(trace, copies, in, out, outside));
      report.steps = plans.front()->steps();
      report.scratch = static_cast<std::size_t>(plans.front()->scratch_bytes());
    } else {
      ++failures;
    }
    for (Tensor& y : out) {
      const auto argument = std::find_if(copies.begin(), copies.end(), [&](const Tensor& copy) {
        return Access::has_body(y) && Access::body(y) == Access::body(copy);
      });
      y = argument != copies.end() ? in[static_cast<std::size_t>(argument - copies.begin())].detach()
                                   : in_shape(y.detach(), y.shape());
    }
    return out;
  }

  Tensors plain(const Tensors& in, Function f, void* context) {
    {
      const std::lock_guard lock(mutex);
      ++report.plain;
    }
    Tensors out = f(context, in);
    if (!thread_state.recording)
      for (Tensor& y : out) y = y.detach();
    return out;
  }
};

Plans::Plans() : impl_(new Impl) {}
Plans::~Plans() { delete impl_; }

Tensors Plans::run(const Tensors& in, Function f, void* context) {
  const bool recorded = thread_state.recording || std::any_of(in.begin(), in.end(), [](const Tensor& x) {
                          return !x.defined() || (x.requires_grad() && !x.is_leaf());
                        });
  if (tracing() || recorded) return impl_->plain(in, f, context);
  std::vector<std::shared_ptr<const Plan>> plans;
  bool gives_up = false;
  {
    const std::lock_guard lock(impl_->mutex);
    plans = impl_->fitting(in);
    gives_up = impl_->failures >= most_failures || plans.size() >= most_alike;
  }
  for (const auto& plan : plans)
    if (auto out = plan->run(in)) {
      const std::lock_guard lock(impl_->mutex);
      ++impl_->report.replayed;
      auto& all = impl_->plans;
      const auto used = std::find(all.begin(), all.end(), plan);
      if (used != all.end()) std::rotate(all.begin(), used, used + 1);
      return *std::move(out);
    }
  return gives_up ? impl_->plain(in, f, context) : impl_->record(in, f, context);
}

CompileReport Plans::report() const {
  const std::lock_guard lock(impl_->mutex);
  CompileReport report = impl_->report;
  report.plans = impl_->plans.size();
  return report;
}

void Plans::forget() {
  const std::lock_guard lock(impl_->mutex);
  impl_->plans.clear();
  impl_->outside.clear();
  impl_->failures = 0;
}

}  // namespace xgrad::detail
