#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/pool.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace xgrad {
namespace detail {

constinit thread_local ThreadState thread_state;

namespace {

std::atomic<u32> serials{0};

u32 next_serial() noexcept {
  u32 serial;
  do serial = serials.fetch_add(1, std::memory_order_relaxed) + 1;
  while (serial == 0);
  return serial;
}

// Tapes that ended leave their vectors behind for the next ones of this thread.
struct Spares {
  Scope* first = nullptr;

  Tape::Impl* take() {
    if (!first) return new Tape::Impl;
    return std::exchange(first, first->outer)->tape;
  }
  void put(Tape::Impl* tape) noexcept { tape->scope.outer = std::exchange(first, &tape->scope); }
  ~Spares() {
    while (first) delete take();
  }
};
thread_local Spares spares;

constexpr u32 first_leaf_slots = 64;

}  // namespace

Tape::Impl* find_tape(u32 serial) noexcept {
  for (const Scope* scope = thread_state.innermost; scope; scope = scope->outer)
    if (scope->tape && scope->tape->serial == serial) return scope->tape;
  return nullptr;
}

Tape::Impl* innermost_tape() noexcept {
  const Scope* scope = thread_state.innermost;
  while (scope && !scope->tape) scope = scope->outer;
  return scope ? scope->tape : nullptr;
}

void leave(Scope& scope) noexcept {
  ThreadState& state = thread_state;
  Scope** link = &state.innermost;  // usually this is it: they end innermost first, but on the heap they may not
  while (*link && *link != &scope) link = &(*link)->outer;
  if (!*link) {  // going on would corrupt that thread's list, which is not even looked at here
    std::fputs("xgrad: a NoGrad was destroyed on another thread than the one it was made on\n", stderr);
    std::abort();
  }
  *link = scope.outer;
  state.recording = state.innermost ? state.innermost->tape : nullptr;
}

}  // namespace detail

using detail::Body;
using detail::Node;
using detail::u16;
using detail::u32;
using detail::u64;

namespace {
constexpr std::size_t chunk_size = Tape::Impl::chunk_nodes * sizeof(Node);
// A long tape takes three huge pages at a time.
constexpr std::size_t long_tape = 8, chunks_together = 8;
static_assert(chunks_together * chunk_size == 3 * (std::size_t{2} << 20));
}  // namespace

/// Pooled memory for as long as the tape is open. Its place in the list comes first: there is nothing to lose yet.
void* Tape::Impl::get(std::size_t bytes) {
  auto& [block, size_class] = memory.emplace_back(nullptr, u16{0});
  try {
    return block = detail::pool_get(bytes, size_class);
  } catch (...) {
    memory.pop_back();
    throw;
  }
}

void Tape::Impl::grow() {
  if (count > ~u32{0} - chunk_nodes) throw GraphError("tape: it holds at most 2^32 nodes");
  const std::size_t used = count / chunk_nodes;
  if (used == chunks.size()) {
    const std::size_t together = used < long_tape ? 1 : chunks_together;
    auto* slab = static_cast<Node*>(get(together * chunk_size));
    for (std::size_t i = 0; i < together; ++i) chunks.push_back(slab + i * chunk_nodes);
  }
  next = chunks[used];
  end = next + chunk_nodes;
}

void* Tape::Impl::allocate(std::size_t bytes) {
  bytes = (bytes + 15) & ~std::size_t{15};
  if (static_cast<std::size_t>(arena_end - arena) < bytes) {
    if (bytes > block_bytes / 4) return get(bytes);
    arena = static_cast<char*>(get(block_bytes));
    arena_end = arena + block_bytes;
  }
  void* place = arena;
  arena += bytes;
  return place;
}

void Tape::Impl::open() {
  serial = detail::next_serial();
  owner = &detail::thread_state;
  next = end = nullptr;
  arena = arena_end = nullptr;
  count = 0;
  last_general = 0;
  has_released = false;
  apart = false;
  keeps = true;
  finite_only = false;
  captures = false;
  push() = Node{};  // id 0 means "constant"; what is added to its adjoint is never read
  detail::enter(scope);
}

void Tape::Impl::drop_saved(Node& node) noexcept {
  detail::Record& record = *node.record;
  for (int i = 0; i < record.saved_count(); ++i) record.saved[i].value = Tensor();
  if (node.op().drop) node.op().drop(record.attributes);
}

void Tape::Impl::step_aside() noexcept {
  detail::leave(scope);
  scope.outer = nullptr;
  apart = true;
}

void Tape::Impl::close() noexcept {
  if (&detail::thread_state != owner) {  // its chunks and lists are that thread's: going on would corrupt both
    std::fputs("xgrad: a Tape was destroyed on another thread than the one it was made on\n", stderr);
    std::abort();
  }
  if (!apart) detail::leave(scope);
  const auto release_adjoint = [](const Node& node) {
    if (node.is(Node::array) && node.adjoint_body) detail::release(node.adjoint_body);
  };
  for (u32 id = last_general; id != 0; id = at(id).inputs[0]) {
    drop_saved(at(id));
    release_adjoint(at(id));
  }
  for (; !leaves.empty(); leaves.pop_back()) {  // last in, first out: no entry is looked for behind one that is gone
    const Node& leaf = at(leaves.back());
    *leaf_slot(leaf.variable) = {};
    detail::release(leaf.variable);
    release_adjoint(leaf);
  }
  for (auto& [id, body] : retained) detail::release(body);
  retained.clear();
  give_back();
}

