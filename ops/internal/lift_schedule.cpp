// How the steps of a program are computed. Arithmetic is cheaper than the loads and stores of a kernel of its own, so
// as much of it as can be is one chain, whose values stay in registers; a rule that calls functions has its kernel.
#include <xgrad/ops/internal/lift_program.hpp>

#include <algorithm>

namespace xgrad::detail {

namespace {

/// The rule as an operation of a chain whose registers hold its input `held`; `end` for what is none.
constexpr ChainOp chain_op(Code code, int held) {
  using enum ChainOp;
  // clang-format off
  switch (code) {
    case Code::Identity: return load;
    case Code::Neg: return neg;
    case Code::Abs: return abs;
    case Code::Square: return square;
    case Code::Sqrt: return sqrt;
    case Code::Rsqrt: return rsqrt;
    case Code::Reciprocal: return reciprocal;
    case Code::Relu: return relu;
    case Code::Sign: return sign;
    case Code::Step: return step;
    case Code::Isfinite: return is_finite;
    case Code::Isinf: return is_inf;
    case Code::Isnan: return is_nan;
    case Code::LogicalNot: return logical_not;
    case Code::Exp: return exp;
    case Code::Exp2: return exp2;
    case Code::Expm1: return expm1;
    case Code::Log: return log;
    case Code::Log2: return log2;
    case Code::Log10: return log10;
    case Code::Log1p: return log1p;
    case Code::Sinh: return sinh;
    case Code::Cosh: return cosh;
    case Code::Tanh: return tanh;
    case Code::Sigmoid: return sigmoid;
    case Code::Erf: return erf;
    case Code::NormalCdf: return normal_cdf;
    case Code::Pow: return held == 0 ? pow : pow_of;
    case Code::Add: return add;
    case Code::Mul: return mul;
    case Code::Sub: return held == 0 ? sub : sub_from;
    case Code::Div: return held == 0 ? div : div_into;
    case Code::Maximum: return held == 0 ? maximum : maximum_of;
    case Code::Minimum: return held == 0 ? minimum : minimum_of;
    case Code::Greater: return held == 0 ? greater : less;
    case Code::GreaterEqual: return held == 0 ? greater_equal : less_equal;
    case Code::Less: return held == 0 ? less : greater;
    case Code::LessEqual: return held == 0 ? less_equal : greater_equal;
    case Code::Equal: return equal;
    case Code::NotEqual: return not_equal;
    case Code::LogicalAnd: return logical_and;
    case Code::LogicalOr: return logical_or;
    case Code::Where: return held == 0 ? where_mask : held == 1 ? where_first : where_second;
    default: return end;
  }
  // clang-format on
}

/// The same for a step whose input `i` is itself computed from memory, by `inner`: both at once.
constexpr ChainOp paired_op(Code code, int i, Code inner) {
  using enum ChainOp;
  if (code == Code::Add && inner == Code::Square) return add_square;
  if (code == Code::Sub && inner == Code::Square) return i == 1 ? sub_square : square_sub;
  if (code == Code::Add && inner == Code::Mul) return add_product;
  if (code == Code::Sub && inner == Code::Mul) return i == 1 ? sub_product : product_sub;
  if (code == Code::Mul && inner == Code::Add) return mul_sum;
  if (code == Code::Mul && inner == Code::Sub) return mul_difference;
  return end;
}

/// where() of a comparison of what is in memory, when the registers hold its input `held`; the comparison the other way
/// round is `swapped`.
struct Choice {
  ChainOp op = ChainOp::end;
  bool swapped = false;
};
constexpr Choice choice_op(Code comparison, int held) {
  using enum ChainOp;
  const bool first = held == 1;
  switch (comparison) {
    case Code::Greater: return {first ? first_if_greater : second_if_greater, false};
    case Code::GreaterEqual: return {first ? first_if_greater_equal : second_if_greater_equal, false};
    case Code::Less: return {first ? first_if_greater : second_if_greater, true};
    case Code::LessEqual: return {first ? first_if_greater_equal : second_if_greater_equal, true};
    default: return {};
  }
}

bool is_arithmetic(Code code) { return chain_op(code, 0) != ChainOp::end; }

class Scheduler {
 public:
  explicit Scheduler(Program& p)
      : p_(p),
        first_(p.first_step()),
        stage_(p.steps.size(), 0),
        run_(p.steps.size(), 0),
        uses_(p.steps.size(), 0),
        absorbed_(p.steps.size(), false),
        inside_(p.steps.size(), false),
        last_(p.steps.size(), 0) {}

