// lift(): a function is called on symbols and leaves a program, a list of rules of elementwise ops; programs run block
// by block, so that what is in between stays in the cache, and are differentiated by the same rules' text.
#include <xgrad/ops/lift.hpp>

#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/pool.hpp>
#include <xgrad/engine/kernels/arch.hpp>
#include <xgrad/engine/kernels/probe.hpp>
#include <xgrad/ops/kernels/fused.hpp>
#include <xgrad/ops/xgrad.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

namespace xgrad::detail {

// --- the instructions: rules ---

// clang-format off
#define XGRAD_RULES(X) \
  X(Add) X(Sub) X(Mul) X(Div) X(Neg) X(Where) X(Identity) X(Greater) X(GreaterEqual) X(Less) X(LessEqual) \
  X(Equal) X(NotEqual) X(LogicalAnd) X(LogicalOr) X(LogicalNot) X(Abs) X(Acos) X(Acosh) X(Asin) X(Asinh) X(Atan) \
  X(Atanh) X(Cbrt) X(Ceil) X(Cos) X(Cosh) X(Erf) X(Erfc) X(Exp) X(Exp2) X(Expm1) X(Floor) X(Frac) X(Gelu) \
  X(GeluTanh) X(Hardsigmoid) X(Hardswish) X(Log) X(Log10) X(Log1p) X(Log2) X(LogSigmoid) X(Mish) X(NormalCdf) \
  X(Reciprocal) X(Relu) X(Relu6) X(Round) X(Rsqrt) X(Selu) X(Sigmoid) X(Sign) X(Silu) X(Sin) X(Sinh) X(Softsign) \
  X(Sqrt) X(Square) X(Step) X(Tan) X(Tanh) X(Tanhshrink) X(Trunc) X(Atan2) X(Fmod) X(Hypot) X(Logaddexp) \
  X(Maximum) X(Minimum) X(Pow) X(Remainder) X(Xlogy) X(Lerp) X(Celu) X(Clamp) X(Elu) X(LeakyRelu) X(Softplus) \
  X(Isfinite) X(Isinf) X(Isnan)
// clang-format on

enum class Code : u16 {
#define XGRAD_CODE(Rule) Rule,
  XGRAD_RULES(XGRAD_CODE)
#undef XGRAD_CODE
      input,
  number
};

/// The library's way into a Symbol or Condition. A condition is a Symbol here too: if known, the number 0 or 1.
struct SymbolOf {
  static Symbol make(Trace* trace, u32 id) noexcept {
    Symbol s;
    s.trace_ = trace;
    s.id_ = id;
    return s;
  }
  static Trace* trace(Symbol s) noexcept { return s.trace_; }
  static u32 id(Symbol s) noexcept { return s.id_; }
  static bool is_number(Symbol s) noexcept { return s.trace_ == nullptr; }
  static bool is(Symbol s, double number) noexcept { return s.trace_ == nullptr && s.number_ == number; }
  static double number(Symbol s) noexcept { return s.number_; }
  static bool same(Symbol a, Symbol b) noexcept {
    return a.trace_ == b.trace_ && a.id_ == b.id_ && std::bit_cast<u64>(a.number_) == std::bit_cast<u64>(b.number_);
  }
  static Condition condition(Symbol s) noexcept {
    Condition c(s.number_ != 0);
    c.trace_ = s.trace_;
    c.id_ = s.id_;
    return c;
  }
  static Symbol symbol(Condition c) noexcept {
    Symbol s = make(c.trace_, c.id_);
    if (!c.trace_) s.number_ = c.value_;
    return s;
  }
};

namespace {

using DerivativeOnSymbols = Symbol (*)(Symbol g, Symbol a, Symbol b, Symbol c, Symbol y);

/// What there is to know about a rule.
struct Row {
  const Op& (*op)() noexcept;
  int inputs;
  bool masked;    // the first input is a mask
  bool booleans;  // all inputs are masks
  bool is_mask;   // the value is one
  DerivativeOnSymbols derivative[3];
};

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

const Row& row_of(Code code) noexcept { return rows[static_cast<int>(code)]; }

ElementwiseKernel kernel_of(Code code, DType dtype) {
  const Row& row = row_of(code);
  return row.op().elementwise->kernels[arch_index()]->value[row.booleans ? 3 : dtype == DType::float64];
}

/// The rule on numbers, as the kernel for float64 computes it.
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

}  // namespace

// --- reading a function ---

/// The terms of a function, each one once, those of an instruction before it.
class Trace {
 public:
  struct Term {
    Code code;
    std::array<u32, 3> in;
    u64 bits;  // of a number
    friend bool operator<(const Term& a, const Term& b) noexcept {
      return std::tie(a.code, a.in, a.bits) < std::tie(b.code, b.in, b.bits);
    }
  };

