#pragma once
// For tests with Catch2, 2 or 3:
//     CHECK_THAT(gradcheck(f, {a, b}), is_right_derivative());
#include <string>

#include <xgrad/engine/gradcheck.hpp>

#if __has_include(<catch2/matchers/catch_matchers.hpp>)
#include <catch2/catch_tostring.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#else
#include <catch2/catch.hpp>
namespace Catch::Matchers {
using Impl::MatcherBase;
}
#endif

namespace xgrad {

/// Matches the report of a check that found nothing wrong; a mismatch prints the report's text.
class IsRightDerivative : public Catch::Matchers::MatcherBase<GradcheckReport> {
 public:
  bool match(const GradcheckReport& report) const override { return report.ok; }
  std::string describe() const override { return "is right"; }
};
inline IsRightDerivative is_right_derivative() { return {}; }

}  // namespace xgrad

template <> struct Catch::StringMaker<xgrad::GradcheckReport> {
  static std::string convert(const xgrad::GradcheckReport& report) { return report.text; }
};
