#include <xgrad/ops/internal/lift_program.hpp>
#include <xgrad/ops/internal/lift_trace.hpp>

#include <algorithm>

namespace xgrad::detail {

void retain(Program* program) noexcept { program->references.fetch_add(1, std::memory_order_relaxed); }
void release(Program* program) noexcept {
  if (program->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete program;
}

namespace {

/// Takes over from a trace the terms that are needed.
class Extraction {
 public:
  Extraction(const Trace& trace, Program& p) : terms_(trace.terms()), place_(terms_.size(), unused), p_(p) {}

  void mark(const std::vector<u32>& roots) {
    for (u32 root : roots) place_[root] = 0;
    for (u32 id = static_cast<u32>(terms_.size()); id-- > 0;)
      if (place_[id] != unused)
        for (int i = 0; i < inputs_of(id); ++i) place_[operand(id, i)] = 0;
  }

  void inputs(int count, std::vector<int>* from) {
    std::vector<u32> ids(static_cast<std::size_t>(count), unused);
    for (u32 id = 0; id < terms_.size(); ++id)
      if (place_[id] != unused && terms_[id].code == Code::input) ids[terms_[id].in[0]] = id;
    for (int i = 0; i < count; ++i) {
      const u32 id = ids[static_cast<std::size_t>(i)];
      if (from && id == unused) continue;
      if (from) from->push_back(i);
      if (id != unused) place_[id] = static_cast<u32>(p_.inputs), p_.reads |= 1u << std::min(p_.inputs, 31);
      ++p_.inputs;
    }
  }

  void numbers() {
    for (u32 id = 0; id < terms_.size(); ++id) {
      if (place_[id] == unused || terms_[id].code != Code::number) continue;
      place_[id] = p_.first_step();
      p_.numbers.push_back(std::bit_cast<double>(terms_[id].bits));
      p_.numbers32.push_back(static_cast<float>(p_.numbers.back()));
    }
  }

  void steps() {
    for (u32 id = 0; id < terms_.size(); ++id) {
      if (place_[id] == unused || !is_step(id)) continue;
      place_[id] = static_cast<u32>(p_.values());
      Program::Step step{terms_[id].code, {0, 0, 0}};
      for (int i = 0; i < inputs_of(id); ++i) step.in[i] = place_[operand(id, i)];
      p_.steps.push_back(step);
    }
  }

  void results(const std::vector<u32>& roots) {
    for (u32 root : roots) {
      u32 at = place_[root];
      if (at < p_.first_step() || std::count(p_.results.begin(), p_.results.end(), at) > 0) {
        p_.steps.push_back({Code::Identity, {at, 0, 0}});
        at = static_cast<u32>(p_.values()) - 1;
      }
      p_.results.push_back(at);
    }
  }

 private:
  static constexpr u32 unused = ~0u;
  bool is_step(u32 id) const { return terms_[id].code < Code::input; }
  int inputs_of(u32 id) const { return is_step(id) ? row_of(terms_[id].code).inputs : 0; }
  u32 operand(u32 id, int i) const { return terms_[id].in[static_cast<std::size_t>(i)]; }

  const std::vector<Trace::Term>& terms_;
  std::vector<u32> place_;  // the values' numbers
  Program& p_;
};

}  // namespace

Program* make_program(Trace& trace, int inputs, const std::vector<Symbol>& results, std::vector<int>* from) {
  auto p = std::make_unique<Program>();
  std::vector<u32> roots;
  for (Symbol s : results) roots.push_back(trace.id_of(s));
  Extraction extraction(trace, *p);
  extraction.mark(roots);
  extraction.inputs(inputs, from);
  extraction.numbers();
  extraction.steps();
  extraction.results(roots);
  schedule(*p);
  return p.release();
}

}  // namespace xgrad::detail
