#pragma once
// Turns a rule's text into an Op: the kernels are found by name, what each derivative reads is seen from its types, and
// the derivative on Tensors is the same text again.
#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/kernels/arch.hpp>
#include <xgrad/engine/kernels/probe.hpp>

namespace xgrad::detail {

/// Probe bits (g, a, b, c, y) as Reads (inputs 0..2, output).
constexpr Reads reads_of(unsigned probe_bits) noexcept {
  return (probe_bits >> 1 & 7) | (probe_bits & probe_y ? reads_output : 0);
}

template <class Rule, int input>
Tensor rule_on_tensors(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& y) {
  return derivative_of<Rule, input>(g, a, b, c, y);
}

template <class Rule> constexpr ElementwiseRule make_rule() noexcept {
  ElementwiseRule rule{};
  for (std::size_t i = 0; i < std::size(elementwise_tables<Rule>); ++i) rule.kernels[i] = elementwise_tables<Rule>[i];
  rule.inputs = static_cast<u8>(input_count<Rule>);
  rule.mask_inputs = takes_mask<Rule> ? 1 : 0;
  rule.is_mask = ValueProbe<Rule>::is_mask;
  if constexpr (requires { Rule::inputs; }) {
    for (int i = 0; i < rule.inputs; ++i) rule.names[i] = Rule::inputs[i];
  } else {
    constexpr const char* binary[] = {"a", "b", "c"};
    for (int i = 0; i < rule.inputs; ++i) rule.names[i] = rule.inputs == 1 ? "x" : binary[i];
  }
  const auto derivative = [&]<int input>(std::integral_constant<int, input>) {
    if constexpr (input < input_count<Rule> && has_derivative<Rule, input>) {
      rule.has_grad = static_cast<u8>(rule.has_grad | 1 << input);
      rule.grad[input] = rule_on_tensors<Rule, input>;
      if (passes_through<Rule, input>) rule.passes_through = static_cast<u8>(rule.passes_through | 1 << input);
    }
  };
  derivative(std::integral_constant<int, 0>{});
  derivative(std::integral_constant<int, 1>{});
  derivative(std::integral_constant<int, 2>{});
  return rule;
}

template <class Rule, int input> constexpr Reads rule_reads() noexcept {
  if constexpr (input < input_count<Rule> && has_derivative<Rule, input>)
    return reads_of(DerivativeProbe<Rule, input>::reads);
  else return reads_nothing;
}

template <class Rule> inline constexpr ElementwiseRule rule_of = make_rule<Rule>();

template <class Rule> constexpr Op make_elementwise_op() noexcept {
  return Op{.name = Rule::name,
            .reads = {rule_reads<Rule, 0>(), rule_reads<Rule, 1>(), rule_reads<Rule, 2>()},
            .elementwise = &rule_of<Rule>};
}

}  // namespace xgrad::detail
