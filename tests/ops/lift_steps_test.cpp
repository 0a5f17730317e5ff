// Steps of lift()'s chains that do several operations, against one step per operation.
#include <xgrad/ops/kernels/chain.hpp>

#include <cmath>
#include <vector>

#include "catch.hpp"

namespace xgrad::tests {
namespace {

using namespace detail;

/// How many operands, the place stored to not counted.
int operands_of(ChainOp op) {
  using enum ChainOp;
  if (op == load) return 1;
  if (op < add_square) return 0;
  return op < add_product ? 1 : op < first_if_greater ? 2 : 3;
}

template <class T> struct Steps {
  static constexpr std::int64_t n = 300;
  const ChainKernels& kernels = chain_tables[arch_index()][sizeof(T) == 8];
  std::vector<T> in[5];

  Steps() {
    for (std::size_t k = 0; k < 5; ++k)
      for (std::size_t i = 0; i < n; ++i)
        in[k].push_back(static_cast<T>(std::sin(static_cast<double>(k + 1) * (static_cast<double>(i) + 0.3))));
  }

  /// From in[4], by steps of which those of `sequences` have the operands in[0], in[1] ... in turn, some of them single
  /// numbers; what is stored in between comes behind the result.
  std::vector<T> run(const std::vector<std::size_t>& sequences, unsigned numbers) const {
    std::vector<T> out(2 * n);
    const auto operand = [](const T* p) { return ChainOperand{reinterpret_cast<const char*>(p), -1}; };
    std::vector<ChainStep> steps = {
        {kernels.function(static_cast<std::size_t>(ChainOp::load), 0), {operand(in[4].data())}}};
    unsigned next = 0;
    for (std::size_t number : sequences) {
      const ChainSequence s = chain_sequence(number);
      ChainStep step{};
      int count = 0;
      unsigned mask = 0;
      for (ChainOp op : {s.first, s.second, s.third}) {
        if (op == ChainOp::store) step.operand[count++] = operand(out.data() + n);
        for (int k = 0; k < operands_of(op); ++k, ++next) {
          mask |= (numbers >> next & 1) << count;
          step.operand[count++] = operand(in[next].data());
        }
      }
      step.function = kernels.function(number, mask);
      steps.push_back(step);
    }
    steps.push_back({kernels.function(static_cast<std::size_t>(ChainOp::store), 0), {operand(out.data())}});
    steps.push_back({kernels.function(static_cast<std::size_t>(ChainOp::end), 0), {}});
    kernels.run(steps.data(), static_cast<std::int64_t>(steps.size()), n);
    return out;
  }

  void check() const {
    for (std::size_t i = chain_ops; i < chain_sequences; ++i) {
      const ChainSequence s = chain_sequence(i);
      std::vector<std::size_t> one_by_one;
      int count = 0;
      for (ChainOp op : {s.first, s.second, s.third}) {
        if (op != ChainOp::end) one_by_one.push_back(static_cast<std::size_t>(op));
        count += operands_of(op);
      }
      for (unsigned numbers = 0; numbers < 1u << count; ++numbers) {
        INFO("sequence " << i - chain_ops << ", numbers " << numbers);
        CHECK(run({i}, numbers) == run(one_by_one, numbers));
      }
    }
  }
};

}  // namespace

TEST_CASE("lift: steps of several operations are those operations", "[lift]") {
  Steps<float>().check();
  Steps<double>().check();
}

}  // namespace xgrad::tests
