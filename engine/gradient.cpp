// What a caller asks of a tape: backward() and gradient(), checked, and turned into one sweep.
#include <xgrad/engine/internal/sweep.hpp>

#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/kernels/arch.hpp>

#include <algorithm>

namespace xgrad {
namespace detail {
namespace {

u32 recorded_id(Tape::Impl& tape, const Tensor& t, const char* caller, const char* what, Site site) {
  if (tape.owner != &thread_state)
    fail<GraphError>(caller, site, "the tape is another thread's: only the one that opened it may ask it");
  if (!t.defined()) fail<ValueError>(caller, site, "{} is an undefined tensor", what);
  const u32 id = tape.id_of(t, caller, site);
  if (id == 0)
    fail<GraphError>(caller, site,
                     "{}, {}, is a constant here: neither a variable nor computed from one on this tape (was no tape "
                     "open when it was computed, or is it a derivative taken without create_graph?)",
                     what, describe(t));
  return id;
}

Tensor checked_seed(const char* caller, const Tensor& y, const Tensor& seed, Site site) {
  if (!seed.defined()) {
    if (y.size() != 1)
      fail<ShapeError>(caller, site, "y has shape {}, and without a seed it must have one element",
                       to_string(y.shape()));
    return full(y.shape(), 1, y.dtype());
  }
  if (seed.shape() != y.shape())
    fail<ShapeError>(caller, site, "the seed has shape {}, y has {}", to_string(seed.shape()), to_string(y.shape()));
  if (seed.dtype() != y.dtype())
    fail<DTypeError>(caller, site, "the seed is {}, y is {}", name_of(seed.dtype()), name_of(y.dtype()));
  return seed;
}

/// Marks every node that a requested one lies below of. True if all the tape's leaves, and nothing else, are requested:
/// then there is nothing to leave out.
bool mark_wanted(Tape::Impl& tape, u32 from, const u32* requested, std::size_t count) {
  auto& wanted = tape.wanted;
  wanted.assign(from + 1, Sweep::unwanted);
  u32 lowest = from;
  std::size_t leaves = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (requested[i] > from || wanted[requested[i]]) continue;
    wanted[requested[i]] = Sweep::requested;
    lowest = std::min(lowest, requested[i]);
    leaves += tape.at(requested[i]).is(Node::leaf);
  }
  if (leaves == tape.leaves.size() && leaves == count) return true;
  for (u32 id = lowest + 1; id <= from; ++id) {
    const Node& node = tape.at(id);
    if (wanted[id] || node.is(Node::leaf)) continue;
    const bool is_general = node.is(Node::general);
    const u32* inputs = is_general ? node.record->inputs : node.inputs;
    const u32 n = is_general ? node.record->input_count : 2;
    for (u32 k = 0; k < n && !wanted[id]; ++k)
      if (wanted[inputs[k]]) wanted[id] = Sweep::passing;
  }
  return false;
}

/// The same numbers where nobody else sees them: gradients that sharing made one are handed out as several.
Tensor own(const Tensor& t) { return Access::has_body(t) && !Access::body(t)->is_sole() ? t.clone() : t; }

/// A recorded derivative that depends on nothing any more: on the tape all the same, so that its own derivative is zero
/// and not an error.
constexpr Op constant_gradient{.name = "gradient", .vjp = [](Vjp&) {}};

void keep_on_tape(Tape::Impl& tape, Tensor& g, Site site) {
  constexpr u32 no_inputs[1] = {};
  if (tape.id_of(g, "gradient", site) == 0)
    push_general(tape, constant_gradient, site, nullptr, no_inputs, 0, reads_nothing, nullptr, 0, Tensor(), g);
}

void seed_sweep(Sweep& sweep, u32 id, const Tensor& seed) {
  if (sweep.recording) sweep.adjoints.resize(id + 1);
  sweep.contribute(id, sweep.recording ? seed : seed.detach(), "seed");
}

}  // namespace

void backward(Tape::Impl& tape, const Tensor& y, const Tensor& seed, bool retain_graph, Site site) {
  const u32 id = recorded_id(tape, y, "backward", "y", site);
  const Tensor start = checked_seed("backward", y, seed, site);
  Sweep sweep{tape, false, false, !retain_graph, true, site, arch_index()};
  seed_sweep(sweep, id, start);
  sweep.run(id);
  for (u32 leaf : tape.leaves) {
    const Tensor g = sweep.adjoint(leaf);
    if (!g.defined()) continue;
    sweep.clear(leaf);
    Tensor& slot = tape.at(leaf).variable->leaf->grad;
    if (!slot.defined()) {
      slot = own(g);
      continue;
    }
    slot = own(slot);
    if (slot.rank() > 0) add_into(slot.dtype(), Access::body(slot)->data, elements(g), slot.size());
    else slot = no_grad([&] { return accumulate(slot, g); });
  }
  for (auto& [body, g] : sweep.retained) {
    Tensor& slot = body->leaf->grad;
    slot = slot.defined() ? no_grad([&, &left = g] { return accumulate(slot, left); }) : std::move(g);
  }
  sweep.done = true;
}

}  // namespace detail

void Tape::gradient(const Tensor& y, const Tensor* xs, Tensor* out, std::size_t count, const GradientOptions& options,
                    Site site) {
  using namespace detail;
  Impl& tape = *impl_;
  const u32 id = recorded_id(tape, y, "gradient", "y", site);
  constexpr std::size_t few = 64;
  u32 small[few];
  std::vector<u32> many(count > few ? count : 0);
  u32* ids = count > few ? many.data() : small;
  for (std::size_t i = 0; i < count; ++i) ids[i] = recorded_id(tape, xs[i], "gradient", "x", site);
  const Tensor start = checked_seed("gradient", y, options.seed, site);
  const bool all = mark_wanted(tape, id, ids, count);
  Sweep sweep{tape, options.create_graph, !all, !options.retain_graph && !options.create_graph, false,
              site, arch_index()};
  seed_sweep(sweep, id, start);
  sweep.run(id);
  for (std::size_t i = 0; i < count; ++i) {
    const Tensor g = ids[i] <= id ? sweep.adjoint(ids[i]) : Tensor();
    out[i] = g.defined() ? g : zeros(tape.shape_of(ids[i]), tape.at(ids[i]).dtype());
  }
  if (options.create_graph) {
    for (std::size_t i = 0; i < count; ++i) keep_on_tape(tape, out[i], site);
    return;
  }
  for (std::size_t i = 0; i < count; ++i)
    if (ids[i] <= id) sweep.clear(ids[i]);
  for (std::size_t i = 0; i < count; ++i) out[i] = own(out[i]);
  sweep.done = true;
}

}  // namespace xgrad