  void schedule() {
    p_.homes.resize(p_.steps.size());
    set_stages();
    for (u32 k = 0; k < p_.steps.size(); ++k) each_source(k, [&](u32 s) { ++uses_[s]; });
    for (u32 result : p_.results) ++uses_[result - first_];
    std::vector<std::vector<u32>> chains(stages_), kernels(stages_);
    for (u32 k = 0; k < p_.steps.size(); ++k) (is_arithmetic(code(k)) ? chains : kernels)[stage_[k]].push_back(k);
    std::vector<std::vector<u32>> runs;
    for (u32 s = 0; s < stages_; ++s) {
      const std::vector<u32> chain = in_order(chains[s]);
      // Compilers may make calls of a chain's jumps: not too deep.
      constexpr std::size_t most = 256;
      for (std::size_t i = 0; i < chain.size(); i += most)
        runs.emplace_back(chain.data() + i, chain.data() + std::min(chain.size(), i + most));
      for (u32 k : kernels[s]) runs.push_back({k});
    }
    set_homes(runs);
    for (const auto& steps : runs) {
      if (is_chain(steps)) emit_chain(steps);
      else p_.runs.push_back({steps[0], 0, 0});
    }
    assign_blocks(runs);
  }

 private:
  Code code(u32 k) const { return p_.steps[k].code; }
  int inputs(u32 k) const { return row_of(code(k)).inputs; }
  /// Calls f with each input of step k that is a step, as often as it is read.
  template <class F> void each_source(u32 k, F f) const {
    for (int i = 0; i < inputs(k); ++i) {
      const u32 value = p_.steps[k].in[i];
      if (is_absorbed(value)) each_source(value - first_, f);
      else if (value >= first_) f(value - first_);
    }
  }
  bool is_absorbed(u32 value) const { return value >= first_ && absorbed_[value - first_]; }

  /// A single step is better off with its kernel, which keeps more in registers; kernels have masks of their own.
  bool is_chain(const std::vector<u32>& steps) const {
    const u32* in = p_.steps[steps[0]].in;
    const Row& row = row_of(code(steps[0]));
    return is_arithmetic(code(steps[0])) &&
           (steps.size() > 1 || row.is_mask || row.masked || row.booleans ||
            std::any_of(in, in + row.inputs, [&](u32 value) { return is_absorbed(value); }));
  }

  /// Kernels as soon as they can be, arithmetic as late: then less has to be kept in between.
  void set_stages() {
    constexpr u32 never = ~0u;
    std::vector<u32> needed(p_.steps.size(), never);
    for (u32 k = 0; k < p_.steps.size(); ++k) {
      each_source(k, [&](u32 s) { stage_[k] = std::max(stage_[k], stage_[s] + !is_arithmetic(code(s))); });
      stages_ = std::max(stages_, stage_[k] + 1);
    }
    for (u32 k = static_cast<u32>(p_.steps.size()); k-- > 0;) {
      if (is_arithmetic(code(k)) && needed[k] != never) stage_[k] = needed[k];
      each_source(k, [&](u32 s) { needed[s] = std::min(needed[s], stage_[k]); });
    }
  }

  /// The steps of a chain, depth first, so that a value is used where it still is in registers.
  std::vector<u32> in_order(const std::vector<u32>& steps) {
    std::vector<u32> order;
    std::vector<std::pair<u32, bool>> stack;
    for (u32 k : steps) inside_[k] = true;
    for (u32 k : steps) absorb(k);
    for (u32 k : steps) inside_[k] = !absorbed_[k];
    for (u32 k : steps) stack.emplace_back(k, false);
    while (!stack.empty()) {
      const auto [k, done] = stack.back();
      stack.pop_back();
      if (done) {
        order.push_back(k);
      } else if (inside_[k]) {
        inside_[k] = false;
        stack.emplace_back(k, true);
        each_source(k, [&](u32 s) { stack.emplace_back(s, false); });
      }
    }
    return order;
  }

