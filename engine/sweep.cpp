#include <xgrad/engine/internal/sweep.hpp>

#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/kernels/arch.hpp>

#include <algorithm>
#include <cstring>

namespace xgrad::detail {
namespace {

/// Contributions go through here: -0.0 becomes 0.0, so that none is mistaken for `unreached`; float32 sums are rounded
/// each time, as an array's would be. The first one is there at once: the next node of a chain waits for it (3 ns).
void add_scalar(Node& node, double g) noexcept {
  if (is_unreached(node.adjoint)) [[likely]] {
    node.adjoint = g == 0 ? 0.0 : g;
    return;
  }
  const double sum = node.adjoint + g;
  node.adjoint = node.dtype() == DType::float32 ? static_cast<double>(static_cast<float>(sum)) : sum;
}

/// a, b and y out of what a 0-d node saved; what the rule does not read may be anything.
struct Operands {
  double a, b, y;
};
Operands scalar_operands(const Node& node, const ElementwiseKernels& kernels) noexcept {
  const Op& op = node.op();
  const Reads reads = op.reads[0] | op.reads[1];
  const bool reads_a = reads & reads_in(0), reads_b = reads & reads_in(1);
  Operands o{node.saved[0], node.saved[reads_a], node.saved[reads_a | reads_b]};
  double unused[2];
  if (reads_a && reads_b && (reads & reads_output))
    o.y = kernels.scalar_value[node.dtype() == DType::float64](o.a, o.b, unused);
  return o;
}

/// Makes `adjoint` a body that only it refers to; a new one's elements are not set. True if it was there before.
bool make_own(Body*& adjoint, DType dtype, const Shape& shape) {
  if (!adjoint) {
    adjoint = new_body(dtype, shape);
    return false;
  }
  if (!adjoint->is_sole()) {
    Tensor own = Access::share(adjoint).clone();
    detail::release(adjoint);
    adjoint = Access::take(own);
  }
  return true;
}

void add_into_body(Body*& target, const Tensor& value) {
  Body* b = Access::body(value);
  if (!target) {  // shared, not copied: whoever adds to it next makes its own
    retain_body(b);
    target = b;
    return;
  }
  make_own(target, target->dtype, target->shape);
  launch({updates(target), reads(value)},
         [dtype = target->dtype, n = target->size](Pointers p) { add_into(dtype, p[0], p[1], n); });
}

/// As add_scalar(), for a 0-d value that has a body.
Tensor positive_zero(const Tensor& g) {
  Output sum(g.dtype(), {});
  launch({writes(sum), reads(g)}, [dtype = g.dtype()](Pointers p) {
    const double zero = 0;  // of either dtype
    std::memcpy(p[0], &zero, static_cast<std::size_t>(item_size(dtype)));
    add_into(dtype, p[0], p[1], 1);
  });
  return sum.finish();
}

bool has_changed(const Saved& saved) noexcept {
  return Access::has_body(saved.value) && Access::body(saved.value)->version() != saved.version;
}

}  // namespace

Tensor unchanged(const Saved& saved, const char* op, Site site) {
  if (has_changed(saved))
    fail<GraphError>(
        op, site,
        "a value its derivative needs ({}) was changed in place after this line; clone() it before changing it",
        describe(saved.value));
  return saved.value;
}

void Sweep::clear(u32 id) noexcept {
  Node& node = tape.at(id);
  if (!node.is(Node::array)) {
    node.adjoint = unreached;
  } else if (node.adjoint_body) {
    detail::release(node.adjoint_body);
    node.adjoint_body = nullptr;
  }
}

Tensor Sweep::adjoint(u32 id) const {
  if (recording) return adjoints[id];
  const Node& node = tape.at(id);
  if (node.is(Node::array)) return node.adjoint_body ? Access::share(node.adjoint_body) : Tensor();
  return is_unreached(node.adjoint) ? Tensor() : scalar_tensor(node.dtype(), node.adjoint);
}

void Sweep::contribute(u32 id, const Tensor& value, const char* op) {
  Node& node = tape.at(id);
  const Shape& of_one = tape.shape_of(id);
  const Shape shape = rows && rows->taken ? rows->shape(of_one) : of_one;
  Shape joined;
  if (value.dtype() != node.dtype() || !broadcast(value.shape(), shape, joined) || joined != value.shape())
    throw GraphError(with_site(op,
                               fmt::format("its derivative is {} where the input is {} {}", describe(value),
                                           name_of(node.dtype()), to_string(shape)),
                               site));
  const Tensor fitted = value.shape() == shape ? value : sum_to(value, shape);
  if (rows) contribute_rows(id, fitted);
  else if (recording) adjoints[id] = adjoints[id].defined() ? accumulate(adjoints[id], fitted) : fitted;
  else if (node.is(Node::array)) add_into_body(node.adjoint_body, shape.rank() > 0 ? fitted : positive_zero(fitted));
  else add_scalar(node, fitted.item());
}

Elements Sweep::own_adjoint(u32 id) {
  Node& node = tape.at(id);
  if (recording || !node.is(Node::array) || tape.shape_of(id).rank() == 0 || !wants(id)) return {};
  if (rows) return own_row(id);
  const bool has_value = make_own(node.adjoint_body, node.dtype(), tape.shape_of(id));
  return has_value ? updates(node.adjoint_body) : writes(node.adjoint_body);
}

namespace {

bool has_changed(const Record& record) noexcept {
  return std::any_of(record.saved, record.saved + record.saved_count(), [](const Saved& s) { return has_changed(s); });
}

}  // namespace

Tensor Sweep::saved(const Node& node, int slot) const {
  return unchanged(node.record->saved[slot], node.op().name, node.site());
}

void Sweep::refuse_released(const Node& node) const {
  fail<GraphError>(
      "backward", site,
      "an earlier backward() released what {} had saved (recorded at {}:{}); call that one as backward({{}}, true)",
      node.op().name, node.site().file, node.site().line);
}

/// A sweep that gives up what it has used must not find on its way that it cannot go on. So what would stop it is
/// looked for before: seldom is there anything that could, and then only what a gradient will reach counts.
void Sweep::check_released(u32 from) {
  bool may_stop = std::exchange(tape.has_released, true);
  for (u32 id = tape.last_general; id != 0 && !may_stop; id = tape.at(id).inputs[0])
    may_stop = id <= from && has_changed(*tape.at(id).record);
  if (!may_stop) return;
  auto& reached = tape.reached;
  reached.assign(from + 1, 0);
  reached[from] = 1;
  for (u32 id = from; id > 0; --id) {
    const Node& node = tape.at(id);
    if (!reached[id] || node.is(Node::leaf) || !wants(id)) continue;
    if (node.is(Node::released)) refuse_released(node);
    const bool is_general = node.is(Node::general);
    if (is_general)
      for (int slot = 0; slot < node.record->saved_count(); ++slot) saved(node, slot);
    const u32* inputs = is_general ? node.record->inputs : node.inputs;
    const u32 n = is_general ? node.record->input_count : 2;
    for (u32 k = 0; k < n; ++k) reached[inputs[k]] = 1;
  }
}

void Sweep::finish_node(u32 id, Node& node) {
  if (deposit && node.is(Node::retained)) retained.emplace_back(tape.retained.at(id), adjoint(id).clone());
  if (!recording && !(prune && wanted[id] == requested)) clear(id);
  if (!release) return;
  if (node.is(Node::general)) tape.drop_saved(node);
  node.set(Node::released);
}

void DerivativeOperands::launch(const Op& op, int i, ElementwiseKernel kernel, const Shape& shape, Elements out,
                                bool add) const {
  const Shape* shapes[count];
  Elements what[count + 1] = {out};
  i64 items[count + 1] = {item_size(values[0].dtype())};
  for (int k = 0; k < count; ++k) {
    const bool read = k == 0 || (op.reads[i] & (k < 4 ? reads_in(k - 1) : reads_output));
    shapes[k] = read ? &values[k].shape() : nullptr;
    what[k + 1] = read ? reads(values[k]) : Elements();
    items[k + 1] = read ? item_size(values[k].dtype()) : 0;
  }
  detail::launch(what, count + 1, ElementwiseRun(kernel, broadcast_loop(shape, shapes, count), items, count + 1, add));
}

void Sweep::fetch(DerivativeOperands& operands, const Node& node, const Tensor& grad) const {
  const Record& record = *node.record;
  operands.values[0] = grad;
  for (int k = 0; k < node.op().elementwise->inputs; ++k)
    if (record.saved_mask & reads_in(k)) operands.values[k + 1] = saved(node, record.slot(reads_in(k)));
  if (record.saved_mask & reads_output) operands.values[4] = saved(node, record.slot(reads_output));
}

// Each derivative kernel adds straight into its input's adjoint where the shapes agree.
void Sweep::elementwise_node(u32 node_id, Node& node) {
  const Record& record = *node.record;
  const Op& op = node.op();
  const ElementwiseRule& rule = *op.elementwise;
  DerivativeOperands operands;
  fetch(operands, node, adjoint(node_id));

  int last = rule.inputs - 1;
  while (last > 0 && !wants(record.inputs[last])) --last;
  for (int i = 0; i <= last; ++i) {
    const u32 id = record.inputs[i];
    if (!wants(id)) continue;
    if (rule.passes_through >> i & 1) {
      contribute(id, operands.values[0], op.name);
      continue;
    }
    const ElementwiseKernel kernel = rule.kernels[arch_index()]->grad[i][node.dtype() == DType::float64];
    Node& target = tape.at(id);
    if (record.shape.rank() > 0 && tape.shape_of(id) == record.shape) {
      Body*& into = target.adjoint_body;
      Body* g = Access::body(operands.values[0]);
      // The last derivative may overwrite the upstream gradient that only this node and `operands` hold.
      const bool reuse =
          !into && i == last && !node.is(Node::retained) && !(prune && wanted[node_id] == requested) && g->is_sole(2);
      if (reuse) {
        retain_body(g);
        into = g;
      }
      const bool add = !reuse && make_own(into, node.dtype(), record.shape);
      operands.launch(op, i, kernel, record.shape, add || reuse ? updates(into) : writes(into), add);
    } else {
      Output out(node.dtype(), record.shape);
      operands.launch(op, i, kernel, record.shape, writes(out), false);
      contribute(id, out.finish(), op.name);
    }
  }
}

inline void Sweep::scalar_node(const Node& node) {
  const ElementwiseKernels& kernels = *node.op().elementwise->kernels[arch];
  const ScalarPair d = kernels.scalar_grad[node.dtype() == DType::float64](node.adjoint, node.saved);
  add_scalar(tape.at(node.inputs[0]), d.first);
  add_scalar(tape.at(node.inputs[1]), d.second);
}

void Sweep::slow_node(u32 id, Node& node) {
  if (node.is(Node::leaf)) {
    if (prune && wanted[id] != requested) clear(id);
    return;
  }
  if (node.is(Node::array) ? !node.adjoint_body : is_unreached(node.adjoint)) return;
  if (!wants(id)) return clear(id);
  if (node.is(Node::released)) refuse_released(node);
  if (!node.is(Node::general)) {
    scalar_node(node);
  } else if (node.op().elementwise) {
    elementwise_node(id, node);
  } else {
    const SiteScope forward(node.op().name, node.site());
    const Tensor grad = adjoint(id);
    Vjp d(*this, node, grad);
    node.op().vjp(d);
  }
  finish_node(id, node);
}

// Going down the ids visits consumers before producers. 0-d elementwise nodes are handled right here.
void Sweep::run_plain(u32 from) {
  for (u32 id = from; id > 0; --id) {
    Node& node = tape.at(id);
    __builtin_prefetch(&node - nodes_ahead, 1);
    if (node.flags() != 0) [[unlikely]] {
      slow_node(id, node);
      continue;
    }
    if (is_unreached(node.adjoint)) continue;
    const u8 mark = prune ? wanted[id] : u8{passing};
    if (mark != unwanted) scalar_node(node);
    if (mark == requested) continue;
    node.adjoint = unreached;
    if (release) node.set(Node::released);
  }
}

// The same walk with adjoints that have a history. A 0-d node's inputs come back as 0-d Tensors on the tape.
void Sweep::run_recording(u32 from) {
  for (u32 id = from; id > floor; --id) {
    Node& node = tape.at(id);
    if (node.is(Node::leaf) || !adjoints[id].defined() || !wants(id)) continue;
    if (node.is(Node::released)) refuse_released(node);
    const SiteScope forward(node.op().name, node.site());
    const Tensor grad = adjoints[id];
    if (node.is(Node::general) && !node.op().elementwise) {
      Vjp d(*this, node, grad);
      node.op().vjp(d);
    } else {
      recorded_rule(id, node, grad);
    }
    if (!(prune && wanted[id] == requested)) adjoints[id] = Tensor();
  }
}

void Sweep::recorded_rule(u32 id, Node& node, const Tensor& grad) {
  const Op& op = node.op();
  const ElementwiseRule& rule = *op.elementwise;
  Tensor in[3], out;
  const u32* inputs = node.inputs;
  if (node.is(Node::general)) {
    const Record& record = *node.record;
    inputs = record.inputs;
    for (int i = 0; i < rule.inputs; ++i)
      if (record.saved_mask & reads_in(i)) in[i] = saved(node, record.slot(reads_in(i)));
    if (record.saved_mask & reads_output) out = saved(node, record.slot(reads_output));
  } else {
    const Operands o = scalar_operands(node, *rule.kernels[arch]);
    const auto value = [&](double v, u32 of) {
      Tensor t = scalar_tensor(node.dtype(), v);
      if (of) Access::set_node(t, of, tape.serial);
      return t;
    };
    in[0] = value(o.a, inputs[0]);
    in[1] = value(o.b, inputs[1]);
    out = value(o.y, id);
  }
  for (int i = 0; i < rule.inputs; ++i)
    if (wants(inputs[i])) contribute(inputs[i], rule.grad[i](grad, in[0], in[1], in[2], out), op.name);
}

Sweep::~Sweep() {
  if (!done && !recording)
    for (u32 id = tape.count; id-- > 1;) clear(id);
  if (wanted.capacity() != 0) tape.wanted.swap(wanted);
}

void Sweep::run(u32 from) {
  if (release) check_released(from);
  if (recording) return run_recording(from);
  const auto leave = [&] { tape.sweeping = false, tape.rows = nullptr; };
  tape.sweeping = true;
  tape.rows = rows;
  try {
    rows ? run_rows(from) : run_plain(from);
  } catch (...) {
    leave();
    throw;
  }
  leave();
}

}  // namespace xgrad::detail