  Trace() noexcept : outer_(std::exchange(innermost, this)) {}
  ~Trace() { innermost = outer_; }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// The one that a symbol belongs to, if it is still there.
  static Trace& check(Trace* trace) {
    for (Trace* t = innermost; t; t = t->outer_)
      if (t == trace) return *t;
    throw ValueError("lift: a Symbol was used outside of the call of lift() it was made for");
  }

  Symbol input(int i) { return add({Code::input, {static_cast<u32>(i), 0, 0}, 0}); }
  Symbol emit(Code code, const Symbol* in);
  u32 id_of(Symbol s) {
    return SymbolOf::is_number(s)
               ? SymbolOf::id(add({Code::number, {0, 0, 0}, std::bit_cast<u64>(SymbolOf::number(s))}))
               : SymbolOf::id(s);
  }
  const std::vector<Term>& terms() const noexcept { return terms_; }

  /// One way through the function: the conditions it asked about, and what it was told.
  struct Path {
    std::vector<std::pair<u32, bool>> decisions;
    Symbol value;
  };
  static constexpr std::size_t max_paths = 64;
  std::vector<Path> paths;
  Path path;                 // the one under way
  std::size_t scripted = 0;  // so many of its decisions are given
  std::size_t asked = 0;
  bool asks = false;
  Site site{};

  bool decide(u32 condition);

 private:
  Symbol add(const Term& term) {
    const auto [at, added] = known_.try_emplace(term, static_cast<u32>(terms_.size()));
    if (added) terms_.push_back(term);
    return SymbolOf::make(this, at->second);
  }

