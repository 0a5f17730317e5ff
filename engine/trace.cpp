#include <xgrad/engine/internal/plan.hpp>

#include <algorithm>
#include <utility>

namespace xgrad::detail {

constinit thread_local Tracer* current_trace = nullptr;

namespace {

/// A program may look at so much of a tensor and still be compiled.
constexpr i64 most_looked_at = 4096;  // bytes

}  // namespace

void trace_step(Step step, const Elements* what, std::size_t count) {
  current_trace->step(std::move(step), what, count);
}
void trace_refuse(const std::string& why) { current_trace->refuse(why); }
void trace_read(const Tensor& t) { current_trace->read(t); }
void trace_result(const Tensor& t, const char* name) { current_trace->result(t, name); }
void trace_created(Body* body) { current_trace->created(body); }
void trace_freed(Body* body) noexcept { current_trace->freed(body); }
void trace_grad(Body* variable, bool clears) { current_trace->grad(variable, clears); }
Tensor trace_constant(Tensor t) {
  if (current_trace) [[unlikely]]
    current_trace->constant(t);
  return t;
}

Tracer::Tracer(const Tensors& inputs, const Tensors& originals) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Body* const body = Access::body(inputs[i]);
    if (Access::has_body(originals[i])) copies_.emplace_back(root(Access::body(originals[i])), root(body));
    const auto [known, is_new] = ids_.emplace(root(body), static_cast<u32>(values_.size()));
    if (!is_new) continue;
    values_.push_back({.kind = Value::input,
                       .dtype = body->dtype,
                       .shape = body->shape,
                       .bytes = static_cast<i64>(body->bytes()),
                       .argument = static_cast<u32>(i)});
  }
}

u32 Tracer::find(const Tensor& t) const noexcept {
  if (!Access::has_body(t)) return no_value;
  const auto known = ids_.find(root(Access::body(t)));
  return known == ids_.end() ? no_value : known->second;
}

u32 Tracer::id_of(Body* body) {
  body = root(body);
  const auto [known, is_new] = ids_.emplace(body, static_cast<u32>(values_.size()));
  if (is_new)
    values_.push_back({.kind = Value::outside,
                       .dtype = body->dtype,
                       .shape = body->shape,
                       .bytes = static_cast<i64>(body->bytes()),
                       .held = Access::share(body)});
  return known->second;
}

void Tracer::created(Body* body) {
  ids_[body] = static_cast<u32>(values_.size());
  values_.push_back({.kind = Value::made,
                     .written = body->size == 0,  // there is nothing to write
                     .dtype = body->dtype,
                     .shape = body->shape,
                     .bytes = static_cast<i64>(body->bytes())});
}

void Tracer::freed(Body* body) noexcept {
  const auto known = ids_.find(body);
  if (body->owner || known == ids_.end()) return;
  values_[known->second].freed = true;
  ids_.erase(known);
}

void Tracer::constant(const Tensor& t) {
  Value& value = values_[id_of(Access::body(t))];
  if (value.kind != Value::made) return;
  value.kind = Value::constant;
  value.held = t;
}

void Tracer::step(Step step, const Elements* what, std::size_t count) {
  PlannedStep planned{std::move(step), {}};
  for (std::size_t i = 0; i < count; ++i) {
    const Elements& e = what[i];
    if (!e.data) {
      planned.uses.push_back({no_value, e.access});
      continue;
    }
    if (!e.body) {
      if (e.access & Elements::writes) refuse("writes a 0-d value of its surroundings");
      planned.uses.push_back({static_cast<u32>(values_.size()), e.access});
      Value& number = values_.emplace_back(Value{.kind = Value::number});
      std::memcpy(&number.bits, e.data, sizeof number.bits);
      continue;
    }
    const u32 id = id_of(e.body);
    Value& value = values_[id];
    if (value.kind == Value::constant && (e.access & Elements::writes)) refuse("changes a constant in place");
    if (value.kind == Value::made) {
      if ((e.access & Elements::reads) && !value.written) refuse("uses a value that an operation computed unseen");
      value.written = true;
    }
    if ((e.access & Elements::writes) && value.kind != Value::made) mirror(root(e.body));
    planned.uses.push_back({id, e.access});
  }
  steps_.push_back(std::move(planned));
}

