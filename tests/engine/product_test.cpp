// The products below matmul: every form against a sum in long double, the kernels of every instruction set, bits.
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/kernels/product.hpp>

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using detail::i64;

/// A product, its arguments, and room around c that it must leave alone.
template <class T> struct Sample {
  bool ta = false, tb = false;
  i64 m, n, k;
  bool accumulate = false, has_bias = false;
  std::vector<T> a = random(m * k, 1), b = random(k * n, 2), bias = random(n, 3), c = random(m * (n + gap), 4);
  static constexpr i64 gap = 3;

  static std::vector<T> random(i64 size, std::uint64_t seed) {
    const Tensor drawn = random_tensor(Shape{size}, -1, 1, float64, seed);
    const double* const first = drawn.data<double>();
    return std::vector<T>(first, first + size);
  }
  std::vector<T> product() const {
    std::vector<T> to = c;
    detail::product(dtype_of<T>, ta, tb, m, n, k, a.data(), ta ? m : k, b.data(), tb ? k : n, to.data(), n + gap,
                    accumulate, has_bias ? bias.data() : nullptr);
    return to;
  }
  T at_a(i64 i, i64 l) const { return a[static_cast<std::size_t>(ta ? l * m + i : i * k + l)]; }
  T at_b(i64 l, i64 j) const { return b[static_cast<std::size_t>(tb ? j * k + l : l * n + j)]; }

  /// How far off the worst element is, in units of the rounding of its sum; infinity if what lies between was written.
  double error() const {
    const std::vector<T> got = product();
    double worst = 0;
    for (i64 i = 0; i < m; ++i)
      for (i64 j = 0; j < n + gap; ++j) {
        const auto at = static_cast<std::size_t>(i * (n + gap) + j);
        if (j >= n) {
          if (got[at] != c[at]) return std::numeric_limits<double>::infinity();
          continue;
        }
        long double sum = 0, size = 1;
        for (i64 l = 0; l < k; ++l) {
          const long double term = static_cast<long double>(at_a(i, l)) * at_b(l, j);
          sum += term, size += std::abs(term);
        }
        if (accumulate) sum += c[at];
        if (has_bias) sum += bias[static_cast<std::size_t>(j)];
        worst = std::max(worst, static_cast<double>(std::abs(sum - got[at]) / size));
      }
    return worst / std::numeric_limits<T>::epsilon();
  }
};

template <class T> void check(i64 m, i64 n, i64 k) {
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const int end : {0, 1, 2}) {
        CAPTURE(m, n, k, ta, tb, end, sizeof(T));
        CHECK(Sample<T>{.ta = ta, .tb = tb, .m = m, .n = n, .k = k, .accumulate = end == 1, .has_bias = end == 2}
                  .error() < 8 + std::sqrt(static_cast<double>(k)));
      }
}
template <class T> void check_all() {
  for (i64 n = 1; n <= 70; n += n < 52 ? 1 : 6) check<T>(n % 11 + 1, n, 5);  // every width of the last panel
  for (i64 m = 1; m <= 19; ++m) check<T>(m, 33, 3);                          // every height of the last one
  check<T>(70, 50, 40);                                                      // few columns: computed as rows
  check<T>(40, 6, 64);                                                       // nothing but those
  check<T>(3, 100, 600);                                                     // the sum in parts
  check<T>(130, 497, 70);  // tiles, and a single vector of columns in the end
  check<T>(200, 40, 300);
  check<T>(1, 300, 200);
  check<T>(300, 1, 200);
  check<T>(70, 80, 1);
  check<T>(5, 7, 0);
}

TEST_CASE("a product is right in every form, and writes nothing but c") {
  check_all<float>();
  check_all<double>();
  CHECK(Sample<float>{.m = 5000, .n = 7, .k = 3}.error() < 8);
  CHECK(Sample<float>{.m = 7, .n = 5000, .k = 3}.error() < 8);
}

TEST_CASE(
    "an element of a product has the same bits wherever it lies, however its factors lie, on any number of threads") {
  constexpr i64 m = 150, n = 1090, k = 300;
  const Sample<float> whole{.m = m, .n = n, .k = k};
  const std::vector<float> c = whole.product();
  for (const int count : {1, 2, 3}) {
    const Threads scope(count);
    CHECK(whole.product() == c);
  }
  // The smaller factor packed by each thread for itself, either of them, and in parts.
  for (const i64 rows : {130, 1100})
    for (const bool ta : {false, true})
      for (const int end : {0, 1, 2}) {
        const Sample<float> wide{
            .ta = ta, .tb = !ta, .m = rows, .n = 1230 - rows, .k = 600, .accumulate = end == 1, .has_bias = end == 2};
        const auto by = [&](int count) {
          const Threads scope(count);
          return wide.product();
        };
        CAPTURE(rows, ta, end);
        const std::vector<float> one = by(1);
        for (const int count : {2, 3, 8, 70}) CHECK(by(count) == one);
      }
  // A tall factor that is used up part by part on one thread.
  for (const i64 columns : {50, 10, 33})
    for (const bool ta : {false, true})
      for (const int end : {0, 1, 2}) {
        const Sample<float> tall{.ta = ta,
                                 .m = ta ? 500 : 2000,
                                 .n = columns,
                                 .k = ta ? 2000 : 500,
                                 .accumulate = end == 1,
                                 .has_bias = end == 2};
        CAPTURE(columns, ta, end);
        const auto by = [&](int count) {
          const Threads scope(count);
          return tall.product();
        };
        CHECK(by(1) == by(2));
      }
  // Of 50 columns, the last two are computed as rows where there are many rows.
  for (const int end : {0, 1, 2}) {
    const Sample<float> many{.m = 40, .n = 50, .k = k, .accumulate = end == 1, .has_bias = end == 2};
    const Sample<float> few{.m = 20, .n = 50, .k = k, .accumulate = end == 1, .has_bias = end == 2};
    const std::vector<float> all = many.product(), some = few.product();
    CHECK(std::equal(some.begin(), some.end(), all.begin()));
  }
  Sample<float> turned{.ta = true, .tb = true, .m = m, .n = n, .k = k};
  for (i64 l = 0; l < k; ++l) {
    for (i64 i = 0; i < m; ++i) turned.a[static_cast<std::size_t>(l * m + i)] = whole.at_a(i, l);
    for (i64 j = 0; j < n; ++j) turned.b[static_cast<std::size_t>(j * k + l)] = whole.at_b(l, j);
  }
  CHECK(turned.product() == c);
  Sample<float> last{.tb = true, .m = 2, .n = 3, .k = k};
  std::copy(whole.a.end() - 2 * k, whole.a.end(), last.a.begin());
  std::copy(turned.b.end() - 3 * k, turned.b.end(), last.b.begin());
  const std::vector<float> corner = last.product();
  for (i64 i = 0; i < 2; ++i)
    for (i64 j = 0; j < 3; ++j)
      CHECK(corner[static_cast<std::size_t>(i * 6 + j)] ==
            c[static_cast<std::size_t>((m - 2 + i) * (n + 3) + n - 3 + j)]);
}

