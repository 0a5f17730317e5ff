#pragma once
// Reading a function: it is called on symbols and leaves terms.
#include <xgrad/ops/internal/lift_rules.hpp>

#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace xgrad::detail {

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
    refuse("a Symbol was used outside of the call of lift() it was made for");
  }
  /// ValueError, with the line of the innermost call of lift(), if there is one.
  [[noreturn]] static void refuse(const char* text);

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

}  // namespace xgrad::detail
