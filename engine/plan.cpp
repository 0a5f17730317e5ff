#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/plan.hpp>

#include <algorithm>
#include <cstring>

namespace xgrad::detail {
namespace {

constexpr i64 block_elements = 2048, tile_elements = 32 * 1024;
constexpr i64 line = 64;  // bytes

i64 lines(i64 bytes) noexcept { return (bytes + line - 1) / line * line; }

bool writes_to(const Use& use) noexcept { return use.value != no_value && (use.access & Elements::writes); }

/// Whether b has to stay behind a: one writes what the other uses.
bool depends(const PlannedStep& b, const PlannedStep& a) noexcept {
  for (const Use& x : a.uses)
    for (const Use& y : b.uses)
      if (x.value != no_value && x.value == y.value && ((x.access | y.access) & Elements::writes)) return true;
  return false;
}

Tensor bytes(i64 count) { return new_array(DType::boolean, {count}); }
char* data(const Tensor& memory) noexcept { return static_cast<char*>(Access::body(memory)->data); }

/// How many references to a body there are in arguments and results, which may soon be gone.
u32 passing_handles(const Body* root, std::initializer_list<const Tensors*> lists) {
  std::vector<const Body*> views;
  u32 count = 0;
  for (const Tensors* list : lists)
    for (const Tensor& t : *list) {
      if (root_of(t) != root) continue;
      const Body* const body = Access::body(t);
      if (body != root && std::find(views.begin(), views.end(), body) != views.end()) continue;
      views.push_back(body);
      ++count;
    }
  return count;
}

}  // namespace

Tensor in_shape(const Tensor& y, const Shape& shape) {
  if (y.shape() == shape && (shape.rank() > 0 || !Access::has_body(y))) return y;
  if (Access::has_body(y) && shape.rank() > 0) return view(y, shape);
  const auto size = static_cast<std::size_t>(item_size(y.dtype()));
  if (shape.rank() > 0) {
    Tensor array = new_array(y.dtype(), shape);
    std::memcpy(Access::body(array)->data, elements(y), size);
    return array;
  }
  u64 bits = 0;
  std::memcpy(&bits, elements(y), size);
  return Access::scalar(y.dtype(), bits);
}

Plan::Plan(Tracer& trace, const Tensors& inputs, const Tensors& given, const Tensors& outputs, Outside& outside)
    : steps_(std::move(trace.steps_)), leaves_(std::move(trace.leaves_)) {
  for (const Tensor& x : inputs) arguments_.push_back({x.dtype(), x.shape(), x.is_leaf(), trace.find(x)});
  for (const Tensor& y : outputs) results_.push_back({trace.id_of(Access::body(y)), y.shape()});
  values_ = std::move(trace.values_);
  for (Value& value : values_) {
    if (value.kind != Value::outside) continue;
    value.body = Access::body(value.held);
    outside.emplace(value.body, value.held);
    value.held = Tensor();
    value.holders =
        value.body->refs.load(std::memory_order_acquire) - 1 - passing_handles(value.body, {&given, &outputs});
  }
  drop_unused();
  bring_updates_forward();
  for (const PlannedStep& step : steps_)
    for (const Use& use : step.uses)
      if (writes_to(use) && values_[use.value].kind != Value::made) changed_.push_back(use.value);
  std::sort(changed_.begin(), changed_.end());
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  find_what_to_undo();
  make_groups();
  lay_out();
}

/// Leaves out what nothing that lasts comes from.
void Plan::drop_unused() {
  std::vector<u8> needed(values_.size());
  for (std::size_t id = 0; id < values_.size(); ++id) needed[id] = values_[id].kind != Value::made;
  for (const Result& result : results_) needed[result.value] = true;
  for (const LeafChange& leaf : leaves_)
    if (leaf.grad != no_value) needed[leaf.grad] = true;
  std::vector<PlannedStep> kept;
  for (std::size_t i = steps_.size(); i-- > 0;) {
    PlannedStep& step = steps_[i];
    if (!step.is_check && std::none_of(step.uses.begin(), step.uses.end(),
                                       [&](const Use& use) { return writes_to(use) && needed[use.value]; }))
      continue;
    for (const Use& use : step.uses)
      if (use.value != no_value && (use.access & Elements::reads)) needed[use.value] = true;
    kept.push_back(std::move(step));
  }
  std::reverse(kept.begin(), kept.end());
  steps_ = std::move(kept);
}

/// What only changes tensors from outside runs as soon as it can: then gradients of weights need not all be there at
/// once.
void Plan::bring_updates_forward() {
  std::vector<PlannedStep> order;
  std::size_t after_checks = 0;
  for (PlannedStep& step : steps_) {
    bool updates = false, makes = false;
    for (const Use& use : step.uses)
      if (writes_to(use)) (values_[use.value].kind == Value::made ? makes : updates) = true;
    std::size_t place = order.size();
    while (updates && !makes && place > after_checks && !depends(step, order[place - 1])) --place;
    if (step.is_check) after_checks = order.size() + 1;
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(place), std::move(step));
  }
  steps_ = std::move(order);
}

