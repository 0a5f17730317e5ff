#pragma once
// How operations touch elements so that compile() can do it again: every pass over elements is a launch() that names
// what it writes and reads. Where nobody traces, that is a plain call.
#include <cstring>
#include <functional>

#include <xgrad/engine/internal/body.hpp>

namespace xgrad::detail {

inline Tracer* tracing() noexcept { return current_trace; }

inline Elements reads(const Tensor& t) noexcept {
  return {const_cast<void*>(elements(t)), Access::has_body(t) ? Access::body(t) : nullptr, Elements::reads};
}
/// Every element, whatever was there before.
inline Elements writes(const Tensor& t) noexcept {
  return {const_cast<void*>(elements(t)), Access::has_body(t) ? Access::body(t) : nullptr, Elements::writes};
}
inline Elements writes(Output& out) noexcept { return {out.get(), out.body(), Elements::writes}; }
inline Elements writes(Body* body) noexcept { return {body->data, body, Elements::writes}; }
inline Elements updates(Body* body) noexcept { return {body->data, body, Elements::updates}; }

/// A launch names at most so many.
inline constexpr std::size_t most_pointers = 12;
/// The pointers a kernel works on, in the order the launch named them.
using Pointers = void* const*;

/// A pass that goes over `extent` elements, any part of which, in multiples of `grain`, can be done by itself:
/// run(pointers, begin, end), where operand k is touched at [begin, end) alone if bit k of `aligned` is set.
template <class K>
concept Sliceable = requires(const K& kernel, Pointers p) {
  kernel.run(p, i64{}, i64{});
  kernel.extent;
  kernel.grain;
  kernel.aligned;
};

struct Step {
  std::function<bool(Pointers)> whole = {};           // false: the plan does not fit after all
  std::function<void(Pointers, i64, i64)> part = {};  // of a sliceable one
  i64 extent = 0, grain = 1;
  u32 aligned = 0;
  bool is_check = false;
};
void trace_step(Step step, const Elements* what, std::size_t count);
/// A function that gets here is not compiled; `why` completes "it ...".
void trace_refuse(const std::string& why);
/// `t` was made from numbers in the program's text: it is the same each time.
Tensor trace_constant(Tensor t);
/// The program looks at these elements itself: they have to be the same for a plan to go on.
void trace_read(const Tensor& t);
/// The result of operation `name` has come from launches.
void trace_result(const Tensor& t, const char* name);
void trace_created(Body* body);
void trace_freed(Body* body) noexcept;
/// Somebody sets the gradient of a variable, or takes it away.
void trace_grad(Body* variable, bool clears);

/// An argument without a body has not come from a launch.
inline void check_traceable(const Tensor& t) {
  if (tracing() && t.defined() && !Access::has_body(t)) [[unlikely]]
    trace_refuse("uses a 0-d value of its surroundings; pass it as an argument");
}

/// Bytes as they are, from pointer 1 to pointer 0.
struct Copy {
  i64 bytes;
  void operator()(Pointers p) const noexcept {
    if (bytes > 0) std::memmove(p[0], p[1], static_cast<std::size_t>(bytes));
  }
};

/// Does kernel(pointers), on elements in the order of `what`; those of a null pointer are not touched.
template <class Kernel> void launch(const Elements* what, std::size_t count, const Kernel& kernel) {
  void* pointers[most_pointers];
  for (std::size_t i = 0; i < count; ++i) pointers[i] = what[i].data;
  kernel(static_cast<Pointers>(pointers));
  if (!tracing()) [[likely]]
    return;
  Step step;
  step.whole = [kernel](Pointers p) { return kernel(p), true; };
  if constexpr (Sliceable<Kernel>) {
    step.part = [kernel](Pointers p, i64 begin, i64 end) { kernel.run(p, begin, end); };
    step.extent = kernel.extent, step.grain = kernel.grain, step.aligned = kernel.aligned;
  }
  trace_step(std::move(step), what, count);
}
template <class Kernel> void launch(std::initializer_list<Elements> what, const Kernel& kernel) {
  launch(what.begin(), what.size(), kernel);
}

/// holds(pointers) of values it only reads; when a plan finds that it does not, the function runs by itself, and is
/// the one to say what is wrong.
template <class Check> bool launch_check(std::initializer_list<Elements> what, const Check& holds) {
  void* pointers[most_pointers];
  std::size_t n = 0;
  for (const Elements& e : what) pointers[n++] = e.data;
  const bool yes = holds(static_cast<Pointers>(pointers));
  if (!tracing()) [[likely]]
    return yes;
  if (yes) trace_step({.whole = holds, .is_check = true}, what.begin(), what.size());
  else trace_refuse("met values that no plan is made for");
  return yes;
}

}  // namespace xgrad::detail
