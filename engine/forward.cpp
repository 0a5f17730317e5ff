// Elementwise operations, forward: 0-d values go straight through a scalar function into a node, everything else
// through a loop nest.
#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/kernels/arch.hpp>

#include <cmath>

namespace xgrad::detail {
namespace {

/// An operand of the 0-d path.
struct Scalar {
  double value;
  u32 id = 0;
  DType dtype{};  // none: a number
};

double read_float(const void* data, DType dtype) noexcept {
  if (dtype == DType::float64) return *static_cast<const double*>(data);
  return static_cast<double>(*static_cast<const float*>(data));
}

/// True for a number or a 0-d floating tensor.
inline bool read_scalar(Tape::Impl* tape, const char* op, const Operand& operand, Scalar& out) {
  if (!operand.tensor) {
    out.value = operand.number;
    return true;
  }
  const Tensor& t = *operand.tensor;
  if (Access::has_body(t)) {
    const Body* b = Access::body(t);
    if (b->shape.rank() != 0 || !is_floating(b->dtype) || tracing()) return false;
    out.dtype = b->dtype;
    out.value = read_float(b->data, b->dtype);
  } else {
    out.dtype = static_cast<DType>(Access::word(t));
    if (!is_floating(out.dtype)) return false;
    out.value = read_float(Access::inline_value(t), out.dtype);
  }
  if (tape) out.id = tape->id_of(t, op, operand.site);
  return true;
}

Tensor from_double(DType dtype, double value) noexcept {
  return Access::scalar(
      dtype, dtype == DType::float64 ? std::bit_cast<u64>(value) : u64{std::bit_cast<u32>(static_cast<float>(value))});
}

[[noreturn, gnu::cold]] void dtypes_differ(const Op& op, const Operand* const* operands, int count) {
  std::string list;
  for (int i = 0; i < count; ++i)
    if (operands[i]->tensor)
      list +=
          fmt::format("{}{} is {}", list.empty() ? "" : ", ", op.elementwise->names[i], describe(*operands[i]->tensor));
  fail<DTypeError>(op.name, operands[0]->site, "dtypes differ: {}; convert one with to(x, dtype)", list);
}

[[noreturn, gnu::cold]] void not_taken(const Op& op, Site site, DType dtype) {
  fail<DTypeError>(op.name, site, "does not take {}; convert with to(x, dtype)", name_of(dtype));
}

void check_differentiable(const Op& op, int input, u32 id, Site site) {
  if (id && !(op.elementwise->has_grad >> input & 1))
    fail<GraphError>(op.name, site, "no derivative with respect to {}; detach() it", op.elementwise->names[input]);
}

/// The value of a rule for one or two 0-d operands, and its node where one of them is on the tape.
inline Tensor scalar(const Op& op, Tape::Impl* tape, const Operand& x, const Scalar& a, const Operand* second,
                     const Scalar& b) {
  const ElementwiseRule& rule = *op.elementwise;
  DType dtype = a.dtype;
  if (dtype == DType{}) {
    dtype = b.dtype == DType{} ? DType::float32 : b.dtype;
  } else if (b.dtype != DType{} && b.dtype != dtype) {
    const Operand* both[] = {&x, second};
    dtypes_differ(op, both, 2);
  }
  const auto kernel = rule.kernels[arch_index()]->scalar_value[dtype == DType::float64];
  if (!(a.id | b.id) || rule.is_mask) {
    if (!kernel) [[unlikely]]
      not_taken(op, x.site, dtype);
    double unused[2];
    const double value = kernel(a.value, b.value, unused);
    return rule.is_mask ? scalar_tensor(DType::boolean, value) : from_double(dtype, value);
  }
  if (rule.has_grad != (1u << rule.inputs) - 1) [[unlikely]] {
    check_differentiable(op, 0, a.id, x.site);
    check_differentiable(op, 1, b.id, x.site);
  }
  const u32 id = tape->count, serial = tape->serial;
  Node& node = tape->push();
  __builtin_prefetch(&node + nodes_ahead, 1);
  node.site_word = Node::pack(effective(x.site));
  node.op_word = Node::pack(&op, 0, dtype);
  node.inputs[0] = a.id;
  node.inputs[1] = b.id;
  node.adjoint = unreached;
  const double value = kernel(a.value, b.value, node.saved);
  if (tape->finite_only) [[unlikely]]
    refuse_not_finite(op.name, x.site, a.value, b.value, value);
  Tensor result = from_double(dtype, value);
  Access::set_node(result, id, serial);
  return result;
}

/// The operands of the array path: numbers become 0-d tensors, dtypes are checked.
struct Arguments {
  const Tensor* in[3];
  Tensor numbers[3];
  DType dtype{};  // of the inputs that are not masks
  ElementwiseKernel kernel;

