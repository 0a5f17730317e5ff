// Nodes whose derivative is the user's: checkpoint, custom_vjp, register_hook. Each owns what its derivative needs.
#include <xgrad/ops/transforms.hpp>

#include <xgrad/engine/internal/graph.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace xgrad {

using namespace detail;

/// The Ops of custom_vjp under one name: nodes, also of tapes that outlive the function, refer to them.
struct detail::UserOp {
  std::string name;
  Op op{}, constant{};
};

namespace {

Tensor value_of(const char* name, const Function& f, const Tensors& xs, Site site) {
  const Tensor y = f.call(xs, site)[0];
  if (!y.defined()) fail<ValueError>(name, site, "the function returned an undefined tensor");
  return y;
}

/// Records `y` with an attribute that the node then owns.
template <class T> Tensor record_owning(Call& call, const Tensor& y, std::unique_ptr<T>& attribute) {
  Tensor recorded = call.record(y, attribute.get());
  if (Access::tape(recorded) != 0) attribute.release();
  return recorded;
}

// --- checkpoint ---

struct Checkpoint {
  Function f;
  std::vector<Saved> inputs;  // f's arguments, then what else it uses
  std::size_t arguments;
  u64 value;  // what f(x) was, in brief: the constants that f uses are not known
};

/// Other bits have another number, but for one chance in 2^64.
u64 digest(const Tensor& y) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(elements(y));
  u64 h = 0;
  for (i64 left = y.size() * item_size(y.dtype()); left > 0; left -= 8, bytes += 8) {
    u64 word = 0;
    std::memcpy(&word, bytes, static_cast<std::size_t>(std::min<i64>(left, 8)));
    h = (std::rotl(h, 29) ^ word) * 0x9e3779b97f4a7c15;
  }
  return h;
}

void checkpoint_vjp(Vjp& d) {
  const UserScope user;
  const Checkpoint c = *d.attributes<Checkpoint*>();  // a copy: f may do anything
  Tensors in, wanted, out;
  std::vector<int> numbers;
  for (const Saved& saved : c.inputs) in.push_back(unchanged(saved, "checkpoint", d.site()));

  std::optional<Tape> own;
  if (!d.recording()) own.emplace();
  Tape::Impl& tape = own ? *thread_state.recording : d.tape();
  if (own) tape.captures = true;
  Tensors arguments;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const int number = static_cast<int>(i);
    Tensor x = in[i];
    if (d.wanted(number)) {
      if (i < c.arguments) x = fresh(tape, x, own ? 0 : tape.id_of(x, "checkpoint", d.site()), d.site());
      wanted.push_back(x);
      numbers.push_back(number);
    } else if (own) {
      x = x.detach();
    }
    if (i < c.arguments) arguments.push_back(x);
  }
  const u32 floor = tape.count - 1;
  const Tensor y = value_of("checkpoint", c.f, arguments, d.site());
  if (y.shape() != d.grad().shape() || y.dtype() != d.grad().dtype())
    fail<GraphError>("checkpoint", d.site(), "the function returned {} the first time, {} when it was run again",
                     describe(d.grad()), describe(y));
  if (digest(y) != c.value)
    fail<GraphError>("checkpoint", d.site(),
                     "the function gave other values when it was run again: something it uses was changed after this "
                     "line, or it drew other random numbers");
  if (tape.id_of(y, "checkpoint", d.site()) == 0) return;
  out.resize(wanted.size());
  answer(tape, {"checkpoint", d.site(), &y, &d.grad(), 1, wanted.data(), out.data(), out.size(), d.recording(),
                !d.recording(), d.recording() ? floor : 0});
  own.reset();
  for (std::size_t k = 0; k < out.size(); ++k)
    if (out[k].defined()) d.add(numbers[k], out[k]);
}

constexpr Op checkpoint_op{.name = "checkpoint", .vjp = checkpoint_vjp, .drop = delete_attribute<Checkpoint>};

