#pragma once
// Catch2, 2.x or 3.x: what the two spell differently has one name here, in xgrad::tests:
// Approx, and contains(part) for CHECK_THAT(text, contains("(2, 3)")).
#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>

namespace xgrad::tests {
using Catch::Approx;
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
}  // namespace xgrad::tests

#else
#include <catch2/catch.hpp>

namespace xgrad::tests {
using Catch::Detail::Approx;
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
}  // namespace xgrad::tests

#endif
