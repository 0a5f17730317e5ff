#include <xgrad/ops/internal/lift_program.hpp>
#include <xgrad/ops/internal/lift_trace.hpp>

namespace xgrad::detail {

constinit thread_local Trace* Trace::innermost = nullptr;

void Trace::refuse(const char* text) {
  if (!innermost || !innermost->site.file) throw ValueError(std::string("lift: ") + text);
  fail<ValueError>("lift", innermost->site, "{}", text);
}

Symbol Trace::emit(Code code, const Symbol* in) {
  using S = SymbolOf;
  const Row& row = row_of(code);
  const Symbol a = in[0], b = row.inputs > 1 ? in[1] : Symbol(), c = row.inputs > 2 ? in[2] : Symbol();
  // What is left out here does not change a bit.
  switch (code) {
    case Code::Mul:
      if (S::is(a, 1)) return b;
      if (S::is(b, 1)) return a;
      if (S::same(a, b)) return emit(Code::Square, &a);
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
  if (!asks) refuse("a comparison of symbols was asked for its answer outside of lift()");
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

Symbol apply_rule(Code code, const Symbol* in) {
  const int inputs = row_of(code).inputs;
  Trace* trace = nullptr;
  for (int i = 0; i < inputs; ++i) {
    Trace* t = SymbolOf::trace(in[i]);
    if (!t || t == trace) continue;
    if (trace) Trace::refuse("Symbols of two calls of lift() met");
    trace = t;
  }
  if (trace) return Trace::check(trace).emit(code, in);
  double numbers[3];
  for (int i = 0; i < inputs; ++i) numbers[i] = SymbolOf::number(in[i]);
  return fold(code, numbers);
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

}  // namespace xgrad::detail
