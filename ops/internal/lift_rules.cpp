#include <xgrad/engine/kernels/arch.hpp>
#include <xgrad/engine/kernels/probe.hpp>
#include <xgrad/ops/internal/lift_rules.hpp>
#include <xgrad/ops/xgrad.hpp>

namespace xgrad::detail {

namespace {

template <class Rule, int input> constexpr DerivativeOnSymbols derivative_on_symbols() {
  if constexpr (input >= input_count<Rule> || takes_mask<Rule>) {
    return nullptr;
  } else if constexpr (has_derivative<Rule, input>) {
    return [](Symbol g, Symbol a, Symbol b, Symbol c, Symbol y) -> Symbol {
      return derivative_of<Rule, input>(g, a, b, c, y);
    };
  } else {
    return nullptr;
  }
}

template <class Rule> constexpr Row make_row() {
  return {op_of<Rule>,
          input_count<Rule>,
          takes_mask<Rule>,
          !takes_floats<Rule>,
          ValueProbe<Rule>::is_mask,
          {derivative_on_symbols<Rule, 0>(), derivative_on_symbols<Rule, 1>(), derivative_on_symbols<Rule, 2>()}};
}

constexpr Row rows[] = {
#define XGRAD_ROW(Rule) make_row<rules::Rule>(),
    XGRAD_RULES(XGRAD_ROW)
#undef XGRAD_ROW
};

}  // namespace

const Row& row_of(Code code) noexcept { return rows[static_cast<int>(code)]; }

ElementwiseKernel kernel_of(Code code, DType dtype) {
  const Row& row = row_of(code);
  return row.op().elementwise->kernels[arch_index()]->value[row.booleans ? 3 : dtype == DType::float64];
}

double fold(Code code, const double* numbers) {
  const Row& row = row_of(code);
  Loop loop;
  loop.axes = 1;
  loop.extent[0] = 1;
  for (auto& stride : loop.stride) stride[0] = 0;
  u8 masks[3];
  const void* in[3];
  for (int i = 0; i < row.inputs; ++i) {
    masks[i] = numbers[i] != 0;
    const bool is_mask = row.booleans || (row.masked && i == 0);
    in[i] = is_mask ? static_cast<const void*>(&masks[i]) : &numbers[i];
  }
  double value = 0;
  u8 mask = 0;
  kernel_of(code, DType::float64)(loop, row.is_mask ? static_cast<void*>(&mask) : &value, in, false);
  return row.is_mask ? mask : value;
}

}  // namespace xgrad::detail