void Plan::find_what_to_undo() {
  const auto last_check = std::find_if(steps_.rbegin(), steps_.rend(), [](const auto& step) { return step.is_check; });
  for (auto step = last_check; step != steps_.rend(); ++step)
    for (const Use& use : step->uses)
      if (writes_to(use) && values_[use.value].kind != Value::made &&
          std::find(undone_.begin(), undone_.end(), use.value) == undone_.end())
        undone_.push_back(use.value);
}

/// Steps that can go part by part over the same extent, one after the other, take turns on blocks that stay in the
/// cache.
void Plan::make_groups() {
  for (std::size_t begin = 0; begin < steps_.size();) {
    const PlannedStep& first = steps_[begin];
    std::size_t end = begin + 1;
    i64 grain = first.grain;
    const auto joins = [&](const PlannedStep& step) {
      if (!step.part || step.extent != first.extent || (step.grain > 1 && grain > 1 && step.grain != grain))
        return false;
      // What one of them writes, others may only touch at the same place.
      for (std::size_t k = 0; k < step.uses.size(); ++k)
        for (std::size_t i = begin; i < end; ++i)
          for (std::size_t j = 0; j < steps_[i].uses.size(); ++j) {
            const Use &mine = step.uses[k], &other = steps_[i].uses[j];
            const bool same = mine.value != no_value && mine.value == other.value &&
                              ((mine.access | other.access) & Elements::writes);
            if (same && !(step.aligned >> k & steps_[i].aligned >> j & 1)) return false;
          }
      return true;
    };
    if (first.part && first.extent >= 2 * block_elements)
      for (; end < steps_.size() && joins(steps_[end]); ++end) grain = std::max(grain, steps_[end].grain);
    Group group{begin, end};
    if (end - begin > 1 && grain <= tile_elements) {
      group.extent = first.extent;
      group.block = std::max<i64>(1, block_elements / grain) * grain;
    } else {
      group.end = begin + 1;
    }
    begin = group.end;
    groups_.push_back(std::move(group));
  }
}