  Arguments(const Op& op, const Operand* const* operands, int count) {
    const ElementwiseRule& rule = *op.elementwise;
    for (int i = 0; i < count; ++i) {
      const Tensor* t = operands[i]->tensor;
      if (!t) continue;
      check_traceable(*t);
      if (!t->defined()) fail<ValueError>(op.name, operands[i]->site, "{} is an undefined tensor", rule.names[i]);
      if (rule.mask_inputs >> i & 1) {
        if (t->dtype() != DType::boolean)
          fail<DTypeError>(op.name, operands[i]->site, "{} is {}, expected boolean", rule.names[i], describe(*t));
        continue;
      }
      if (dtype == DType{}) dtype = t->dtype();
      if (t->dtype() != dtype) dtypes_differ(op, operands, count);
    }
    if (dtype == DType{}) dtype = DType::float32;
    kernel = rule.kernels[arch_index()]->value[static_cast<int>(dtype) - 1];
    if (!kernel) not_taken(op, operands[0]->site, dtype);
    for (int i = 0; i < count; ++i) {
      in[i] = operands[i]->tensor;
      if (in[i]) continue;
      const double value = operands[i]->number;
      const DType wanted = rule.mask_inputs >> i & 1 ? DType::boolean : dtype;
      const bool fits =
          wanted == DType::int64 ? fits_int64(value) : wanted != DType::boolean || value == 0 || value == 1;
      if (!fits && wanted == DType::int64 && std::abs(value) < 0x1p63 && value == std::trunc(value))
        fail<DTypeError>(op.name, operands[i]->site,
                         "{} is {:.17g}: from 2^53 on a double does not hold each int64; write it as a tensor",
                         rule.names[i], value);
      if (!fits)
        fail<DTypeError>(op.name, operands[i]->site, "{} is {}, which {} cannot hold; convert with to(x, dtype)",
                         rule.names[i], value, name_of(wanted));
      numbers[i] = scalar_tensor(wanted, value);
      in[i] = &numbers[i];
    }
  }
};

void record_general(Tape::Impl& tape, const Op& op, Site site, const Tensor* const* in, const u32* ids, int count,
                    Tensor& out) {
  Reads reads = reads_nothing;
  for (int i = 0; i < count; ++i) {
    check_differentiable(op, i, ids[i], site);
    if (ids[i]) reads |= op.reads[i];
  }
  push_general(tape, op, site, in, ids, count, reads, nullptr, 0, Tensor(), out);
}

Tensor elementwise_array(const Op& op, const Operand* const* operands, int count) {
  const ElementwiseRule& rule = *op.elementwise;
  const Arguments arguments(op, operands, count);
  const Shape shape = broadcast(op.name, operands[0]->site, arguments.in, count, rule.names);
  const DType out_dtype = rule.is_mask ? DType::boolean : arguments.dtype;
  Output out(out_dtype, shape);
  const Shape* shapes[3];
  Elements what[4] = {writes(out)};
  i64 items[4] = {item_size(out_dtype)};
  for (int i = 0; i < count; ++i) {
    shapes[i] = &arguments.in[i]->shape();
    what[i + 1] = reads(*arguments.in[i]);
    items[i + 1] = item_size(arguments.in[i]->dtype());
  }
  const auto n = static_cast<std::size_t>(count + 1);
  launch(what, n, ElementwiseRun(arguments.kernel, broadcast_loop(shape, shapes, count), items, count + 1, false));
  Tensor result = out.finish();
  if (observed()) [[unlikely]]
    tell(op.name, operands[0]->site, arguments.in, count, result);
  Tape::Impl* tape = thread_state.recording;
  if (!tape || rule.is_mask || !is_floating(out_dtype)) return result;
  u32 ids[3], any = 0;
  for (int i = 0; i < count; ++i) any |= ids[i] = tape->id_of(*arguments.in[i], op.name, operands[i]->site);
  if (!any) return result;
  record_general(*tape, op, operands[0]->site, arguments.in, ids, count, result);
  if (tape->finite_only) [[unlikely]]
    refuse_not_finite(op.name, operands[0]->site, {arguments.in, arguments.in + count}, result);
  return result;
}

}  // namespace

Tensor elementwise(const Op& op, const Operand& x) {
  Tape::Impl* tape = thread_state.recording;
  Scalar a;
  if (read_scalar(tape, op.name, x, a)) return scalar(op, tape, x, a, nullptr, {0});
  const Operand* operands[] = {&x};
  return elementwise_array(op, operands, 1);
}

Tensor elementwise(const Op& op, const Operand& x, const Operand& y) {
  Tape::Impl* tape = thread_state.recording;
  Scalar a, b;
  if (read_scalar(tape, op.name, x, a) && read_scalar(tape, op.name, y, b)) return scalar(op, tape, x, a, &y, b);
  const Operand* operands[] = {&x, &y};
  return elementwise_array(op, operands, 2);
}

Tensor elementwise(const Op& op, const Operand& a, const Operand& b, const Operand& c) {
  const Operand* operands[] = {&a, &b, &c};
  return elementwise_array(op, operands, 3);
}

}  // namespace xgrad::detail