void Tape::Impl::give_back() noexcept {
  for (auto& [block, size_class] : memory) detail::pool_put(block, size_class);
  memory.clear();
  captured.clear();
  chunks.clear();
}

u32 Tape::Impl::leaf_id(Body* variable) {
  // The variable remembers the tape that met it last; when several tapes share it, each has its own table.
  const u64 cached = variable->leaf->node.load(std::memory_order_relaxed);
  if (cached >> 32 == serial) return static_cast<u32>(cached);
  if (leaf_table.size() < 2 * (leaves.size() + 1)) {
    leaf_table.assign(std::max<std::size_t>(detail::first_leaf_slots, 2 * leaf_table.size()), {});
    for (u32 id : leaves) *leaf_slot(at(id).variable) = {at(id).variable, id};
  }
  auto& [body, id] = *leaf_slot(variable);
  if (body) return id;
  make_room();
  leaves.push_back(count);  // from here on nothing fails
  id = count;
  body = variable;
  Node& node = push();
  const bool is_array = variable->shape.rank() > 0 || detail::current_trace;
  node.site_word = 0;
  node.op_word = Node::pack(nullptr, Node::leaf | (is_array ? u32{Node::array} : 0), variable->dtype);
  node.inputs[0] = node.inputs[1] = 0;
  detail::retain_body(variable);
  node.variable = variable;
  if (is_array) node.adjoint_body = nullptr;
  else node.adjoint = detail::unreached;
  variable->leaf->node.store(u64{serial} << 32 | id, std::memory_order_relaxed);
  return id;
}

std::pair<Body*, u32>* Tape::Impl::leaf_slot(const Body* variable) noexcept {
  std::size_t slot = reinterpret_cast<u64>(variable) >> 7;
  for (;; ++slot) {
    auto& entry = leaf_table[slot % leaf_table.size()];
    if (entry.first == variable || !entry.first) return &entry;
  }
}

u32 Tape::Impl::captured_id(const Tensor& t, Site site) {
  const u64 key = u64{detail::Access::tape(t)} << 32 | detail::Access::node(t);
  if (const auto known = captured.find(key); known != captured.end()) return known->second.second;
  const u32 id = detail::Access::node(detail::fresh(*this, t, 0, site));
  captured.emplace(key, std::pair(t, id));
  return id;
}

u32 Tape::Impl::id_of_slow(const Tensor& t, const char* op, Site site) {
  if (t.is_leaf()) return leaf_id(detail::Access::body(t));
  if (detail::Access::tape(t) == 0) return 0;
  if (const Impl* its = detail::find_tape(detail::Access::tape(t))) {
    if (captures)
      for (const detail::Scope* around = scope.outer; around; around = around->outer)
        if (around->tape == its) return captured_id(t, site);
    const detail::Scope* around = &its->scope;
    while (around && around != &scope) around = around->outer;
    detail::fail<GraphError>(op, site, "a value recorded on an {} tape meets the {} one; detach() it, or use one tape",
                             around ? "inner" : "outer", around ? "outer" : "inner");
  }
  detail::fail<GraphError>(op, site,
                           "a value recorded on a tape that is gone (or another thread's) meets this tape; detach() it "
                           "to use it as a constant");
}

const Shape& Tape::Impl::shape_of(u32 id) noexcept {
  static constexpr Shape none;
  const Node& node = at(id);
  if (node.is(Node::leaf)) return node.variable->shape;
  return node.is(Node::general) ? node.record->shape : none;
}

Tape::Tape() {
  impl_ = detail::spares.take();
  try {
    impl_->open();
  } catch (...) {
    impl_->give_back();
    detail::spares.put(impl_);
    throw;
  }
}

Tape::~Tape() {
  impl_->close();
  detail::spares.put(impl_);
}

std::size_t Tape::size() const noexcept { return impl_->count - 1; }

void Tape::backward(const Tensor& y, const Tensor& seed, bool retain_graph, Site site) {
  detail::backward(*impl_, y, seed, retain_graph, site);
}

std::vector<Tensor> Tape::gradient(const Tensor& y, const std::vector<Tensor>& xs, const GradientOptions& options,
                                   Site site) {
  std::vector<Tensor> out(xs.size());
  gradient(y, xs.data(), out.data(), xs.size(), options, site);
  return out;
}

Tensor Tape::gradient(const Tensor& y, const Tensor& x, const GradientOptions& options, Site site) {
  Tensor out;
  gradient(y, &x, &out, 1, options, site);
  return out;
}

NoGrad::NoGrad() noexcept : scope_{nullptr, nullptr} { detail::enter(scope_); }
NoGrad::~NoGrad() { detail::leave(scope_); }

}  // namespace xgrad
