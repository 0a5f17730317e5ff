// Random streams: the same numbers everywhere, addressed by counter, and distributed as they should be.
#include <xgrad/engine/error.hpp>
#include <xgrad/engine/random.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {

TEST_CASE("random: pinned numbers", "[random]") {
  // The known answer of Philox4x32-10 for counter 0 and key 0 (Random123's kat_vectors).
  Random zero(0);
  CHECK(zero.bits() == 0xe169c58d6627e8d5);
  CHECK(zero.bits() == 0x9b00dbd8bc57ac4c);

  Random random(1);
  for (const std::uint64_t bits : {0xe50a0ebce3e80670, 0xb615aa2795f222c0, 0xdfc5ccbeac08141b, 0xa7f6609379c07a47})
    CHECK(random.bits() == bits);
  for (const double u : {0.55650023306892282, 0.92158832929868473}) CHECK(random.uniform() == u);
  random.set_position(8);
  for (const double z : {0.42141392306237768, 0.96981908662149563}) CHECK(random.normal() == z);

  Random stream(7, 3);
  CHECK(permutation(stream, 10).to_vector<std::int64_t>() == std::vector<std::int64_t>{6, 4, 0, 2, 9, 8, 7, 3, 5, 1});
}

TEST_CASE("random: seed, stream and position are all there is to a stream", "[random]") {
  Random a(5, 2), b(5, 2), other_seed(6, 2), other_stream(5, 3);
  CHECK(same_bits(normal(a, {100}), normal(b, {100})));
  CHECK(a.position() == 100);
  const Tensor next = uniform(a, {50});
  Random resumed(5, 2);
  resumed.set_position(100);
  CHECK(same_bits(uniform(resumed, {50}), next));
  b.set_position(0);
  const std::uint64_t first = b.bits();
  CHECK(other_seed.bits() != first);
  CHECK(other_stream.bits() != first);
  // One call for ten numbers, or ten for one: the same.
  Random whole(9), pieces(9);
  const std::vector<float> together = uniform(whole, {10}).to_vector<float>();
  for (float u : together) CHECK(uniform(pieces, {1}).item() == u);
}

TEST_CASE("random: moments and tails", "[random]") {
  constexpr int n = 200'000;
  Random random(3);
  const std::vector<double> u = uniform(random, {n}, -1, 3, float64).to_vector<double>();
  const std::vector<double> z = normal(random, {n}, 2, 3, float64).to_vector<double>();
  const auto moment = [](const std::vector<double>& v, double centre, double scale, int power) {
    double sum = 0;
    for (double x : v) sum += std::pow((x - centre) / scale, power);
    return sum / static_cast<double>(v.size());
  };
  CHECK(*std::min_element(u.begin(), u.end()) >= -1);
  CHECK(*std::max_element(u.begin(), u.end()) < 3);
  CHECK(std::abs(moment(u, 1, 2, 1)) < 0.006);  // about 4.5 standard errors
  CHECK(std::abs(moment(u, 1, 2, 2) - 1.0 / 3) < 0.004);
  CHECK(std::abs(moment(z, 2, 3, 1)) < 0.01);
  CHECK(std::abs(moment(z, 2, 3, 2) - 1) < 0.015);
  CHECK(std::abs(moment(z, 2, 3, 3)) < 0.04);
  CHECK(std::abs(moment(z, 2, 3, 4) - 3) < 0.1);
  CHECK(*std::max_element(z.begin(), z.end()) > 2 + 3 * 4);
  const auto beyond =
      std::count_if(z.begin(), z.end(), [](double x) { return std::abs(x - 2) > 3 * 1.959963984540054; });
  CHECK(std::abs(static_cast<double>(beyond) / n - 0.05) < 0.0022);
}

TEST_CASE("random: normal is the inverse of its distribution function", "[random]") {
  // At the position of a draw u, normal() must be where the distribution function is u.
  Random u(11), z(11);
  for (int i = 0; i < 2000; ++i) {
    const double p = u.uniform(), x = z.normal();
    CHECK(std::abs(0.5 * std::erfc(-x / std::sqrt(2.0)) - p) < 4e-16 + 4e-15 * p);
  }
}

TEST_CASE("random: uniform float32 stays below its upper end", "[random]") {
  // The draw at this position has its 25 highest bits set: rounding it to float32 would give 1.
  Random random(1);
  random.set_position(38702312);
  CHECK(random.bits() >> 39 == (1u << 25) - 1);
  random.set_position(38702312);
  CHECK(uniform(random, {1}).item() < 1);
}

TEST_CASE("random: below has no bias", "[random]") {
  Random random(4);
  constexpr int n = 120'000;
  for (const std::int64_t bound : {1, 2, 3, 6, 7, 10}) {
    std::vector<double> counts(static_cast<std::size_t>(bound));
    for (int i = 0; i < n; ++i) {
      const std::int64_t k = random.below(bound);
      REQUIRE((k >= 0 && k < bound));
      ++counts[static_cast<std::size_t>(k)];
    }
    const double expected = static_cast<double>(n) / static_cast<double>(bound);
    double chi2 = 0;
    for (double c : counts) chi2 += (c - expected) * (c - expected) / expected;
    CHECK(chi2 < 30);  // 9 degrees of freedom at most: a chance of 4e-4
  }
  // 2^64 is 8/3 of this bound: without rejection some numbers come three times for every two of others.
  const std::int64_t bound = std::int64_t{3} << 61;
  int counts[3] = {}, low = 0;
  for (int i = 0; i < n; ++i) {
    const std::int64_t k = random.below(bound);
    ++counts[k % 3];
    low += k < bound / 2;
  }
  for (int count : counts) CHECK(std::abs(count - n / 3) < 800);
  CHECK(std::abs(low - n / 2) < 800);
}

TEST_CASE("random: a permutation has every number once, in every order alike", "[random]") {
  Random random(8);
  std::vector<std::int64_t> order = permutation(random, 1000).to_vector<std::int64_t>();
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> all(1000);
  std::iota(all.begin(), all.end(), 0);
  CHECK(order == all);
  CHECK(permutation(random, 0).size() == 0);
  CHECK(permutation(random, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{0});
  int counts[6] = {};
  for (int i = 0; i < 6000; ++i) {
    const Tensor p = permutation(random, 3);
    const std::int64_t* k = p.data<std::int64_t>();
    ++counts[k[0] * 2 + (k[1] > k[2])];
  }
  for (int count : counts) CHECK(std::abs(count - 1000) < 130);
}

TEST_CASE("random: refused arguments", "[random]") {
  Random random(1);
  CHECK_THAT(error_here<ValueError>([&] { uniform(random, {2}, 1, 0); }), contains("uniform: bounds 1 and 0"));
  CHECK_THAT(error_of<ValueError>([&] { uniform(random, {2}, 0, INFINITY); }), contains("uniform"));
  CHECK_THAT(error_of<ValueError>([&] { normal(random, {2}, 0, -1); }), contains("normal: mean 0 and std -1"));
  CHECK_THAT(error_of<DTypeError>([&] { normal(random, {2}, 0, 1, int64); }), contains("int64"));
  CHECK_THAT(error_of<ValueError>([&] { permutation(random, -1); }), contains("permutation: -1 elements"));
}

}  // namespace xgrad::tests