/// Keeps an argument and its copy the same. A plan could not: it does not know which of its tensors are one.
void Tracer::mirror(Body* written) {
  for (const auto& [original, copy] : copies_) {
    if (written != original && written != copy) continue;
    Body* const other = written == original ? copy : original;
    if (written == original) refuse("changes a tensor in place that is an argument, too");
    else ++other->version();
    std::memcpy(other->data, written->data, written->bytes());
  }
}

void Tracer::read(const Tensor& t) {
  if (!Access::has_body(t)) return refuse("looks at a 0-d value of its surroundings; pass it as an argument");
  const u32 id = id_of(Access::body(t));
  const Value& value = values_[id];
  if (value.kind == Value::constant || value.bytes == 0) return;
  if (value.kind == Value::made && !value.written) return refuse("looks at a value that was computed unseen");
  if (value.bytes > most_looked_at)
    return refuse(
        fmt::format("looks at the elements of {}; up to {} bytes can be compared", describe(t), most_looked_at));
  PlannedStep look;
  look.is_check = true;
  look.uses.push_back({id, Elements::reads});
  const auto* bytes = static_cast<const char*>(elements(t));
  look.expected.assign(bytes, bytes + value.bytes);
  steps_.push_back(std::move(look));
}

void Tracer::result(const Tensor& t, const char* name) {
  const u32 id = find(t);
  if (!Access::has_body(t) || (id != no_value && values_[id].kind == Value::made && !values_[id].written))
    refuse(fmt::format("calls {}, which has no plan yet", name));
}

void Tracer::grad(Body* variable, bool clears) {
  const u32 id = id_of(variable);
  for (const LeafChange& leaf : leaves_)
    if (leaf.value == id) return;
  if (!clears && variable->leaf->grad.defined()) refuse("adds to gradients that were there before; zero_grad() first");
  leaves_.push_back({id, clears});
}

std::string Tracer::finish(const Tensors& outputs) {
  std::vector<u8> lives(values_.size());
  for (const Tensor& y : outputs) {
    const u32 id = find(y);
    if (!Access::has_body(y)) refuse("returns a 0-d value of its surroundings");
    else if (id != no_value && values_[id].kind == Value::made && !values_[id].written)
      refuse("returns a value that was computed unseen");
    else if (id != no_value) lives[id] = true;
  }
  for (LeafChange& leaf : leaves_) {
    const Value& variable = values_[leaf.value];
    const Tensor holder = variable.kind == Value::outside ? variable.held : Tensor();
    if (!holder.defined()) {
      refuse("leaves a gradient in an argument");
      continue;
    }
    const Tensor& grad = Access::body(holder)->leaf->grad;
    if (!grad.defined()) continue;
    leaf.grad = find(grad);
    if (leaf.grad == no_value || values_[leaf.grad].kind != Value::made) refuse("leaves a gradient it did not compute");
    else lives[leaf.grad] = true;
  }
  for (std::size_t id = 0; id < values_.size(); ++id) {
    const Value& value = values_[id];
    if (value.kind == Value::outside && Access::body(value.held)->refs.load() == 1)
      refuse("uses a tensor that is gone when it returns, and was not made by it on this thread");
    const bool kept = value.kind == Value::made
                          ? !value.freed
                          : value.kind == Value::constant && Access::body(value.held)->refs.load() > 1;
    if (kept && !lives[id])
      refuse(
          fmt::format("keeps a value it made, {} {}; return it instead", name_of(value.dtype), to_string(value.shape)));
  }
  bool changed = false;
  for (const PlannedStep& step : steps_) {
    if (step.is_check && changed) refuse("looks at values after it has changed some in place");
    for (const Use& use : step.uses)
      if (use.value != no_value && (use.access & Elements::writes) && values_[use.value].kind != Value::made &&
          values_[use.value].bytes > most_undone)
        changed = true;
  }
  return why_;
}

}  // namespace xgrad::detail
