#pragma once
#include <initializer_list>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/random.hpp>
#include <xgrad/nn/parameter.hpp>
#include <xgrad/ops/pair.hpp>

// How layers start, and what they refuse.
namespace xgrad::nn::layers {

using xgrad::detail::fail;
using xgrad::detail::SiteScope;

/// Elements from U(-bound, bound).
inline Parameter uniform_within(double bound, Random& random, const Shape& shape, DType dtype, Site site) {
  return Parameter(uniform(random, shape, -bound, bound, dtype, site), site);
}

/// A number with its name, for check_least().
struct Named {
  const char* name;
  std::int64_t value;
};
/// ValueError where one of them is below `least`.
inline void check_least(const char* layer, std::int64_t least, std::initializer_list<Named> numbers, Site site) {
  for (const Named& n : numbers)
    if (n.value < least) fail<ValueError>(layer, site, "{} is {}, expected {} or more", n.name, n.value, least);
}

inline void check_probability(const char* layer, const char* name, double p, Site site) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>(layer, site, "{} is {}, expected a probability", name, p);
}

/// "3", or "(3, 5)".
inline std::string written(const Pair& pair) {
  return pair.h == pair.w ? std::to_string(pair.h) : fmt::format("({}, {})", pair.h, pair.w);
}

/// The shape of x; () where it has none.
inline Shape shape_of(const Operand& x) { return x.tensor ? x.tensor->shape() : Shape(); }

}  // namespace xgrad::nn::layers