  std::vector<Term> terms_;
  std::map<Term, u32> known_;
  Trace* outer_;
  static constinit thread_local Trace* innermost;
};

constinit thread_local Trace* Trace::innermost = nullptr;

Symbol Trace::emit(Code code, const Symbol* in) {
  using S = SymbolOf;
  const Row& row = row_of(code);
  const Symbol a = in[0], b = row.inputs > 1 ? in[1] : Symbol(), c = row.inputs > 2 ? in[2] : Symbol();
  // What is left out here does not change a bit.
  switch (code) {
    case Code::Mul:
      if (S::is(a, 1)) return b;
      if (S::is(b, 1)) return a;
      break;
    case Code::Div:
      if (S::is(b, 1)) return a;
      break;
    case Code::Neg:
      if (!S::is_number(a) && terms_[S::id(a)].code == Code::Neg) return S::make(this, terms_[S::id(a)].in[0]);
      break;
    case Code::Where:
      if (S::is_number(a)) return S::number(a) != 0 ? b : c;
      if (S::same(b, c)) return b;
      break;
    case Code::LogicalAnd:
      if (S::is_number(a)) return S::number(a) != 0 ? b : a;
      if (S::is_number(b)) return S::number(b) != 0 ? a : b;
      break;
    case Code::LogicalOr:
      if (S::is_number(a)) return S::number(a) != 0 ? a : b;
      if (S::is_number(b)) return S::number(b) != 0 ? b : a;
      break;
    case Code::Pow:  // of a whole number: products, which are exact where pow is, and faster
      if (S::is(b, 1)) return a;
      if (S::is(b, 2)) return emit(Code::Square, &a);
      break;
    default: break;
  }
  Term term{code, {0, 0, 0}, 0};
  for (int i = 0; i < row.inputs; ++i) term.in[static_cast<std::size_t>(i)] = id_of(in[i]);
  if ((code == Code::Add || code == Code::Mul) && term.in[1] < term.in[0]) std::swap(term.in[0], term.in[1]);
  return add(term);
}

bool Trace::decide(u32 condition) {
  if (!asks) throw ValueError("lift: a comparison of symbols was asked for its answer outside of lift()");
  for (std::size_t i = 0; i < asked; ++i)
    if (path.decisions[i].first == condition) return path.decisions[i].second;
  if (asked < scripted) {
    if (path.decisions[asked].first != condition)
      fail<ValueError>("lift", site, "the function took another way when it was called again with the same answers");
    return path.decisions[asked++].second;
  }
  // So many decisions in a row lead to more ways than that.
  if (asked >= max_paths)
    fail<ValueError>("lift", site, "the function has more than {} ways through its branches; choose with where()",
                     max_paths);
  path.decisions.emplace_back(condition, true);
  ++asked;
  return true;
}

namespace {

Symbol apply_rule(Code code, const Symbol* in) {
  const int inputs = row_of(code).inputs;
  Trace* trace = nullptr;
  for (int i = 0; i < inputs; ++i) {
    Trace* t = SymbolOf::trace(in[i]);
    if (!t || t == trace) continue;
    if (trace) throw ValueError("lift: Symbols of two calls of lift() met");
    trace = t;
  }
  if (trace) return Trace::check(trace).emit(code, in);
  double numbers[3];
  for (int i = 0; i < inputs; ++i) numbers[i] = SymbolOf::number(in[i]);
  return fold(code, numbers);
}

template <class... In> Symbol rule(Code code, In... in) {
  const Symbol all[] = {in...};
  return apply_rule(code, all);
}
template <class... In> Condition test(Code code, In... in) { return SymbolOf::condition(rule(code, in...)); }

}  // namespace

// --- programs ---

struct Derivative;

/// Values are numbered: inputs, numbers, steps. Does not change once made, but for its derivatives, made on demand.
struct Program {
  struct Step {
    Code code;
    u32 in[3];
  };
  /// How steps are computed: one, or two that follow each other, by one kernel.
  struct Run {
    Code code;
    bool fused;
    u8 inner, outer;  // of a fused one
    u8 inputs;
    u16 slot;  // the block that takes the value; from `slots` on, an output
    u32 in[3];
    u32 to;  // the value
  };
  std::atomic<u32> references{1};
  int inputs = 0;
  u32 reads = 0;  // the inputs it reads, a bit each
  int slots = 0;
  std::vector<double> numbers;
  std::vector<float> numbers32;
  std::vector<Step> steps;
  std::vector<Run> runs;
  std::vector<u32> results;
  bool is_derivative = false;

  std::mutex mutex;
  std::map<u32, std::unique_ptr<Derivative>> derivatives;  // by the inputs asked for, a bit each

