// Derivatives of programs, by the rules' own text.
#include <xgrad/ops/internal/lift_program.hpp>
#include <xgrad/ops/internal/lift_trace.hpp>

namespace xgrad::detail {

/// The program's values, as terms of `trace`.
std::vector<Symbol> replay(const Program& p, const Symbol* in) {
  std::vector<Symbol> values(in, in + p.inputs);
  values.insert(values.end(), p.numbers.begin(), p.numbers.end());
  for (const Program::Step& step : p.steps) {
    const Symbol operands[] = {values[step.in[0]], values[step.in[1]], values[step.in[2]]};
    values.push_back(step.code == Code::Identity ? operands[0] : apply_rule(step.code, operands));
  }
  return values;
}

namespace {

/// Values and their derivatives by one input after another, forward, because inputs are few and what is not chosen
/// then does not count: the derivative of where(m, a, b) is where(m, da, db).
std::unique_ptr<Derivative> differentiate(const Program& p, u32 wanted) {
  Trace trace;
  std::vector<Symbol> in;
  for (int i = 0; i <= p.inputs; ++i) in.push_back(trace.input(i));
  const Symbol g = in.back();
  const std::vector<Symbol> values = replay(p, in.data());
  auto d = std::make_unique<Derivative>();
  std::vector<Symbol> results;
  for (int input = 0; input < p.inputs; ++input) {
    d->result.push_back(Derivative::none);
    if (!(wanted >> input & 1)) continue;
    std::vector<Symbol> tangents(values.size(), Symbol(0));
    tangents[static_cast<std::size_t>(input)] = 1;
    const auto is_zero = [&](u32 value) { return SymbolOf::is(tangents[value], 0); };
    for (std::size_t k = 0; k < p.steps.size(); ++k) {
      const Program::Step& step = p.steps[k];
      const Row& row = row_of(step.code);
      Symbol sum = 0;
      if (step.code == Code::Where) {
        if (!is_zero(step.in[1]) || !is_zero(step.in[2]))
          sum = where(SymbolOf::condition(values[step.in[0]]), tangents[step.in[1]], tangents[step.in[2]]);
      } else if (!row.is_mask) {
        for (int i = 0; i < row.inputs; ++i) {
          if (is_zero(step.in[i])) continue;
          const Symbol part = row.derivative[i](tangents[step.in[i]], values[step.in[0]], values[step.in[1]],
                                                values[step.in[2]], values[p.first_step() + k]);
          if (SymbolOf::is(sum, 0)) sum = part;
          else if (!SymbolOf::is(part, 0)) sum += part;
        }
      }
      tangents[p.first_step() + k] = sum;
    }
    const Symbol tangent = tangents[p.results[0]];
    if (SymbolOf::is(tangent, 0)) continue;
    if (SymbolOf::is(tangent, 1)) {
      d->result.back() = Derivative::upstream;
      continue;
    }
    d->result.back() = static_cast<int>(results.size());
    results.push_back(g * tangent);
  }
  if (!results.empty()) {
    d->program = make_program(trace, p.inputs + 1, results, &d->from);
    d->program->is_derivative = true;
    for (int i : d->from)
      if (i < p.inputs && i < 31) d->reads |= 1u << i;
  }
  return d;
}

}  // namespace

const Derivative& Program::derivative(u32 wanted) {
  const std::lock_guard lock(mutex);
  auto& d = derivatives[wanted];
  if (!d) d = differentiate(*this, wanted);
  return *d;
}

Symbol apply_lifted(const Program& program, const Symbol* in) { return replay(program, in)[program.results[0]]; }

}  // namespace xgrad::detail
