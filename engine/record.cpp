// Both sides of a general op: Call records it, Vjp shows its derivative what was kept.
#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/sweep.hpp>
#include <xgrad/engine/internal/trace.hpp>

#include <cmath>
#include <cstring>
#include <new>

namespace xgrad::detail {

void push_general(Tape::Impl& tape, const Op& op, Site site, const Tensor* const* in, const u32* ids, int count,
                  Reads reads, const void* attributes, std::size_t attributes_size, const Tensor& extra, Tensor& out) {
  tape.make_room();  // nothing fails once values are saved
  if (!tape.keeps) reads = reads_nothing;
  const auto inputs = static_cast<u32>(count);
  const auto saved = static_cast<std::size_t>(std::popcount(reads));
  const std::size_t ids_size = (inputs * sizeof(u32) + 7) & ~std::size_t{7};
  char* memory = static_cast<char*>(tape.allocate(sizeof(Record) + saved * sizeof(Saved) + ids_size + attributes_size));
  auto* record = new (memory) Record{out.shape(), inputs, reads, nullptr, nullptr, nullptr};
  memory += sizeof(Record);
  record->saved = reinterpret_cast<Saved*>(memory);
  memory += saved * sizeof(Saved);
  record->inputs = reinterpret_cast<u32*>(memory);
  std::memcpy(record->inputs, ids, inputs * sizeof(u32));
  memory += ids_size;
  record->attributes = memory;
  if (attributes_size) std::memcpy(memory, attributes, attributes_size);

  Access::set_node(out, tape.count, tape.serial);
  Saved* slot = record->saved;
  const auto keep = [&](const Tensor& t) { new (slot++) Saved(save(t)); };
  for (int i = 0; i < count && i < 30; ++i)
    if (reads & reads_in(i)) keep(*in[i]);
  if (reads & reads_extra) keep(extra);
  if (reads & reads_output) keep(out);

  Node& node = tape.push();
  const bool is_array = out.shape().rank() > 0 || current_trace;
  node.site_word = Node::pack(effective(site));
  node.op_word = Node::pack(&op, Node::general | (is_array ? u32{Node::array} : 0), out.dtype());
  node.inputs[0] = std::exchange(tape.last_general, tape.count - 1);
  node.inputs[1] = 0;
  node.record = record;
  if (is_array) node.adjoint_body = nullptr;
  else node.adjoint = unreached;
}

Call::Call(const Op& op, std::initializer_list<const Operand*> operands)
    : op_(&op), site_((*operands.begin())->site), count_(static_cast<int>(operands.size())) {
  DType dtype{};
  int i = 0;
  for (const Operand* operand : operands) {
    if (operand->tensor && !operand->tensor->defined()) fail<ValueError>("argument {} is an undefined tensor", i + 1);
    if (operand->tensor) check_traceable(*operand->tensor);
    if (dtype == DType{} && operand->tensor && is_floating(operand->tensor->dtype())) dtype = operand->tensor->dtype();
    ++i;
  }
  if (dtype == DType{}) dtype = DType::float32;
  i = 0;
  for (const Operand* operand : operands) {
    if (!operand->tensor)  // while something traces, of a body, as an operation may pass it on
      numbers_[i] = tracing() ? full({}, operand->number, dtype) : scalar_tensor(dtype, operand->number);
    pointers_[i] = operand->tensor ? operand->tensor : &numbers_[i];
    ++i;
  }
}

Call::Call(const Op& op, const Tensor* inputs, int count, Site site)
    : op_(&op), site_(site), count_(count), list_(inputs) {
  for (int i = 0; i < count; ++i) {
    if (!inputs[i].defined()) fail<ValueError>("argument {} is an undefined tensor", i + 1);
    check_traceable(inputs[i]);
  }
}

DType Call::floating(int first, int last) const {
  if (last < 0) last = count_;
  const DType dtype = in(first).dtype();
  for (int i = first; i < last; ++i) {
    if (!is_floating(in(i).dtype()))
      fail<DTypeError>("argument {} is {}, expected float32 or float64; convert with to(x, dtype)", i + 1,
                       describe(in(i)));
    if (in(i).dtype() == dtype) continue;
    std::string list;
    for (int k = first; k < last; ++k)
      list += fmt::format("{}argument {} is {}", k > first ? ", " : "", k + 1, describe(in(k)));
    fail<DTypeError>("dtypes differ: {}; convert one with to(x, dtype)", list);
  }
  return dtype;
}

Tensor Call::record(Tensor value, const void* attributes, std::size_t size, const Tensor& extra) {
  Access::set_node(value, 0, 0);
  if (tracing()) [[unlikely]]
    trace_result(value, op_->name);
  if (observed()) [[unlikely]] {
    std::vector<const Tensor*> inputs;
    for (int i = 0; i < count_; ++i) inputs.push_back(&in(i));
    tell(op_->name, site_, inputs.data(), count_, value);
  }
  Tape::Impl* tape = thread_state.recording;
  if (!tape || !is_floating(value.dtype())) return value;
  constexpr int few = 16;
  u32 small[few];
  std::vector<u32> many;
  u32* ids = small;
  if (count_ > few) {
    many.resize(static_cast<std::size_t>(count_));
    ids = many.data();
  }
  u32 any = 0;
  Reads reads = reads_nothing;
  for (int i = 0; i < count_; ++i) {
    any |= ids[i] = tape->id_of(in(i), op_->name, site_);
    if (ids[i]) reads |= op_->reads[i < 8 ? i : 7];
  }
  if (!any) return value;
  if (count_ < max_operands) reads &= reads_extra | reads_output | (reads_in(count_) - 1);  // optional ones left out
  if (!op_->vjp) fail<GraphError>("has no derivative; detach() its input");
  // A body of its own: what retain_grad() leaves in one must not be another value's.
  if (Access::has_body(value) && Access::body(value)->refs.load(std::memory_order_relaxed) != 1)
    value = view(value, value.shape());
  const Tensor* pointers[max_operands];
  for (int i = 0; i < count_ && i < max_operands; ++i) pointers[i] = &in(i);
  push_general(*tape, *op_, site_, pointers, ids, count_, reads, attributes, size, extra, value);
  if (tape->finite_only) [[unlikely]] {
    std::vector<const Tensor*> all;
    for (int i = 0; i < count_; ++i) all.push_back(&in(i));
    refuse_not_finite(op_->name, site_, all, value);
  }
  return value;
}

Vjp::Vjp(Sweep& sweep, Node& node, const Tensor& grad)
    : sweep_(&sweep), node_(&node), record_(node.record), grad_(grad) {}

Tensor Vjp::saved(Reads which) const {
  if (!(record_->saved_mask & which))
    throw GraphError(
        with_site(node_->op().name, "internal: its derivative reads a value it did not ask to keep", node_->site()));
  return sweep_->saved(*node_, record_->slot(which));
}

Tensor Vjp::in(int i) const { return saved(reads_in(i)); }
Tensor Vjp::out() const { return saved(reads_output); }
Tensor Vjp::extra() const { return saved(reads_extra); }
int Vjp::count() const noexcept { return static_cast<int>(record_->input_count); }
Shape Vjp::shape(int i) const {
  const u32 id = record_->inputs[i];
  return id ? sweep_->tape.shape_of(id) : in(i).shape();
}
bool Vjp::wanted(int i) const noexcept { return sweep_->wants(record_->inputs[i]); }
bool Vjp::recording() const noexcept { return sweep_->recording; }
Tape::Impl& Vjp::tape() const noexcept { return sweep_->tape; }
const char* Vjp::name() const noexcept { return node_->op().name; }
Site Vjp::site() const noexcept { return node_->site(); }
const void* Vjp::raw_attributes() const noexcept { return record_->attributes; }

void Vjp::add(int i, const Tensor& contribution) {
  if (wanted(i)) sweep_->contribute(record_->inputs[i], contribution, node_->op().name);
}

Elements Vjp::gradient(int i) { return sweep_->own_adjoint(record_->inputs[i]); }

}  // namespace xgrad::detail
