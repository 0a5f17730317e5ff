#pragma once
// The tape's memory: 48-byte nodes in chunks, in the order they were recorded, so that an input's id is always
// smaller than its consumer's and going down the ids is the backward sweep.
#include <bit>
#include <map>
#include <utility>
#include <vector>

#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/tape.hpp>

namespace xgrad::detail {

/// -0.0: adding to it gives what is added, and no contribution is ever -0.0 (see contribute), so it marks a 0-d
/// value that no gradient has reached, which is not the same as one whose gradient is zero.
inline constexpr double unreached = -0.0;
inline bool is_unreached(double g) noexcept { return std::bit_cast<u64>(g) == std::bit_cast<u64>(unreached); }

struct Saved {
  Tensor value;
  u32 version;
};
inline Saved save(const Tensor& t) { return {t, Access::has_body(t) ? Access::body(t)->version() : 0}; }
/// What was saved; GraphError if it has changed since.
Tensor unchanged(const Saved& saved, const char* op, Site site);

/// What a general node keeps beside it, in the tape's arena, followed by its saved values, input ids and attributes.
struct Record {
  Shape shape;  // of the output
  u32 input_count;
  Reads saved_mask;
  Saved* saved;
  u32* inputs;  // node ids; 0: a constant
  void* attributes;

  int slot(Reads which) const noexcept { return std::popcount(saved_mask & (which - 1)); }
  int saved_count() const noexcept { return std::popcount(saved_mask); }
};

struct Node {
  enum Flags : u32 {
    general = 1,   // has a Record; otherwise a 0-d elementwise node with its values inline
    leaf = 2,      // stands for a variable
    array = 4,     // not 0-d: the adjoint is a body
    retained = 8,  // retain_grad() asked for its gradient
    released = 16  // a backward() has given up what it saved
  };

  u64 site_word;  // file | line << 48
  u64 op_word;    // Op | flags << 48 | dtype << 56
  u32 inputs[2];  // of a general node: the general node before it, and nothing
  union {
    double saved[2];
    Record* record;
    Body* variable;
  };
  union {
    double adjoint;
    Body* adjoint_body;
  };

  static constexpr u64 low48 = (u64{1} << 48) - 1;
  static u64 pack(Site site) noexcept {
    const auto line = static_cast<u64>(site.line < 0xffff ? site.line : 0xffff);
    return (reinterpret_cast<u64>(site.file) & low48) | line << 48;
  }
  static u64 pack(const Op* op, u32 flags, DType dtype) noexcept {
    return reinterpret_cast<u64>(op) | u64{flags} << 48 | u64{static_cast<u8>(dtype)} << 56;
  }
  Site site() const noexcept {
    return {reinterpret_cast<const char*>(site_word & low48), static_cast<int>(site_word >> 48)};
  }
  const Op& op() const noexcept { return *reinterpret_cast<const Op*>(op_word & low48); }
  u32 flags() const noexcept { return static_cast<u32>(op_word >> 48) & 0xff; }
  bool is(Flags flag) const noexcept { return (op_word >> 48 & flag) != 0; }
  void set(Flags flag) noexcept { op_word |= u64{flag} << 48; }
  DType dtype() const noexcept { return static_cast<DType>(op_word >> 56); }
};
static_assert(sizeof(Node) == 48);
/// How far ahead of a walk along them nodes are fetched. The processor's own guess ends with each page: a long chain is
/// recorded in 11.6 ns a node instead of 15.8.
inline constexpr int nodes_ahead = 32;

struct ThreadState;
struct Rows;

}  // namespace xgrad::detail

namespace xgrad {

struct Tape::Impl {
  static constexpr detail::u32 chunk_bits = 14, chunk_nodes = 1u << chunk_bits;
  static constexpr std::size_t block_bytes = 64 * 1024;

  detail::Node* next = nullptr;  // where the next node goes
  detail::Node* end = nullptr;
  detail::u32 count = 0;  // nodes so far, the unused node 0 included
  detail::u32 serial = 0;
  detail::ThreadState* owner = nullptr;  // of the thread it was opened on
  detail::Scope scope{nullptr, this};
  detail::u32 last_general = 0;  // the last node that has a Record
  bool has_released = false;     // some node has been released
  bool apart = false;            // not in this thread's list of scopes
  bool sweeping = false;         // a plain sweep has its adjoints in the nodes
  bool keeps = true;             // false: nodes save no values, and only tell what depends on what
  bool finite_only = false;      // a FiniteCheck looks at every result
  detail::Rows* rows = nullptr;  // of the sweep that is under way, if it is one of rows
  bool captures = false;         // values of the tapes around this one count as inputs of it, see `captured`
  std::vector<detail::Node*> chunks;
  char* arena = nullptr;  // for records
  char* arena_end = nullptr;
  std::vector<std::pair<void*, detail::u16>> memory;  // of the chunks, of the arena, of records too big for that
  std::vector<detail::u32> leaves;                    // node ids
  std::vector<std::pair<detail::Body*, detail::u32>> leaf_table;   // open addressing, power of two
  std::map<detail::u32, detail::Body*> retained;                   // values under retain_grad(), owned
  std::map<detail::u64, std::pair<Tensor, detail::u32>> captured;  // serial << 32 | node: that value, its node here
  std::vector<detail::u8> wanted;                                  // memory for a sweep's
  std::vector<detail::u8> reached;                                 // and does a gradient reach it