/// Made values that end before the run does share one piece of memory.
void Plan::lay_out() {
  struct Life {
    u32 value;
    std::size_t first, last;
  };
  std::vector<Life> lives(values_.size(), {0, groups_.size(), 0});
  std::vector<u8> passes(values_.size(), true), lasts(values_.size());
  for (const Result& result : results_)
    if (result.shape.rank() > 0 || values_[result.value].shape.rank() > 0) lasts[result.value] = true;
    else passes[result.value] = false;
  for (const LeafChange& leaf : leaves_) {
    if (leaf.grad == no_value) continue;
    if (values_[leaf.grad].shape.rank() > 0) lasts[leaf.grad] = true;
    else passes[leaf.grad] = false;
  }
  for (std::size_t g = 0; g < groups_.size(); ++g)
    for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i)
      for (std::size_t k = 0; k < steps_[i].uses.size(); ++k) {
        const u32 id = steps_[i].uses[k].value;
        if (id == no_value) continue;
        Life& life = lives[id];
        life.first = std::min(life.first, g), life.last = g;
        if (life.first != g || groups_[g].extent == 0 || !(steps_[i].aligned >> k & 1)) passes[id] = false;
      }
  for (const Result& result : results_) lives[result.value].last = groups_.size();
  for (const LeafChange& leaf : leaves_)
    if (leaf.grad != no_value) lives[leaf.grad].last = groups_.size();

  offsets_.assign(values_.size(), -1);
  std::vector<Life> placed;
  for (u32 id = 0; id < values_.size(); ++id) {
    Life& life = lives[id];
    life.value = id;
    if (values_[id].kind != Value::made) continue;
    if (lasts[id]) {
      own_memory_.push_back(id);
    } else if (life.first < groups_.size()) {
      Group& group = groups_[life.first];
      const i64 item = item_size(values_[id].dtype);
      if (passes[id] && group.extent > 0 && values_[id].bytes == group.extent * item) {
        for (std::size_t i = group.begin; i < group.end; ++i)
          for (std::size_t k = 0; k < steps_[i].uses.size(); ++k)
            if (steps_[i].uses[k].value == id) steps_[i].passing[k] = group.scratch;
        group.scratch += lines(item * group.block);
      } else {
        placed.push_back(life);
      }
    }
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [&](const Life& a, const Life& b) { return values_[a.value].bytes > values_[b.value].bytes; });
  std::vector<Life> so_far;  // in the order of their offsets
  for (const Life& life : placed) {
    i64 at = 0;
    const i64 size = lines(values_[life.value].bytes);
    for (const Life& other : so_far) {
      if (other.last < life.first || other.first > life.last) continue;
      if (offsets_[other.value] >= at + size) break;
      at = std::max(at, offsets_[other.value] + lines(values_[other.value].bytes));
    }
    offsets_[life.value] = at;
    scratch_ = std::max(scratch_, at + size);
    const auto place = std::upper_bound(so_far.begin(), so_far.end(), at,
                                        [&](i64 offset, const Life& other) { return offset < offsets_[other.value]; });
    so_far.insert(place, life);
  }
}

bool Plan::is_current() const noexcept {
  return std::none_of(values_.begin(), values_.end(), [](const Value& value) {
    return value.kind == Value::outside && value.body->refs.load(std::memory_order_acquire) - 1 < value.holders;
  });
}

bool Plan::uses(const Body* outside) const noexcept {
  return std::any_of(values_.begin(), values_.end(), [&](const Value& value) { return value.body == outside; });
}

bool Plan::fits(const Tensors& inputs) const noexcept {
  if (inputs.size() != arguments_.size()) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Argument& argument = arguments_[i];
    const Body* const elements = root_of(inputs[i]);
    if (inputs[i].dtype() != argument.dtype || inputs[i].shape() != argument.shape ||
        inputs[i].is_leaf() != argument.is_leaf)
      return false;
    for (std::size_t k = 0; k < i; ++k)
      if ((elements && root_of(inputs[k]) == elements) != (arguments_[k].value == argument.value)) return false;
    if (elements && !changed_.empty() && uses(elements)) return false;
  }
  for (const LeafChange& leaf : leaves_)
    if (!leaf.clears_first && values_[leaf.value].body->leaf->grad.defined()) return false;
  return true;
}

/// Block by block, all steps of the group on each.
void Plan::run_group(const Group& group, void* const* at) const {
  const i64 tile = std::max<i64>(1, tile_elements / group.block) * group.block;
  parallel_for((group.extent + tile - 1) / tile, [&](i64 t) {
    const Tensor scratch = bytes(group.scratch);
    for (i64 begin = t * tile, last = std::min(group.extent, begin + tile); begin < last; begin += group.block)
      for (std::size_t i = group.begin; i < group.end; ++i) {
        const PlannedStep& step = steps_[i];
        void* pointers[most_pointers];
        for (std::size_t k = 0; k < step.uses.size(); ++k) {
          const u32 id = step.uses[k].value;
          pointers[k] = step.passing[k] >= 0 ? data(scratch) + step.passing[k] - begin * item_size(values_[id].dtype)
                        : id == no_value     ? nullptr
                                             : at[id];
        }
        step.part(pointers, begin, std::min(last, begin + group.block));
      }
  });
}

