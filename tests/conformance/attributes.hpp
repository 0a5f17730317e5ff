#pragma once
// The attributes of a step, and the table of functions that read them.
#include <functional>

#include "cases.hpp"

namespace conformance {

using std::int64_t;
using In = const Tensors&;
using At = const Attributes&;
using Function = std::function<Tensors(In, At)>;
using Table = std::map<std::string, Function>;

void add_elementwise(Table& table);
void add_arrays(Table& table);
void add_indexing(Table& table);
void add_layers(Table& table);

/// What the interface has no words for, such as a reduction that there is not: refused like anything else.
[[noreturn]] inline void refuse(const char* key, const Json& given) {
  throw xgrad::ValueError(std::string(key) + ": " + given.dump() + " is no choice");
}

/// An attribute, or `missing` where there is none or null.
template <class T> T value(At a, const char* key, T missing) {
  return a.contains(key) && !a[key].is_null() ? a[key].get<T>() : missing;
}
inline bool flag(At a, const char* key, bool missing = false) { return value(a, key, missing); }
inline int64_t whole(At a, const char* key, int64_t missing) { return value(a, key, missing); }
inline int axis(At a, const char* key = "axis") { return a.at(key).get<int>(); }
/// Also "inf" and "-inf".
double number(At a, const char* key);
double number(At a, const char* key, double missing);
/// One number is a list of one.
std::vector<int64_t> list(At a, const char* key);
xgrad::Shape shape(At a, const char* key);
xgrad::Axes axes(At a, const char* key = "axis");
xgrad::Pair pair(At a, const char* key, xgrad::Pair missing);
xgrad::Reduction reduction(At a);

template <class T> struct Choice {
  const char* name;
  T value;
};
/// The choice that the attribute names; the first where there is none.
template <class T> T choose(At a, const char* key, std::initializer_list<Choice<T>> choices) {
  if (!a.contains(key)) return choices.begin()->value;
  for (const Choice<T>& choice : choices)
    if (a[key] == choice.name) return choice.value;
  refuse(key, a[key]);
}

/// Input i, or an undefined tensor.
inline Tensor at(In in, std::size_t i) { return i < in.size() ? in[i] : Tensor(); }

template <class F> Function one(F f) {
  return [f](In in, At a) { return Tensors{f(in.at(0), a)}; };
}
template <class F> Function two(F f) {
  return [f](In in, At a) { return Tensors{f(in.at(0), in.at(1), a)}; };
}

}  // namespace conformance