Tensor checkpointed(const Function& f, const Tensors& xs, Site site) {
  Tape::Impl* recording = thread_state.recording;
  if (!recording) return value_of("checkpoint", f, xs, site);
  Tensors inputs = xs;
  Tensor y;
  bool constant = true;
  {
    // On a tape that saves nothing, to see what f uses.
    const Tape uses;
    Tape::Impl& tape = *thread_state.recording;
    tape.captures = true;
    tape.keeps = false;
    Tensors arguments;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      if (!xs[i].defined()) fail<ValueError>("checkpoint", site, "argument {} is an undefined tensor", i + 1);
      const bool tracked = recording->id_of(xs[i], "checkpoint", site) != 0;
      arguments.push_back(tracked ? fresh(tape, xs[i], 0, site) : xs[i].detach());
    }
    y = value_of("checkpoint", f, arguments, site);
    constant = tape.id_of(y, "checkpoint", site) == 0;
    for (u32 leaf : tape.leaves) inputs.push_back(Access::share(tape.at(leaf).variable));
    for (const auto& entry : tape.captured) inputs.push_back(entry.second.first);
    y = y.detach();
  }
  if (constant) return y;
  auto kept = std::make_unique<Checkpoint>(Checkpoint{f, {}, xs.size(), digest(y)});
  for (const Tensor& x : inputs) kept->inputs.push_back(save(x));
  Call call(checkpoint_op, std::as_const(inputs).data(), static_cast<int>(inputs.size()), site);
  return record_owning(call, y, kept);
}

// --- what custom_vjp and register_hook share ---

/// Whether the value of node `id` was computed from that of node `from`.
bool depends(Tape::Impl& tape, u32 id, u32 from) {
  if (id <= from) return id == from;
  std::vector<bool> reached(id - from + 1);
  reached[0] = true;
  for (u32 k = from + 1; k <= id; ++k) {
    const Node& node = tape.at(k);
    if (node.is(Node::leaf)) continue;
    const bool general = node.is(Node::general);
    const u32* inputs = general ? node.record->inputs : node.inputs;
    const u32 count = general ? node.record->input_count : 2;
    for (u32 i = 0; i < count; ++i)
      if (inputs[i] >= from && reached[inputs[i] - from]) reached[k - from] = true;
  }
  return reached[id - from];
}

/// A gradient that is as good as a constant, without anybody having said so.
void refuse_second(Vjp& d) {
  fail<GraphError>(d.name(), d.site(),
                   "its derivative cannot be differentiated: a gradient it returned was not computed from the upstream "
                   "gradient by operations (where it is zero, return Tensor())");
}

/// Checks the gradients that user code returned for `inputs` and adds them; g is what that code got, `constant` is what
/// stands for one that is not to be differentiated.
void add_gradients(Vjp& d, const Op& constant, const Tensors& inputs, const Tensor& g, const Tensors& gradients) {
  const char* name = d.name();
  if (gradients.size() != inputs.size())
    fail<ValueError>(name, d.site(), "the derivative returned {} gradients, the function has {} arguments",
                     gradients.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor r = gradients[i];
    const int number = static_cast<int>(i);
    if (!r.defined() || !d.wanted(number)) continue;
    if (r.shape() != inputs[i].shape())
      fail<ShapeError>(name, d.site(), "the gradient returned for argument {} is {}, the argument {}", i + 1,
                       describe(r), describe(inputs[i]));
    if (r.dtype() != inputs[i].dtype())
      fail<DTypeError>(name, d.site(), "the gradient returned for argument {} is {}, the argument {}", i + 1,
                       describe(r), describe(inputs[i]));
    if (!d.recording()) {
      r = r.detach();
    } else if (!depends(d.tape(), d.tape().id_of(r, name, d.site()), Access::node(g))) {
      Tensors all = inputs;
      all.push_back(g);
      Call call(constant, std::as_const(all).data(), static_cast<int>(all.size()), d.site());
      r = call.record(r.detach());
    }
    d.add(number, r);
  }
}