bool Plan::run_step(const PlannedStep& step, void* const* at) const {
  void* pointers[most_pointers];
  for (std::size_t k = 0; k < step.uses.size(); ++k)
    pointers[k] = step.uses[k].value == no_value ? nullptr : at[step.uses[k].value];
  if (!step.expected.empty()) return std::memcmp(pointers[0], step.expected.data(), step.expected.size()) == 0;
  return step.whole(pointers);
}

std::optional<Tensors> Plan::run(const Tensors& inputs) const {
  static thread_local std::vector<void*> memory;  // of each value
  std::vector<void*> at;
  at.swap(memory);
  at.resize(values_.size());
  const Tensor scratch = bytes(scratch_);
  Tensors own;
  for (u32 id = 0; id < values_.size(); ++id) {
    const Value& value = values_[id];
    switch (value.kind) {
      case Value::input: at[id] = const_cast<void*>(elements(inputs[value.argument])); break;
      case Value::outside: at[id] = value.body->data; break;
      case Value::constant: at[id] = Access::body(value.held)->data; break;
      case Value::number: at[id] = const_cast<u64*>(&value.bits); break;
      case Value::made: at[id] = offsets_[id] < 0 ? nullptr : data(scratch) + offsets_[id]; break;
    }
  }
  for (u32 id : own_memory_) {
    own.push_back(new_array(values_[id].dtype, values_[id].shape));
    at[id] = Access::body(own.back())->data;
  }
  const Tensor kept = undone_.empty() ? Tensor() : bytes(static_cast<i64>(undone_.size()) * most_undone);
  const auto copy_kept = [&](bool back) {
    for (std::size_t i = 0; i < undone_.size(); ++i) {
      void *const place = data(kept) + i * most_undone, *const value = at[undone_[i]];
      std::memcpy(back ? value : place, back ? place : value, static_cast<std::size_t>(values_[undone_[i]].bytes));
    }
  };
  copy_kept(false);
  bool same = true;
  for (std::size_t g = 0; g < groups_.size() && same; ++g) {
    if (groups_[g].extent > 0) run_group(groups_[g], at.data());
    else same = run_step(steps_[groups_[g].begin], at.data());
  }
  if (!same) copy_kept(true);
  std::optional<Tensors> results;
  if (same) {
    const auto made = [&](u32 id, const Shape& shape) {
      const auto place = std::find(own_memory_.begin(), own_memory_.end(), id);
      if (place != own_memory_.end())
        return in_shape(own[static_cast<std::size_t>(place - own_memory_.begin())], shape);
      u64 bits = 0;
      std::memcpy(&bits, at[id], static_cast<std::size_t>(item_size(values_[id].dtype)));
      return Access::scalar(values_[id].dtype, bits);
    };
    for (u32 id : changed_)
      ++(values_[id].kind == Value::input ? Access::body(inputs[values_[id].argument]) : values_[id].body)->version();
    for (const LeafChange& leaf : leaves_)
      values_[leaf.value].body->leaf->grad =
          leaf.grad == no_value ? Tensor() : made(leaf.grad, values_[leaf.value].shape);
    results.emplace();
    for (const Result& result : results_) {
      const Value& value = values_[result.value];
      Tensor y = value.kind == Value::input     ? inputs[value.argument].detach()
                 : value.kind == Value::outside ? Access::share(value.body).detach()
                 : value.kind == Value::made    ? made(result.value, result.shape)
                                                : value.held.clone();
      results->push_back(in_shape(y, result.shape));
    }
  }
  memory.swap(at);
  return results;
}

}  // namespace xgrad::detail
