#pragma once
// What an operation is to the engine, and the two sides of writing one: Call (forward) and Vjp (backward).
#include <type_traits>

#include <xgrad/engine/elementwise.hpp>
#include <xgrad/engine/internal/body.hpp>
#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/kernels/kernel.hpp>
#include <xgrad/engine/tape.hpp>

namespace xgrad::detail {

class Vjp;

/// Which values a derivative reads: bit i is input i, then these.
using Reads = u32;
inline constexpr Reads reads_extra = 1u << 30, reads_output = 1u << 31, reads_nothing = 0;
constexpr Reads reads_in(int i) noexcept { return 1u << i; }

/// A rule's derivative for one input, read on Tensors.
using TensorRule = Tensor (*)(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& y);

/// The elementwise part of an Op.
struct ElementwiseRule {
  const ElementwiseKernels* kernels[3];  // per instruction set, see arch.hpp
  TensorRule grad[3];
  const char* names[3];  // of the inputs, for errors
  u8 inputs;
  u8 passes_through;  // bit i: the derivative for input i is g itself
  u8 has_grad;        // bit i: there is one
  u8 mask_inputs;     // bit i: input i is boolean
  bool is_mask;       // the value is boolean
  bool integers;      // also for int64
};

struct Op {
  const char* name;
  /// What the derivative for input i reads; only that is kept, and only where input i may want it.
  Reads reads[8] = {};
  /// The local derivative, written in operations (general ops).
  void (*vjp)(Vjp& d) = nullptr;
  /// Set for elementwise ops instead.
  const ElementwiseRule* elementwise = nullptr;
  /// For attributes that own something: gives it up, once or more often. Called when the node gives up what it saved.
  void (*drop)(void* attributes) noexcept = nullptr;
};

/// The `drop` of attributes that are a T*, made by new.
template <class T> void delete_attribute(void* attributes) noexcept {
  delete std::exchange(*static_cast<T**>(attributes), nullptr);
}

/// One application of a general op: resolves its operands, checks dtypes, records the result.
class Call {
 public:
  static constexpr int max_operands = 8;

  /// Numbers become 0-d tensors of the dtype the tensors have in common.
  template <class... Operands> explicit Call(const Op& op, const Operands&... operands) : Call(op, {&operands...}) {}
  Call(const Op& op, std::initializer_list<const Operand*> operands);
  /// Any number of tensors, for ops like concatenate.
  Call(const Op& op, const Tensor* inputs, int count, Site site);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const Tensor& in(int i) const noexcept { return list_ ? list_[i] : *pointers_[i]; }
  const Shape& shape(int i) const noexcept { return in(i).shape(); }
  int count() const noexcept { return count_; }
  Site site() const noexcept { return site_; }
  const char* name() const noexcept { return op_->name; }

  /// All floating inputs in [0, count) share one dtype, which is returned; DTypeError otherwise.
  DType floating(int first = 0, int last = -1) const;

  template <class E, class... Args>
  [[noreturn, gnu::cold, gnu::noinline]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    detail::fail<E>(op_->name, site_, text, static_cast<Args&&>(args)...);
  }

  /// Records `value` as this op's result if any input is tracked, with what the derivative needs.
  Tensor record(Tensor value) { return record(std::move(value), nullptr, 0, Tensor()); }
  template <class Attributes>
  Tensor record(Tensor value, const Attributes& attributes, const Tensor& extra = Tensor()) {
    static_assert(std::is_trivially_copyable_v<Attributes> && alignof(Attributes) <= 8);
    return record(std::move(value), &attributes, sizeof attributes, extra);
  }

 private:
  Tensor record(Tensor value, const void* attributes, std::size_t size, const Tensor& extra);

  const Op* op_;
  Site site_;
  int count_;
  const Tensor* pointers_[max_operands];
  Tensor numbers_[max_operands];
  const Tensor* list_ = nullptr;
};

struct Sweep;
struct Node;
struct Record;

/// What a local derivative sees. In the plain sweep its Tensors carry no history; under create_graph they do,
/// and everything written with them is recorded: the same text gives both.
class Vjp {
 public:
  Vjp(Sweep& sweep, Node& node, const Tensor& grad);

  /// The upstream gradient, of the output's shape.
  const Tensor& grad() const noexcept { return grad_; }
  /// A saved input, the output, the extra value: only what Op::reads names for a wanted input is there.
  Tensor in(int i) const;
  Tensor out() const;
  Tensor extra() const;
  /// Of input i: one whose gradient is wanted, or that was saved.
  Shape shape(int i) const;
  int count() const noexcept;
  bool wanted(int i) const noexcept;
  /// Whether the derivative is itself being recorded; fused shortcuts are for when it is not.
  bool recording() const noexcept;
  /// The tape under differentiation, and the op and the line that recorded this node.
  Tape::Impl& tape() const noexcept;
  const char* name() const noexcept;
  Site site() const noexcept;
  template <class Attributes> const Attributes& attributes() const noexcept {
    return *static_cast<const Attributes*>(raw_attributes());
  }
  /// Adds a contribution for input i: of its shape, or of one broadcast from it, which is summed back here.
  void add(int i, const Tensor& contribution);
  /// Where the gradient of input i is, for a derivative that adds to part of it, or computes straight into it; null
  /// where it is recorded, 0-d or not wanted. It is to be updated, or, if it has no value yet, written; all of it has
  /// to be before the next is asked for, which may be the same one.
  Elements gradient(int i);

 private:
  const void* raw_attributes() const noexcept;
  Tensor saved(Reads which) const;

  Sweep* sweep_;
  Node* node_;
  Record* record_;
  const Tensor& grad_;
};

/// Sums a broadcast tensor back to `shape`; expands one to `shape`; adds two of the same shape. Recorded like any op:
/// the engine's own, because every sweep needs them.
Tensor sum_to(const Operand& x, const Shape& shape);
Tensor expand(const Operand& x, const Shape& shape);
Tensor accumulate(const Operand& a, const Operand& b);

}  // namespace xgrad::detail
