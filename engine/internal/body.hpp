#pragma once
// What a Tensor handle points to, and the engine's way into a handle.
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

#include <xgrad/engine/tensor.hpp>

namespace xgrad::detail {

using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

/// What only variables, and values under retain_grad(), have.
struct Leaf {
  Tensor grad;
  std::atomic<u64> node{0};  // tape serial << 32 | node, of the tape that met this leaf last
  bool is_variable = false;
};

/// One pooled block: this header, then the elements (unless they are another body's).
struct alignas(64) Body {
  std::atomic<u32> refs;
  u32 version_;  // counts changes in place; use version()
  DType dtype;
  u16 size_class;
  void* data;
  Body* owner;  // the body whose elements these are, or null
  Leaf* leaf;
  i64 size;
  Shape shape;

  u32& version() noexcept { return owner ? owner->version_ : version_; }
  /// Whether nothing but `known` references sees these elements.
  bool is_sole(u32 known = 1) const noexcept {
    return refs.load(std::memory_order_acquire) == known &&
           (!owner || owner->refs.load(std::memory_order_acquire) == 1);
  }
  bool is_variable() const noexcept { return leaf && leaf->is_variable; }
  std::size_t bytes() const noexcept { return static_cast<std::size_t>(size * item_size(dtype)); }
};
static_assert(sizeof(Body) == 128);

inline void retain_body(Body* b) noexcept { b->refs.fetch_add(1, std::memory_order_relaxed); }

struct Access {
  static bool has_body(const Tensor& t) noexcept { return t.has_body(); }
  static Body* body(const Tensor& t) noexcept { return t.body(); }
  static std::uintptr_t word(const Tensor& t) noexcept { return t.word_; }
  static u64 bits(const Tensor& t) noexcept { return std::bit_cast<u64>(t.bits_); }
  static const void* inline_value(const Tensor& t) noexcept { return &t.bits_; }
  static u32 node(const Tensor& t) noexcept { return t.node_; }
  static u32 tape(const Tensor& t) noexcept { return t.tape_; }
  static void set_node(Tensor& t, u32 node, u32 tape) noexcept {
    t.node_ = node;
    t.tape_ = tape;
  }
  /// Takes over one reference to `b`.
  static Tensor adopt(Body* b) noexcept {
    Tensor t;
    t.word_ = reinterpret_cast<std::uintptr_t>(b);
    return t;
  }
  static Tensor share(Body* b) noexcept {
    retain_body(b);
    return adopt(b);
  }
  /// Gives up the handle's reference.
  static Body* take(Tensor& t) noexcept { return reinterpret_cast<Body*>(std::exchange(t.word_, 0)); }
  /// A 0-d value whose bytes are the first of `bits`.
  static Tensor scalar(DType dtype, u64 bits) noexcept {
    Tensor t;
    t.word_ = static_cast<std::uintptr_t>(dtype);
    t.bits_ = std::bit_cast<Bits>(bits);
    return t;
  }
};

/// A body with room for its elements (not set), refs 1.
Body* new_body(DType dtype, const Shape& shape);
/// A body over all of `owner`'s elements in another shape of the same size.
Tensor view(const Tensor& of, const Shape& shape);
/// GraphError for a value that was recorded on a tape: changing it in place would make its derivative wrong.
void check_writable(const Tensor& t, const char* op, Site site);
/// A tensor with elements not set; 0-d ones live in the handle and must be made by scalar_tensor instead.
inline Tensor new_array(DType dtype, const Shape& shape) { return Access::adopt(new_body(dtype, shape)); }

static_assert(std::endian::native == std::endian::little, "an inline value's bytes come first");

/// Whether a number that came as a double is the int64 that was meant: from 2^53 on, it may have been rounded.
inline bool fits_int64(double value) noexcept { return std::abs(value) < 0x1p53 && value == std::trunc(value); }

/// A 0-d tensor holding `value` converted to dtype.
inline Tensor scalar_tensor(DType dtype, double value) noexcept {
  u64 bits = 0;
  switch (dtype) {
    case DType::float32: bits = std::bit_cast<u32>(static_cast<float>(value)); break;
    case DType::float64: bits = std::bit_cast<u64>(value); break;
    case DType::int64: bits = static_cast<u64>(static_cast<i64>(value)); break;
    case DType::boolean: bits = value != 0; break;
  }
  return Access::scalar(dtype, bits);
}

/// The elements of a tensor, in the body or in the handle itself.
inline const void* elements(const Tensor& t) noexcept {
  return Access::has_body(t) ? Access::body(t)->data : Access::inline_value(t);
}

/// The elements that a launch writes or reads.
struct Elements {
  enum How : u8 { reads = 1, writes = 2, updates = 3 };
  void* data = nullptr;  // null: none
  Body* body = nullptr;  // null: a number, in a handle
  How access = reads;
};

class Tracer;
/// What records this thread's launches for compile(), or null. While it is there, 0-d values that are computed have a
/// body too, so that each has an identity.
extern constinit thread_local Tracer* current_trace;

/// Output memory of a dtype and shape: a new array, or for 0-d eight bytes that become an inline value.
class Output {
 public:
  Output(DType dtype, const Shape& shape) : dtype_(dtype) {
    if (shape.rank() > 0 || current_trace) array_ = new_array(dtype, shape);
  }
  void* get() noexcept { return array_.defined() ? Access::body(array_)->data : &bits_; }
  Body* body() noexcept { return array_.defined() ? Access::body(array_) : nullptr; }
  Tensor finish() noexcept {
    return array_.defined() ? std::move(array_) : Access::scalar(dtype_, std::bit_cast<u64>(bits_));
  }

 private:
  DType dtype_;
  Tensor array_;
  Bits bits_;
};

}  // namespace xgrad::detail
