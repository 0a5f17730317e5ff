// What a caller asks of a tape: backward() and gradient(), checked, and turned into one sweep.
#include <xgrad/engine/internal/sweep.hpp>

#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/internal/trace.hpp>
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
bool mark_wanted(Tape::Impl& tape, std::vector<u8>& wanted, u32 from, const u32* requested, std::size_t count,
                 u32& lowest) {
  wanted.assign(from + 1, Sweep::unwanted);
  lowest = from;
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

constexpr Op input{.name = "input", .vjp = [](Vjp& d) { d.add(0, d.grad()); }};

/// A recorded derivative that depends on nothing any more: on the tape all the same, so that its own derivative is zero
/// and not an error.
constexpr Op constant_gradient{.name = "gradient", .vjp = [](Vjp&) {}};

void keep_on_tape(Tape::Impl& tape, Tensor& g, Site site) {
  constexpr u32 no_inputs[1] = {};
  if (tape.id_of(g, "gradient", site) == 0)
    push_general(tape, constant_gradient, site, nullptr, no_inputs, 0, reads_nothing, nullptr, 0, Tensor(), g);
}

/// While a sweep runs: what it records goes to its tape, a plain one records nothing.
class Recording {
 public:
  explicit Recording(Tape::Impl* tape) noexcept : scope_{nullptr, tape} { enter(scope_); }
  ~Recording() { leave(scope_); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  Scope scope_;
};

void refuse_nested(const Tape::Impl& tape, const char* caller, Site site) {
  if (tape.sweeping)
    fail<GraphError>(caller, site,
                     "this tape's derivative is being taken already: called from inside one of its "
                     "operations' derivatives, which should use values and a tape of their own");
}

}  // namespace

Tensor fresh(Tape::Impl& tape, const Tensor& x, u32 id, Site site) {
  Tensor handle = Access::has_body(x) ? view(x, x.shape()) : x;
  push_general(tape, input, site, nullptr, &id, 1, reads_nothing, nullptr, 0, Tensor(), handle);
  return handle;
}

void backward(Tape::Impl& tape, const Tensor& y, const Tensor& seed, bool retain_graph, Site site) {
  const u32 id = recorded_id(tape, y, "backward", "y", site);
  const Tensor start = checked_seed("backward", y, seed, site);
  refuse_nested(tape, "backward", site);
  const Recording nothing(nullptr);
  Sweep sweep{tape, false, false, !retain_graph, true, site, arch_index()};
  sweep.contribute(id, start.detach(), "seed");
  sweep.run(id);
  for (u32 leaf : tape.leaves) {
    const Tensor g = sweep.adjoint(leaf);
    if (!g.defined()) continue;
    sweep.clear(leaf);
    if (tracing()) [[unlikely]]
      trace_grad(tape.at(leaf).variable, false);
    Tensor& slot = tape.at(leaf).variable->leaf->grad;
    if (!slot.defined()) {
      slot = own(g);
      continue;
    }
    slot = own(slot);
    if (slot.rank() > 0)
      launch({updates(Access::body(slot)), reads(g)},
             [dtype = slot.dtype(), n = slot.size()](Pointers p) { add_into(dtype, p[0], p[1], n); });
    else slot = no_grad([&] { return accumulate(slot, g); });
  }
  for (auto& [body, g] : sweep.retained) {
    Tensor& slot = body->leaf->grad;
    slot = slot.defined() ? no_grad([&, &left = g] { return accumulate(slot, left); }) : std::move(g);
  }
  sweep.done = true;
}

void answer(Tape::Impl& tape, const Question& q) {
  constexpr std::size_t few = 64;
  u32 small[few];
  std::vector<u32> many(q.x_count > few ? q.x_count : 0);
  u32* ids = q.x_count > few ? many.data() : small;
  u32 from = 0;
  for (std::size_t k = 0; k < q.y_count; ++k) from = std::max(from, recorded_id(tape, q.ys[k], q.caller, "y", q.site));
  for (std::size_t i = 0; i < q.x_count; ++i) ids[i] = recorded_id(tape, q.xs[i], q.caller, "x", q.site);
  if (!q.create_graph) refuse_nested(tape, q.caller, q.site);

  std::vector<Tensor> starts(q.y_count > 1 ? q.y_count : 0);
  Tensor only;
  Tensor* start = q.y_count > 1 ? starts.data() : &only;
  for (std::size_t k = 0; k < q.y_count; ++k) start[k] = checked_seed(q.caller, q.ys[k], q.seeds[k], q.site);
  const Recording recording(q.create_graph ? &tape : nullptr);
  Sweep sweep{tape, q.create_graph, false, q.release, false, q.site, arch_index()};
  sweep.wanted.swap(tape.wanted);
  u32 lowest = 0;
  sweep.prune = !mark_wanted(tape, sweep.wanted, from, ids, q.x_count, lowest);
  sweep.floor = std::max(q.floor, lowest);
  if (q.create_graph) sweep.adjoints.resize(from + 1);
  for (std::size_t k = 0; k < q.y_count; ++k)
    sweep.contribute(tape.id_of(q.ys[k], q.caller, q.site), q.create_graph ? start[k] : start[k].detach(), "seed");
  sweep.run(from);
  for (std::size_t i = 0; i < q.x_count; ++i) q.out[i] = ids[i] <= from ? sweep.adjoint(ids[i]) : Tensor();
  if (!q.create_graph) {
    for (std::size_t i = 0; i < q.x_count; ++i)
      if (ids[i] <= from) sweep.clear(ids[i]);
    for (std::size_t i = 0; i < q.x_count; ++i) q.out[i] = own(q.out[i]);
  }
  sweep.done = true;
}

bool has_jacobian_rows(Tape::Impl& tape, const Tensor& y) {
  const u32 from = tape.id_of(y, "jacobian", {});
  for (u32 id = 1; id <= from; ++id)
    if (tape.shape_of(id).rank() == max_rank) return false;
  return from != 0 && y.size() > 1 && !tracing();
}

Tensor jacobian_rows(Tape::Impl& tape, const char* caller, Site site, const Tensor& y, const Tensor& x) {
  const u32 from = recorded_id(tape, y, caller, "y", site), to = recorded_id(tape, x, caller, "x", site);
  refuse_nested(tape, caller, site);
  const Recording nothing(nullptr);
  const i64 n = y.size();
  // As many rows at once as give the largest value's adjoint 4 million elements.
  i64 largest = 1;
  for (u32 id = 1; id <= from; ++id) largest = std::max(largest, tape.shape_of(id).size());
  const i64 most = std::clamp<i64>((i64{1} << 22) / largest, 1, n);
  Tensor whole;
  for (i64 first = 0; first < n; first += most) {
    Rows rows{std::min(most, n - first)};
    Sweep sweep{tape, false, false, false, false, site, arch_index()};
    sweep.rows = &rows;
    sweep.wanted.swap(tape.wanted);
    u32 lowest = 0;
    sweep.prune = !mark_wanted(tape, sweep.wanted, from, &to, 1, lowest);
    sweep.adjoints.resize(from + 1);
    sweep.adjoints[from] = rows.units(y, first);
    if (rows.count == n) rows.identity = sweep.adjoints[from];
    sweep.run(from);
    sweep.done = true;
    const Tensor part = to <= from ? std::move(sweep.adjoints[to]) : Tensor();
    if (rows.count == n && part.defined()) return view(own(part), {n, x.size()});
    if (!whole.defined()) whole = zeros({n, x.size()}, x.dtype());
    if (part.defined()) rows.copy(part, whole, first);
  }
  return whole;
}

void fill_unreached(Tape::Impl& tape, const Question& q) {
  for (std::size_t i = 0; i < q.x_count; ++i) {
    if (!q.out[i].defined()) q.out[i] = zeros(q.xs[i].shape(), q.xs[i].dtype());
    if (q.create_graph) keep_on_tape(tape, q.out[i], q.site);
  }
}

}  // namespace detail

void Tape::gradient(const Tensor& y, const Tensor* xs, Tensor* out, std::size_t count, const GradientOptions& options,
                    Site site) {
  const detail::Question question{
      "gradient", site, &y,    &options.seed,        1,
      xs,         out,  count, options.create_graph, !options.retain_graph && !options.create_graph};
  detail::answer(*impl_, question);
  detail::fill_unreached(*impl_, question);
}

}  // namespace xgrad