TEMPLATE_TEST_CASE("a factor that is packed once gives the bits of a product", "", float, double) {
  for (const int threads : {1, 3})
    for (const bool tb : {false, true})
      for (const bool accumulate : {false, true})
        for (const i64 n : {1, 50, 1000})
          for (const i64 k : {0, 7, 600}) {
            const Threads scope(threads);
            CAPTURE(threads, tb, accumulate, n, k);
            const Sample<TestType> sample{.tb = tb, .m = 16, .n = n, .k = k, .accumulate = accumulate};
            const detail::PackedFactor b(dtype_of<TestType>, tb, n, k, sample.b.data(), tb ? k : n);
            std::vector<TestType> c = sample.c;
            b.multiply(16, sample.a.data(), k, c.data(), n + sample.gap, accumulate);
            // A product with a vector adds up in another order.
            if (n > 1) CHECK(c == sample.product());
            b.multiply(0, sample.a.data(), k, c.data(), n + sample.gap, false);
            b.multiply(3, sample.a.data(), k, c.data(), n + sample.gap, accumulate);
          }
}

TEST_CASE("zeros are multiplied like any number: with inf and nan they make nan, and only where they should") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const i64 n : {10, 50, 70}) {
    Sample<float> s{.m = 40, .n = n, .k = 64};
    std::fill(s.b.begin(), s.b.end(), 0.0f);
    s.a[3 * 64 + 5] = inf;
    s.a[39 * 64 + 63] = nan;
    const std::vector<float> c = s.product();
    for (i64 i = 0; i < s.m; ++i)
      for (i64 j = 0; j < n; ++j) {
        const float got = c[static_cast<std::size_t>(i * (n + 3) + j)];
        CHECK((i == 3 || i == 39 ? std::isnan(got) : got == 0));
      }
  }
}

/// One block by the kernels of an instruction set, both factors packed.
template <class T> std::vector<T> block(const detail::ProductKernels<T>& kernels, i64 m, i64 n, i64 k) {
  const Sample<T> s{.m = m, .n = n, .k = k};
  std::vector<T> a(static_cast<std::size_t>((m + kernels.rows) * k)),
      b(static_cast<std::size_t>((n + kernels.columns) * k)), c(static_cast<std::size_t>(m * n));
  kernels.pack_a({s.a.data(), k, 1}, m, k, a.data());
  kernels.pack_b({s.b.data(), 1, n}, n, k, b.data());
  kernels.multiply({.m = m,
                    .n = n,
                    .k = k,
                    .a = {a.data(), 1, kernels.rows},
                    .a_packed = true,
                    .b = b.data(),
                    .b_step = 0,
                    .c = c.data(),
                    .ldc = n,
                    .bias = s.bias.data(),
                    .accumulate = false});
  for (i64 i = 0; i < m; ++i)
    for (i64 j = 0; j < n; ++j) {
      long double sum = s.bias[static_cast<std::size_t>(j)];
      for (i64 l = 0; l < k; ++l) sum += static_cast<long double>(s.at_a(i, l)) * s.at_b(l, j);
      CHECK(std::abs(static_cast<double>(sum - c[static_cast<std::size_t>(i * n + j)])) <
            16 * static_cast<double>(k) * std::numeric_limits<T>::epsilon());
    }
  return c;
}

TEMPLATE_TEST_CASE("the kernels of every instruction set", "", float, double) {
  for (const i64 n : {1, 7, 16, 31, 50, 64, 100}) {
    std::vector<TestType> fused;
    for (int arch = 0; arch <= detail::arch_index(); ++arch) {
      CAPTURE(n, arch);
      const detail::ProductTable& table = *detail::product_tables[arch];
      std::vector<TestType> c;
      if constexpr (sizeof(TestType) == 4) c = block(table.float32, 13, n, 37);
      else c = block(table.float64, 13, n, 37);
      if (arch == 1) fused = c;
      if (arch == 2) CHECK(c == fused);
    }
  }
}

}  // namespace
}  // namespace xgrad::tests
