// lift(): what is recorded, and its derivative. A function is called on symbols and leaves a program
// (internal/lift_trace, lift_program), which runs block by block (lift_evaluate) and is differentiated by the text of
// the same rules (lift_derivative).
#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/ops/internal/lift_program.hpp>
#include <xgrad/ops/xgrad.hpp>

#include <array>
#include <utility>
#include <vector>

namespace xgrad::detail {

namespace {

/// The program's one result, operation by operation.
Tensor on_tensors(const Program& p, const std::vector<Tensor>& in, Site site) {
  std::vector<Tensor> values = in;
  values.resize(p.first_step() + p.steps.size());
  const auto operand = [&](u32 value) {
    const u32 number = value - static_cast<u32>(p.inputs);
    return value >= static_cast<u32>(p.inputs) && value < p.first_step()
               ? Operand(p.numbers[number], site.file, site.line)
               : Operand(values[value], site.file, site.line);
  };
  for (std::size_t k = 0; k < p.steps.size(); ++k) {
    const Program::Step& step = p.steps[k];
    const Row& row = row_of(step.code);
    Tensor& to = values[p.first_step() + k];
    if (row.inputs == 1) to = elementwise(row.op(), operand(step.in[0]));
    else if (row.inputs == 2) to = elementwise(row.op(), operand(step.in[0]), operand(step.in[1]));
    else to = elementwise(row.op(), operand(step.in[0]), operand(step.in[1]), operand(step.in[2]));
  }
  return values[p.results[0]];
}

void lift_vjp(Vjp& d);

void drop_program(void* attributes) noexcept {
  if (Program* p = std::exchange(*static_cast<Program**>(attributes), nullptr)) release(p);
}

constexpr int max_inputs = Call::max_operands;
/// By the inputs that derivatives read, a bit each.
constexpr auto lift_ops = [] {
  std::array<Op, 1u << max_inputs> ops{};
  for (u32 reads = 0; reads < ops.size(); ++reads) {
    ops[reads].name = "lift";
    ops[reads].vjp = lift_vjp;
    ops[reads].drop = drop_program;
    for (Reads& r : ops[reads].reads) r = reads;
  }
  return ops;
}();

const Op& op_for(Program& p) {
  if (!thread_state.recording) return lift_ops[0];
  // A derivative's own derivative may never be asked for: not made here, only to keep less.
  return lift_ops[p.is_derivative ? p.reads : p.derivative((1u << p.inputs) - 1).reads];
}

Tensor run(Program& p, Call& call) {
  const DType dtype = call.floating();
  const Tensor* in[max_inputs];
  for (int i = 0; i < call.count(); ++i) in[i] = &call.in(i);
  const Shape shape = broadcast(call.name(), call.site(), in, call.count(), nullptr);
  Output out(dtype, shape);
  void* to = out.get();
  evaluate(p, dtype, shape, in, &to);
  const Program* const attribute = &p;
  Tensor y = call.record(out.finish(), attribute);
  if (Access::tape(y) != 0) retain(&p);
  return y;
}

void lift_vjp(Vjp& d) {
  Program& p = *d.attributes<Program*>();
  u32 wanted = 0;
  for (int i = 0; i < p.inputs; ++i) wanted |= u32{d.wanted(i)} << i;
  const auto inputs_of = [&](const Derivative& derivative) {
    std::vector<Tensor> in;
    for (int i : derivative.from) in.push_back(i < p.inputs ? d.in(i) : d.grad());
    return in;
  };
  if (d.recording()) {
    // One node each.
    for (int i = 0; i < p.inputs; ++i) {
      if (!(wanted >> i & 1)) continue;
      const Derivative& derivative = p.derivative(1u << i);
      const int result = derivative.result[static_cast<std::size_t>(i)];
      if (result == Derivative::upstream) d.add(i, d.grad());
      if (result < 0) continue;
      const std::vector<Tensor> in = inputs_of(derivative);
      Program& its = *derivative.program;
      if (its.inputs > max_inputs) {
        d.add(i, on_tensors(its, in, d.site()));
      } else {
        Call call(op_for(its), in.data(), its.inputs, d.site());
        d.add(i, run(its, call));
      }
    }
    return;
  }
  const Derivative& derivative = p.derivative(wanted);
  std::vector<Tensor> out;
  if (derivative.program) {
    const std::vector<Tensor> in = inputs_of(derivative);
    std::vector<const Tensor*> pointers;
    for (const Tensor& t : in) pointers.push_back(&t);
    const Shape shape = d.grad().shape();
    const DType dtype = d.grad().dtype();
    std::vector<Output> outputs;
    std::vector<void*> to;
    outputs.reserve(derivative.program->results.size());
    for (std::size_t k = 0; k < derivative.program->results.size(); ++k) outputs.emplace_back(dtype, shape);
    for (Output& output : outputs) to.push_back(output.get());
    evaluate(*derivative.program, dtype, shape, pointers.data(), to.data());
    for (Output& output : outputs) out.push_back(output.finish());
  }
  for (int i = 0; i < p.inputs; ++i) {
    const int result = derivative.result[static_cast<std::size_t>(i)];
    if (result == Derivative::upstream) d.add(i, d.grad());
    else if (result >= 0) d.add(i, std::exchange(out[static_cast<std::size_t>(result)], Tensor()));
  }
}

}  // namespace

Tensor apply_lifted(Program& program, const Operand* const* operands, int count) {
  bool numbers = true;
  for (int i = 0; i < count; ++i) numbers = numbers && !operands[i]->tensor;
  if (numbers) fail<ValueError>("lift", operands[0]->site, "no argument is a tensor");
  const Op& op = op_for(program);
  const auto apply = [&](auto... i) {
    Call call(op, *operands[i]...);
    return run(program, call);
  };
  return count == 1 ? apply(0) : count == 2 ? apply(0, 1) : apply(0, 1, 2);
}

}  // namespace xgrad::detail