/// The upstream gradient, where it can be recognised.
Tensor upstream(Vjp& d) {
  if (!d.recording()) return d.grad();
  return fresh(d.tape(), d.grad(), d.tape().id_of(d.grad(), d.name(), d.site()), d.site());
}

// --- custom_vjp ---

struct Custom {
  const UserOp& kind;
  Backward backward;
  std::vector<Saved> inputs;
  Saved output;
};

void custom_op_vjp(Vjp& d) {
  const Custom c = *d.attributes<Custom*>();
  const Tensor g = upstream(d);
  Tensors in, gradients;
  const auto take = [&](const Saved& saved) {
    const Tensor t = unchanged(saved, d.name(), d.site());
    return d.recording() ? t : t.detach();
  };
  for (const Saved& saved : c.inputs) in.push_back(take(saved));
  Tensors packed = in;
  packed.push_back(take(c.output));
  packed.push_back(g);
  const Saved received = save(g);
  {
    const UserScope user;
    gradients = c.backward.call(packed, d.site());
  }
  unchanged(received, d.name(), d.site());  // it may be another node's, too
  add_gradients(d, c.kind.constant, in, g, gradients);
}

Tensor apply_custom(const UserOp& kind, const Function& f, const Backward& backward, const Tensors& xs, Site site) {
  Call call(kind.op, xs.data(), static_cast<int>(xs.size()), site);
  Tensors plain;
  for (const Tensor& x : xs) plain.push_back(x.detach());
  const Tensor y = no_grad([&] { return value_of(kind.op.name, f, plain, site); }).detach();
  auto kept = std::make_unique<Custom>(Custom{kind, backward, {}, {}});
  for (const Tensor& x : xs) kept->inputs.push_back(save(x));
  Custom& custom = *kept;
  const Tensor recorded = record_owning(call, y, kept);
  if (!kept) custom.output = save(recorded);
  return recorded;
}

/// Kept for good; there are as many as the program has names.
const UserOp& user_op(const std::string& name) {
  static std::mutex mutex;
  static auto& all = *new std::map<std::string, UserOp>;
  const std::lock_guard lock(mutex);
  const auto [at, fresh_name] = all.try_emplace(name, UserOp{name});
  UserOp& kind = at->second;
  if (!fresh_name) return kind;
  kind.op = {.name = kind.name.c_str(), .vjp = custom_op_vjp, .drop = delete_attribute<Custom>};
  kind.constant = {.name = kind.name.c_str(), .vjp = refuse_second};
  return kind;
}

// --- register_hook ---

constexpr Op hook_constant{.name = "register_hook", .vjp = refuse_second};

void hook_vjp(Vjp& d) {
  const Hook fn = *d.attributes<Hook*>();
  const Tensor g = upstream(d);
  const Saved received = save(g);
  Tensors gradients;
  {
    const UserScope user;
    gradients = fn.call({g}, d.site());
  }
  unchanged(received, d.name(), d.site());
  add_gradients(d, hook_constant, {g}, g, gradients);
}

constexpr Op hook_op{.name = "register_hook", .vjp = hook_vjp, .drop = delete_attribute<Hook>};

}  // namespace

Tensor checkpoint(const Function& f, const Tensor& x, Site site) { return checkpointed(f, {x}, site); }
Tensor checkpoint(const Function& f, const std::vector<Tensor>& xs, Site site) { return checkpointed(f, xs, site); }

CustomFunction custom_vjp(Function f, Backward backward, const std::string& name) {
  return {user_op(name), std::move(f), std::move(backward)};
}
Tensor CustomFunction::operator()(const Tensor& x, Site site) const {
  return apply_custom(*kind_, f_, backward_, {x}, site);
}
Tensor CustomFunction::operator()(const std::vector<Tensor>& xs, Site site) const {
  return apply_custom(*kind_, f_, backward_, xs, site);
}

Tensor register_hook(const Tensor& x, Hook fn, Site site) {
  Call call(hook_op, &x, 1, site);
  auto kept = std::make_unique<Hook>(std::move(fn));
  return record_owning(call, x.detach(), kept);
}

}  // namespace xgrad
