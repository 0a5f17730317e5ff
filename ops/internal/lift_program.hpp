#pragma once
// What lift() makes of a function: a list of rules to compute, and how.
#include <xgrad/ops/internal/lift_rules.hpp>
#include <xgrad/ops/kernels/chain.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace xgrad::detail {

struct Derivative;

/// Values are numbered: inputs, numbers, steps. Does not change once made, but for its derivatives, made on demand.
struct Program {
  struct Step {
    Code code;
    u32 in[3];
  };
  /// Of a chain: a sequence's number; the operands are values.
  struct Instruction {
    u8 sequence;
    u8 operands;
    bool stores;  // into the last operand
    u32 in[4];
  };
  /// What is computed in one go over a block: a step by its rule's kernel, or a chain of arithmetic, group by group.
  struct Run {
    u32 step;        // of a kernel
    u32 begin, end;  // instructions of a chain, the last one `end`; none for a kernel
    bool is_chain() const noexcept { return begin != end; }
  };
  /// Where the value of a step is: nowhere but in registers, in memory for one group, for one block, or a result.
  enum class Storage : u8 { registers, group, block, result };
  struct Home {
    Storage storage = Storage::registers;
    u32 index = 0;
  };

  std::atomic<u32> references{1};
  int inputs = 0;
  u32 reads = 0;  // the inputs it reads, a bit each
  std::vector<double> numbers;
  std::vector<float> numbers32;
  std::vector<Step> steps;
  std::vector<u32> results;  // each a step of its own
  bool is_derivative = false;

  std::vector<Run> runs;
  std::vector<Instruction> instructions;
  std::vector<Home> homes;  // of the steps
  u32 groups = 0, blocks = 0;

  std::mutex mutex;
  std::map<u32, std::unique_ptr<Derivative>> derivatives;  // by the inputs asked for, a bit each

  u32 first_step() const noexcept { return static_cast<u32>(inputs) + static_cast<u32>(numbers.size()); }
  std::size_t values() const noexcept { return first_step() + steps.size(); }
  const Derivative& derivative(u32 wanted);
};

/// Derivatives of a program of n inputs: a program of some of its inputs and the upstream gradient.
struct Derivative {
  static constexpr int none = -1, upstream = -2;
  Program* program = nullptr;  // null where there is nothing to compute
  std::vector<int> from;       // its inputs: numbers of inputs of the first program; n is the upstream gradient
  std::vector<int> result;     // for each input of the first program: which result, none, or the upstream gradient
  u32 reads = 0;               // as Program::reads, of the first program's inputs

  Derivative() = default;
  Derivative(const Derivative&) = delete;
  Derivative& operator=(const Derivative&) = delete;
  ~Derivative() {
    if (program) release(program);
  }
};

/// What computes `results`; inputs not needed are left out where `from` is given, which then tells those that are not.
Program* make_program(Trace& trace, int inputs, const std::vector<Symbol>& results, std::vector<int>* from);
/// Sets the runs, and where values are.
void schedule(Program& p);

/// All results of the program on elements of `shape`, to which the inputs broadcast.
void evaluate(const Program& p, DType dtype, const Shape& shape, const Tensor* const* in, void* const* out);

}  // namespace xgrad::detail