  /// Makes one operation of step k of a chain and one of its inputs, if that one is used here alone, and computed from
  /// memory, unlike another one, which is in registers by then.
  void absorb(u32 k) {
    const u32* in = p_.steps[k].in;
    const auto in_chain = [&](u32 value) { return value >= first_ && inside_[value - first_]; };
    const bool choice = code(k) == Code::Where;
    for (int i = 0; i < (choice ? 1 : inputs(k)); ++i) {
      if (inputs(k) < 2 || !in_chain(in[i]) || uses_[in[i] - first_] != 1) continue;
      const u32 s = in[i] - first_;
      if ((choice ? choice_op(code(s), 1).op : paired_op(code(k), i, code(s))) == ChainOp::end) continue;
      const u32 factor = product_inside(s, paired_op(code(k), i, code(s)));
      bool from_memory = true;
      for (int j = 0; j < inputs(s); ++j) {
        const u32 value = p_.steps[s].in[j];
        from_memory = from_memory && (!in_chain(value) || value == factor);
      }
      const bool other =
          choice ? in_chain(in[1]) || in_chain(in[2]) : in_chain(in[1 - i]) && !absorbed_[in[1 - i] - first_];
      absorbed_[s] = from_memory && other;
      if (absorbed_[s] && factor) absorbed_[factor - first_] = true;
      if (absorbed_[s]) return;
    }
  }

  /// An input of the product s that is itself one, used there alone and computed from memory, if `op` has a form for
  /// that; otherwise 0, which is no step's value.
  u32 product_inside(u32 s, ChainOp op) const {
    if (code(s) != Code::Mul || (op != ChainOp::add_product && op != ChainOp::sub_product)) return 0;
    for (int j = 0; j < 2; ++j) {
      const u32 value = p_.steps[s].in[j];
      if (value < first_ || !inside_[value - first_]) continue;
      const Program::Step& inner = p_.steps[value - first_];
      if (inner.code != Code::Mul || uses_[value - first_] != 1) continue;
      if ((inner.in[0] < first_ || !inside_[inner.in[0] - first_]) &&
          (inner.in[1] < first_ || !inside_[inner.in[1] - first_]))
        return value;
    }
    return 0;
  }

  void set_homes(const std::vector<std::vector<u32>>& runs) {
    using enum Program::Storage;
    for (u32 r = 0; r < runs.size(); ++r)
      for (u32 k : runs[r]) run_[k] = r;
    for (u32 k = 0; k < p_.steps.size(); ++k)
      each_source(k, [&](u32 s) {
        if (run_[s] != run_[k]) p_.homes[s].storage = block;
      });
    for (u32 i = 0; i < p_.results.size(); ++i) p_.homes[p_.results[i] - first_] = {result, i};
    for (const auto& steps : runs)
      for (std::size_t i = 0; i < steps.size(); ++i) {
        const u32 k = steps[i];
        u32 from_registers = 0;
        if (i + 1 < steps.size()) each_source(steps[i + 1], [&](u32 s) { from_registers |= s == k; });
        if (p_.homes[k].storage == registers && uses_[k] > from_registers) p_.homes[k].storage = group;
      }
  }

  void emit_chain(const std::vector<u32>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) each_source(steps[i], [&](u32 s) { last_[s] = i; });
    std::vector<u32> free;
    u32 held = ~0u;  // the value in registers
    const auto begin = static_cast<u32>(p_.instructions.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const u32 k = steps[i];
      emit_step(k, held, begin);
      held = first_ + k;
      each_source(k, [&](u32 s) {
        if (p_.homes[s].storage != Program::Storage::group || last_[s] != i) return;
        free.push_back(p_.homes[s].index);
        last_[s] = ~std::size_t{0};  // once only
      });
      if (p_.homes[k].storage == Program::Storage::group) p_.homes[k].index = take(free, p_.groups);
      if (p_.homes[k].storage != Program::Storage::registers) emit(ChainOp::store, {held}, begin);
    }
    p_.instructions.push_back({static_cast<u8>(ChainOp::end), 0, false, {0, 0, 0, 0}});
    p_.runs.push_back({0, begin, static_cast<u32>(p_.instructions.size())});
  }

  /// Operation and operands; one step with what is before it in the chain, from `begin` on, where there is such a step.
  void emit(ChainOp op, const std::vector<u32>& operands, u32 begin) {
    if (p_.instructions.size() == begin || !extend(p_.instructions.back(), op))
      p_.instructions.push_back({static_cast<u8>(op), 0, op == ChainOp::store, {0, 0, 0, 0}});
    Program::Instruction& to = p_.instructions.back();
    for (u32 value : operands) to.in[to.operands++] = value;
  }