  detail::Node& at(detail::u32 id) noexcept { return chunks[id >> chunk_bits][id & (chunk_nodes - 1)]; }
  /// After this the next push() cannot fail.
  void make_room() {
    if (next == end) [[unlikely]]
      grow();
  }
  detail::Node& push() {
    make_room();
    ++count;
    return *next++;
  }
  void grow();
  void* get(std::size_t bytes);
  void* allocate(std::size_t bytes);
  void open();
  void close() noexcept;
  void give_back() noexcept;

  /// The node of a value on this tape: 0 for a constant. GraphError if it belongs to another tape.
  detail::u32 id_of(const Tensor& t, const char* op, Site site) {
    if (detail::Access::tape(t) == serial) return detail::Access::node(t);
    if (detail::Access::tape(t) == 0) {
      if (!detail::Access::has_body(t)) return 0;
      if (const detail::Leaf* leaf = detail::Access::body(t)->leaf) {
        const detail::u64 last = leaf->node.load(std::memory_order_relaxed);
        if (last >> 32 == serial) return static_cast<detail::u32>(last);
      }
    }
    return id_of_slow(t, op, site);
  }
  detail::u32 id_of_slow(const Tensor& t, const char* op, Site site);
  detail::u32 leaf_id(detail::Body* variable);
  detail::u32 captured_id(const Tensor& t, Site site);
  /// Its entry in leaf_table, or the free one where it belongs.
  std::pair<detail::Body*, detail::u32>* leaf_slot(const detail::Body* variable) noexcept;
  const Shape& shape_of(detail::u32 id) noexcept;
  void drop_saved(detail::Node& node) noexcept;
  /// Records no more, and is no tape around others; its derivatives can still be asked for.
  void step_aside() noexcept;
};

}  // namespace xgrad

namespace xgrad::detail {

struct ThreadState {
  Scope* innermost = nullptr;
  Tape::Impl* recording = nullptr;  // its tape
};
extern constinit thread_local ThreadState thread_state;

/// Makes a scope this thread's innermost one.
inline void enter(Scope& scope) noexcept {
  ThreadState& state = thread_state;
  scope.outer = std::exchange(state.innermost, &scope);
  state.recording = scope.tape;
}
/// Takes it out again, from wherever it is; aborts if it is not this thread's.
void leave(Scope& scope) noexcept;

/// Appends a node for `out` that keeps what `reads` names.
void push_general(Tape::Impl& tape, const Op& op, Site site, const Tensor* const* in, const u32* ids, int count,
                  Reads reads, const void* attributes, std::size_t attributes_size, const Tensor& extra, Tensor& out);

/// What a FiniteCheck does with a result, and with the 0-d one of one or two numbers.
void refuse_not_finite(const char* op, Site site, const std::vector<const Tensor*>& in, const Tensor& out);
void refuse_not_finite(const char* op, Site site, double a, double b, double out);

/// Tensor::backward and Tape::backward.
void backward(Tape::Impl& tape, const Tensor& y, const Tensor& seed, bool retain_graph, Site site);

/// x as an input of a function: a value of its own on `tape`, which passes its gradient on to node `id` (0: to none).
Tensor fresh(Tape::Impl& tape, const Tensor& x, u32 id, Site site);

/// For each x the sum of seeds[k] dys[k]/dx, undefined where no path leads from a y to it. An undefined seed is 1.
struct Question {
  const char* caller;
  Site site;
  const Tensor* ys;
  const Tensor* seeds;
  std::size_t y_count;
  const Tensor* xs;
  Tensor* out;
  std::size_t x_count;
  bool create_graph = false;
  bool release = false;  // of one y only
  u32 floor = 0;         // under create_graph: the nodes up to this one pass nothing on
};
void answer(Tape::Impl& tape, const Question& question);
/// Puts a zero where there is no gradient; under create_graph, on the tape.
void fill_unreached(Tape::Impl& tape, const Question& question);

/// The tape of this thread with that serial number, or null.
Tape::Impl* find_tape(u32 serial) noexcept;
/// The innermost tape of this thread, recording or not, or null.
Tape::Impl* innermost_tape() noexcept;

}  // namespace xgrad::detail