  u32 first_step() const noexcept { return static_cast<u32>(inputs) + static_cast<u32>(numbers.size()); }
  const Derivative& derivative(u32 wanted);
};

void retain(Program* program) noexcept { program->references.fetch_add(1, std::memory_order_relaxed); }
void release(Program* program) noexcept {
  if (program->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete program;
}

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

namespace {

/// What computes `results`; inputs not needed are left out where `from` is given, which then tells those that are not.
Program* make_program(Trace& trace, int inputs, const std::vector<Symbol>& results, std::vector<int>* from) {
  auto p = std::make_unique<Program>();
  std::vector<u32> roots;
  for (Symbol s : results) roots.push_back(trace.id_of(s));
  const std::vector<Trace::Term>& terms = trace.terms();
  constexpr u32 unused = ~0u;
  std::vector<u32> place(terms.size(), unused);
  const auto is_step = [&](u32 id) { return terms[id].code < Code::input; };
  const auto inputs_of = [&](u32 id) { return is_step(id) ? row_of(terms[id].code).inputs : 0; };
  for (u32 root : roots) place[root] = 0;
  for (u32 id = static_cast<u32>(terms.size()); id-- > 0;)
    if (place[id] != unused)
      for (int i = 0; i < inputs_of(id); ++i) place[terms[id].in[static_cast<std::size_t>(i)]] = 0;

  // inputs
  std::vector<u32> input_id(static_cast<std::size_t>(inputs), unused);
  for (u32 id = 0; id < terms.size(); ++id)
    if (place[id] != unused && terms[id].code == Code::input) input_id[terms[id].in[0]] = id;
  for (int i = 0; i < inputs; ++i) {
    const u32 id = input_id[static_cast<std::size_t>(i)];
    if (from && id == unused) continue;
    if (from) from->push_back(i);
    if (id != unused) place[id] = static_cast<u32>(p->inputs), p->reads |= 1u << std::min(p->inputs, 31);
    ++p->inputs;
  }
  for (u32 id = 0; id < terms.size(); ++id) {
    if (place[id] == unused || terms[id].code != Code::number) continue;
    place[id] = p->first_step();
    p->numbers.push_back(std::bit_cast<double>(terms[id].bits));
    p->numbers32.push_back(static_cast<float>(p->numbers.back()));
  }
  for (u32 id = 0; id < terms.size(); ++id) {
    if (place[id] == unused || !is_step(id)) continue;
    place[id] = p->first_step() + static_cast<u32>(p->steps.size());
    Program::Step step{terms[id].code, {0, 0, 0}};
    for (int i = 0; i < inputs_of(id); ++i) step.in[i] = place[terms[id].in[static_cast<std::size_t>(i)]];
    p->steps.push_back(step);
  }
  // Each result is a step of its own.
  const u32 first = p->first_step();
  std::vector<int> output(p->steps.size(), -1);
  for (u32 root : roots) {
    u32 at = place[root];
    if (at < first || output[at - first] >= 0) {
      p->steps.push_back({Code::Identity, {at, 0, 0}});
      output.push_back(-1);
      at = first + static_cast<u32>(p->steps.size()) - 1;
    }
    output[at - first] = static_cast<int>(p->results.size());
    p->results.push_back(at);
  }
  // Of two steps of arithmetic, the first used by the second alone, one kernel.
  std::vector<u32> uses(p->steps.size(), 0);
  for (const Program::Step& step : p->steps)
    for (int i = 0; i < row_of(step.code).inputs; ++i)
      if (step.in[i] >= first) ++uses[step.in[i] - first];
  const auto is_arithmetic = [](Code code) { return code <= Code::Div; };
  std::vector<bool> absorbed(p->steps.size(), false);
  for (std::size_t k = p->steps.size(); k-- > 0;) {
    if (absorbed[k]) continue;
    const Program::Step& step = p->steps[k];
    Program::Run run{step.code,
                     false,
                     0,
                     0,
                     static_cast<u8>(row_of(step.code).inputs),
                     0,
                     {step.in[0], step.in[1], step.in[2]},
                     first + static_cast<u32>(k)};
    for (int i = 0; is_arithmetic(step.code) && !run.fused && i < 2; ++i) {
      if (step.in[i] < first) continue;
      const std::size_t source = step.in[i] - first;
      const Program::Step& inner = p->steps[source];
      if (uses[source] != 1 || output[source] >= 0 || !is_arithmetic(inner.code)) continue;
      constexpr u8 outers[4][2] = {{0, 0}, {1, 2}, {3, 3}, {4, 5}};
      const auto index = [](Code code) { return static_cast<int>(code) - static_cast<int>(Code::Add); };
      absorbed[source] = true;
      run.fused = true;
      run.inner = static_cast<u8>(index(inner.code));
      run.outer = outers[index(step.code)][i];
      run.inputs = 3;
      run.in[0] = inner.in[0], run.in[1] = inner.in[1], run.in[2] = step.in[1 - i];
    }
    p->runs.push_back(run);
  }
  std::reverse(p->runs.begin(), p->runs.end());
  // Blocks: one is free again after the last kernel that reads it.
  std::vector<std::size_t> last(p->steps.size(), 0);
  for (std::size_t k = 0; k < p->runs.size(); ++k)
    for (int i = 0; i < p->runs[k].inputs; ++i)
      if (p->runs[k].in[i] >= first) last[p->runs[k].in[i] - first] = k;
  std::vector<u16> free, slot(p->steps.size(), 0);
  for (std::size_t k = 0; k < p->runs.size(); ++k) {
    Program::Run& run = p->runs[k];
    // A value may take the place of one it is computed from, element by element, but not that of a mask.
    const auto give_back = [&](bool masks) {
      for (int i = 0; i < run.inputs; ++i) {
        if (run.in[i] < first) continue;
        const std::size_t source = run.in[i] - first;
        if (last[source] != k || output[source] >= 0 || row_of(p->steps[source].code).is_mask != masks) continue;
        free.push_back(slot[source]);
        last[source] = ~std::size_t{0};  // once only
      }
    };
    give_back(false);
    if (output[run.to - first] < 0) {
      if (free.empty()) free.push_back(static_cast<u16>(p->slots++));
      run.slot = slot[run.to - first] = free.back();
      free.pop_back();
    }
    give_back(true);
  }
  for (Program::Run& run : p->runs)
    if (output[run.to - first] >= 0) run.slot = static_cast<u16>(p->slots + output[run.to - first]);
  return p.release();
}

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

Program* trace(int inputs, RunOnSymbols run, void* function, Site site) {
  Trace trace;
  trace.site = site;
  std::vector<Symbol> in;
  for (int i = 0; i < inputs; ++i) in.push_back(trace.input(i));
  auto& decisions = trace.path.decisions;
  for (;;) {
    trace.asked = 0;
    trace.asks = true;
    trace.path.value = run(function, in.data());
    trace.asks = false;
    if (Trace* of = SymbolOf::trace(trace.path.value); of && of != &trace)
      fail<ValueError>("lift", site, "the function returned a Symbol of another call of lift()");
    trace.paths.push_back(trace.path);
    // Next, the last answer that was yes becomes no.
    while (!decisions.empty() && !decisions.back().second) decisions.pop_back();
    if (decisions.empty()) break;
    decisions.back().second = false;
    trace.scripted = decisions.size();
    if (trace.paths.size() == Trace::max_paths)
      fail<ValueError>("lift", site, "the function has more than {} ways through its branches; choose with where()",
                       Trace::max_paths);
  }
  // The ways share their beginnings: a tree, each way a leaf, in order.
  const auto join = [&](const auto& self, std::size_t begin, std::size_t end, std::size_t depth) -> Symbol {
    if (end - begin == 1) return trace.paths[begin].value;
    std::size_t middle = begin;
    while (trace.paths[middle].decisions[depth].second) ++middle;
    const Symbol condition = SymbolOf::make(&trace, trace.paths[begin].decisions[depth].first);
    const Symbol yes = self(self, begin, middle, depth + 1), no = self(self, middle, end, depth + 1);
    return where(SymbolOf::condition(condition), yes, no);
  };
  const Symbol value = join(join, 0, trace.paths.size(), 0);
  return make_program(trace, inputs, {value}, nullptr);
}

Symbol apply_lifted(const Program& program, const Symbol* in) { return replay(program, in)[program.results[0]]; }

// --- running a program ---

namespace {

/// Where a value is: element i of the block at `start` is at base + start * advance + i * step, in elements.
struct Place {
  const char* base;
  i64 advance;  // bytes
  i64 step;     // elements, 0 or 1
};

/// Elements [start, start + n) of a broadcast operand, by the loop that goes over it (operand 1).
template <class T> void gather(const Loop& loop, const T* from, i64 start, i64 n, T* to) {
  const int last = loop.axes - 1;
  const i64 step = loop.stride[1][last];
  while (n > 0) {
    i64 rest = start, offset = 0;
    for (int axis = last; axis > 0; --axis) {
      const i64 index = rest % loop.extent[axis];
      if (axis != last) offset += index * loop.stride[1][axis];
      rest /= loop.extent[axis];
    }
    if (last > 0) offset += rest * loop.stride[1][0];
    const i64 column = last > 0 ? start % loop.extent[last] : start;
    const i64 run = std::min(n, loop.extent[last] - column);
    const T* at = from + offset + column * step;
    if (step == 0) std::fill_n(to, run, *at);
    else std::copy_n(at, run, to);
    to += run, start += run, n -= run;
  }
}

struct Evaluation {
  const Program& p;
  DType dtype;
  i64 item, total;
  const Place* inputs;         // of which some are broadcast: base null
  const Loop* loops;           // those
  const void* const* sources;  // and their elements
  void* const* out;
  i64 block;
  std::size_t block_bytes;
  int gathered;

  void run(i64 start, i64 end) const {
    const std::size_t values = p.first_step() + p.steps.size();
    const std::size_t header = (values * sizeof(Place) + p.runs.size() * sizeof(ElementwiseKernel) + 63) / 64 * 64;
    u16 size_class;
    char* memory =
        static_cast<char*>(pool_get(header + static_cast<std::size_t>(p.slots + gathered) * block_bytes, size_class));
    Place* places = reinterpret_cast<Place*>(memory);
    auto* kernels = reinterpret_cast<ElementwiseKernel*>(memory + values * sizeof(Place));
    char* blocks = memory + header;
    char* gathers = blocks + static_cast<std::size_t>(p.slots) * block_bytes;

    char* next = gathers;
    for (int i = 0; i < p.inputs; ++i) {
      places[i] = inputs[i];
      if (places[i].base) continue;
      places[i].base = next;
      next += block_bytes;
    }
    const bool wide = dtype == DType::float64;
    for (std::size_t i = 0; i < p.numbers.size(); ++i) {
      const void* number = wide ? static_cast<const void*>(&p.numbers[i]) : &p.numbers32[i];
      places[static_cast<std::size_t>(p.inputs) + i] = {static_cast<const char*>(number), 0, 0};
    }
    for (std::size_t k = 0; k < p.runs.size(); ++k) {
      const Program::Run& step = p.runs[k];
      kernels[k] =
          step.fused ? fused_tables[arch_index()]->value[step.inner][step.outer][wide] : kernel_of(step.code, dtype);
      // What only depends on single elements is one.
      i64 width = 0;
      for (int i = 0; i < step.inputs; ++i) width |= places[step.in[i]].step;
      if (step.slot < p.slots) places[step.to] = {blocks + step.slot * block_bytes, 0, width};
      else places[step.to] = {static_cast<const char*>(out[step.slot - p.slots]), item, 1};
    }

    Loop loop;
    loop.axes = 1;
    loop.stride[0][0] = 1;
    for (; start < end; start += block) {
      const i64 n = std::min(block, end - start);
      for (int i = 0; i < p.inputs; ++i) {
        if (inputs[i].base || !(p.reads >> std::min(i, 31) & 1)) continue;
        char* to = const_cast<char*>(places[i].base);
        if (wide) gather(loops[i], static_cast<const double*>(sources[i]), start, n, reinterpret_cast<double*>(to));
        else gather(loops[i], static_cast<const float*>(sources[i]), start, n, reinterpret_cast<float*>(to));
      }
      for (std::size_t k = 0; k < p.runs.size(); ++k) {
        const Program::Run& step = p.runs[k];
        const void* in[3];
        const int count = step.inputs;
        for (int i = 0; i < count; ++i) {
          const Place& place = places[step.in[i]];
          in[i] = place.base + start * place.advance;
          loop.stride[i + 1][0] = place.step;
        }
        const Place& to = places[step.to];
        loop.extent[0] = to.step ? n : 1;
        kernels[k](loop, const_cast<char*>(to.base) + start * to.advance, in, false);
      }
    }
    pool_put(memory, size_class);
  }
};

/// All results of the program on elements of `shape`, to which the inputs broadcast.
void evaluate(const Program& p, DType dtype, const Shape& shape, const Tensor* const* in, void* const* out) {
  constexpr int few = 8;
  Place small_places[few];
  Loop small_loops[few];
  const void* small_sources[few];
  std::vector<Place> many_places;
  std::vector<Loop> many_loops;
  std::vector<const void*> many_sources;
  Place* places = small_places;
  Loop* loops = small_loops;
  const void** sources = small_sources;
  if (p.inputs > few) {
    const auto n = static_cast<std::size_t>(p.inputs);
    many_places.resize(n), many_loops.resize(n), many_sources.resize(n);
    places = many_places.data(), loops = many_loops.data(), sources = many_sources.data();
  }
  const i64 item = item_size(dtype), total = shape.size();
  if (total == 0) return;
  int gathered = 0;
  for (int i = 0; i < p.inputs; ++i) {
    const Shape& its = in[i]->shape();
    sources[i] = elements(*in[i]);
    const char* base = static_cast<const char*>(sources[i]);
    if (its.size() == 1) {
      places[i] = {base, 0, 0};
    } else if (its.size() == total) {
      places[i] = {base, item, 1};
    } else {
      places[i] = {nullptr, 0, 1};
      const Shape* one = &its;
      loops[i] = broadcast_loop(shape, &one, 1);
      ++gathered;
    }
  }
  constexpr i64 cache = 24 * 1024, tile = 32 * 1024;
  const i64 streams = p.slots + gathered + static_cast<i64>(p.results.size()) + 1;
  const i64 block = std::clamp<i64>(cache / (streams * item) / 64 * 64, 256, 1024);
  const i64 length = std::min(block, (total + 15) / 16 * 16);
  const Evaluation run{p,       dtype,   item, total, places,
                       loops,   sources, out,  block, static_cast<std::size_t>((length * item + 63) / 64 * 64),
                       gathered};
  if (total < 2 * tile) return run.run(0, total);
  const i64 part = (tile + block - 1) / block * block;
  parallel_for((total + part - 1) / part, [&](i64 k) { run.run(k * part, std::min(total, (k + 1) * part)); });
}

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

// --- the operation ---

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
  Shape shape = call.shape(0);
  for (int i = 1; i < call.count(); ++i) {
    const Shape before = shape;
    if (broadcast(before, call.shape(i), shape)) continue;
    std::string list;
    for (int k = 0; k < call.count(); ++k)
      list += fmt::format("{}argument {} is {}", k ? ", " : "", k + 1, to_string(call.shape(k)));
    call.fail<ShapeError>("shapes do not broadcast: {}", list);
  }
  if (shape.too_large()) call.fail<ShapeError>("the result {} would have more than 2^40 elements", to_string(shape));
  const Tensor* in[max_inputs];
  for (int i = 0; i < call.count(); ++i) in[i] = &call.in(i);
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

// --- symbols ---

namespace xgrad {

using detail::Code;
using detail::rule;
using detail::SymbolOf;
using detail::test;

Condition::operator bool() const { return trace_ ? detail::Trace::check(trace_).decide(id_) : value_; }

// clang-format off
Condition operator&(Condition a, Condition b) { return test(Code::LogicalAnd, SymbolOf::symbol(a), SymbolOf::symbol(b)); }
Condition operator|(Condition a, Condition b) { return test(Code::LogicalOr, SymbolOf::symbol(a), SymbolOf::symbol(b)); }
Condition operator!(Condition a) { return test(Code::LogicalNot, SymbolOf::symbol(a)); }
Symbol where(Condition condition, Symbol a, Symbol b) { return rule(Code::Where, SymbolOf::symbol(condition), a, b); }

Symbol operator+(Symbol a, Symbol b) { return rule(Code::Add, a, b); }
Symbol operator-(Symbol a, Symbol b) { return rule(Code::Sub, a, b); }
Symbol operator*(Symbol a, Symbol b) { return rule(Code::Mul, a, b); }
Symbol operator/(Symbol a, Symbol b) { return rule(Code::Div, a, b); }
Symbol operator-(Symbol a) { return rule(Code::Neg, a); }
Condition operator>(Symbol a, Symbol b) { return test(Code::Greater, a, b); }
Condition operator>=(Symbol a, Symbol b) { return test(Code::GreaterEqual, a, b); }
Condition operator<(Symbol a, Symbol b) { return test(Code::Less, a, b); }
Condition operator<=(Symbol a, Symbol b) { return test(Code::LessEqual, a, b); }
Condition operator==(Symbol a, Symbol b) { return test(Code::Equal, a, b); }
Condition operator!=(Symbol a, Symbol b) { return test(Code::NotEqual, a, b); }
Condition isfinite(Symbol x) { return test(Code::Isfinite, x); }
Condition isinf(Symbol x) { return test(Code::Isinf, x); }
Condition isnan(Symbol x) { return test(Code::Isnan, x); }

#define XGRAD_UNARY(name, Rule) Symbol name(Symbol x) { return rule(Code::Rule, x); }
XGRAD_UNARY(abs, Abs)
XGRAD_UNARY(acos, Acos)
XGRAD_UNARY(acosh, Acosh)
XGRAD_UNARY(asin, Asin)
XGRAD_UNARY(asinh, Asinh)
XGRAD_UNARY(atan, Atan)
XGRAD_UNARY(atanh, Atanh)
XGRAD_UNARY(cbrt, Cbrt)
XGRAD_UNARY(ceil, Ceil)
XGRAD_UNARY(cos, Cos)
XGRAD_UNARY(cosh, Cosh)
XGRAD_UNARY(erf, Erf)
XGRAD_UNARY(erfc, Erfc)
XGRAD_UNARY(exp, Exp)
XGRAD_UNARY(exp2, Exp2)
XGRAD_UNARY(expm1, Expm1)
XGRAD_UNARY(floor, Floor)
XGRAD_UNARY(frac, Frac)
XGRAD_UNARY(gelu, Gelu)
XGRAD_UNARY(gelu_tanh, GeluTanh)
XGRAD_UNARY(hardsigmoid, Hardsigmoid)
XGRAD_UNARY(hardswish, Hardswish)
XGRAD_UNARY(log, Log)
XGRAD_UNARY(log10, Log10)
XGRAD_UNARY(log1p, Log1p)
XGRAD_UNARY(log2, Log2)
XGRAD_UNARY(log_sigmoid, LogSigmoid)
XGRAD_UNARY(mish, Mish)
XGRAD_UNARY(normal_cdf, NormalCdf)
XGRAD_UNARY(reciprocal, Reciprocal)
XGRAD_UNARY(relu, Relu)
XGRAD_UNARY(relu6, Relu6)
XGRAD_UNARY(round, Round)
XGRAD_UNARY(rsqrt, Rsqrt)
XGRAD_UNARY(selu, Selu)
XGRAD_UNARY(sigmoid, Sigmoid)
XGRAD_UNARY(sign, Sign)
XGRAD_UNARY(silu, Silu)
XGRAD_UNARY(sin, Sin)
XGRAD_UNARY(sinh, Sinh)
XGRAD_UNARY(softsign, Softsign)
XGRAD_UNARY(sqrt, Sqrt)
XGRAD_UNARY(square, Square)
XGRAD_UNARY(step, Step)
XGRAD_UNARY(tan, Tan)
XGRAD_UNARY(tanh, Tanh)
XGRAD_UNARY(tanhshrink, Tanhshrink)
XGRAD_UNARY(trunc, Trunc)
#undef XGRAD_UNARY

Symbol atan2(Symbol a, Symbol b) { return rule(Code::Atan2, a, b); }
Symbol fmod(Symbol a, Symbol b) { return rule(Code::Fmod, a, b); }
Symbol hypot(Symbol a, Symbol b) { return rule(Code::Hypot, a, b); }
Symbol logaddexp(Symbol a, Symbol b) { return rule(Code::Logaddexp, a, b); }
Symbol maximum(Symbol a, Symbol b) { return rule(Code::Maximum, a, b); }
Symbol minimum(Symbol a, Symbol b) { return rule(Code::Minimum, a, b); }
Symbol pow(Symbol a, Symbol b) { return rule(Code::Pow, a, b); }
Symbol remainder(Symbol a, Symbol b) { return rule(Code::Remainder, a, b); }
Symbol xlogy(Symbol a, Symbol b) { return rule(Code::Xlogy, a, b); }
Symbol lerp(Symbol a, Symbol b, Symbol weight) { return rule(Code::Lerp, a, b, weight); }

Symbol celu(Symbol x, double alpha) { return rule(Code::Celu, x, Symbol(alpha)); }
Symbol clamp(Symbol x, double low, double high) { return rule(Code::Clamp, x, Symbol(low), Symbol(high)); }
Symbol elu(Symbol x, double alpha) { return rule(Code::Elu, x, Symbol(alpha)); }
Symbol leaky_relu(Symbol x, double slope) { return rule(Code::LeakyRelu, x, Symbol(slope)); }
Symbol softplus(Symbol x, double beta) { return rule(Code::Softplus, x, Symbol(beta)); }
// clang-format on

}  // namespace xgrad