  static bool extend(Program::Instruction& last, ChainOp op) {
    ChainSequence wanted = chain_sequence(last.sequence);
    if (wanted.third != ChainOp::end) return false;
    (wanted.second == ChainOp::end ? wanted.second : wanted.third) = op;
    const auto at = std::find(std::begin(chain_several), std::end(chain_several), wanted);
    if (at == std::end(chain_several)) return false;
    last.sequence = static_cast<u8>(chain_ops + static_cast<std::size_t>(at - chain_several));
    last.stores = op == ChainOp::store;
    return true;
  }

  void emit_step(u32 k, u32 held, u32 begin) {
    const u32* in = p_.steps[k].in;
    const int count = inputs(k);
    const auto hard = [&](u32 value) {  // better in registers than read from memory
      return !is_absorbed(value) && (value < static_cast<u32>(p_.inputs) || value >= first_);
    };
    int at = static_cast<int>(std::find(in, in + count, held) - in);
    if (at == count) {
      at = static_cast<int>(std::find_if(in, in + count, hard) - in) % count;
      emit(ChainOp::load, {in[at]}, begin);
    }
    if (code(k) == Code::Identity) return;
    ChainOp op = chain_op(code(k), at);
    std::vector<u32> operands;
    for (int i = 0; i < count; ++i) {
      if (i == at) continue;
      if (!is_absorbed(in[i])) {
        operands.push_back(in[i]);
        continue;
      }
      const Program::Step& inner = p_.steps[in[i] - first_];
      const Choice choice = choice_op(inner.code, at);
      op = code(k) == Code::Where ? choice.op : paired_op(code(k), i, inner.code);
      add_operands(inner, choice.swapped, operands);
      if (operands.size() == 3 && code(k) != Code::Where)
        op = op == ChainOp::add_product ? ChainOp::add_product_of_3 : ChainOp::sub_product_of_3;
    }
    emit(op, operands, begin);
  }

  /// What an absorbed step reads, and what one that it has absorbed reads, before the rest.
  void add_operands(const Program::Step& step, bool swapped, std::vector<u32>& operands) const {
    u32 in[2] = {step.in[0], step.in[1]};
    const int count = row_of(step.code).inputs;
    if (swapped || (count == 2 && is_absorbed(in[1]))) std::swap(in[0], in[1]);
    for (int i = 0; i < count; ++i) {
      if (is_absorbed(in[i])) add_operands(p_.steps[in[i] - first_], false, operands);
      else operands.push_back(in[i]);
    }
  }

  /// A block is free again after the last run that reads it.
  void assign_blocks(const std::vector<std::vector<u32>>& runs) {
    std::vector<u32> last(p_.steps.size(), 0), free;
    for (u32 r = 0; r < runs.size(); ++r)
      for (u32 k : runs[r]) each_source(k, [&](u32 s) { last[s] = r; });
    const auto is_block = [&](u32 k) { return p_.homes[k].storage == Program::Storage::block; };
    const auto assign = [&](u32 r) {
      for (u32 k : runs[r])
        if (is_block(k)) p_.homes[k].index = take(free, p_.blocks);
    };
    for (u32 r = 0; r < runs.size(); ++r) {
      const bool is_chain = p_.runs[r].is_chain();
      if (is_chain) assign(r);
      for (u32 k : runs[r])
        each_source(k, [&](u32 s) {
          if (!is_block(s) || last[s] != r || run_[s] == r) return;
          free.push_back(p_.homes[s].index);
          last[s] = ~0u;
        });
      if (!is_chain) assign(r);  // a kernel may write where it reads
    }
  }

  static u32 take(std::vector<u32>& free, u32& count) {
    if (free.empty()) return count++;
    const u32 index = free.back();
    free.pop_back();
    return index;
  }

  Program& p_;
  u32 first_, stages_ = 0;
  std::vector<u32> stage_, run_, uses_;  // by step; uses as results count
  std::vector<bool> absorbed_;           // computed by the one step that uses it
  std::vector<bool> inside_;             // of the chain being put in order
  std::vector<std::size_t> last_;        // of the chain being emitted: where a source is read last
};

}  // namespace

void schedule(Program& p) { Scheduler(p).schedule(); }

}  // namespace xgrad::detail
