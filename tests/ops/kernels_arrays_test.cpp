// Kernels over whole arrays: reductions, softmax, products with vectors, moves, on every instruction set.
#include <catch.hpp>

#include <xgrad/engine/kernels/arrays.hpp>

#include "kernels.hpp"

#include <algorithm>
#include <random>

namespace xgrad::tests {
namespace {

using Size = std::int64_t;

template <class T> const detail::ArrayKernels<T>& arrays(int arch) { return detail::array_tables[arch]->of<T>(); }

template <class T> std::vector<T> numbers(Size n, unsigned seed, T low = -2, T high = 2) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<T> uniform(low, high);
  std::vector<T> values(static_cast<std::size_t>(n));
  for (T& v : values) v = uniform(random);
  return values;
}

struct Shape3 {
  Size outer, n, inner;
  Size size() const { return outer * n * inner; }
  Size results() const { return outer * inner; }
  std::size_t at(Size o, Size i, Size k) const { return static_cast<std::size_t>((o * n + i) * inner + k); }
};

const std::vector<Shape3>& shapes() {
  static const std::vector<Shape3> all = [] {
    std::vector<Shape3> list;
    for (Size n : {1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 17, 31, 33, 50, 64, 65, 100, 255, 257, 300, 1030})
      list.push_back({3, n, 1});
    for (Size inner : {2, 3, 7, 8, 9, 10, 16, 17, 50, 63, 64, 65, 130})
      for (Size n : {1, 2, 5, 64, 70, 300}) list.push_back({2, n, inner});
    list.push_back({1, 5000, 3});
    return list;
  }();
  return all;
}

/// f(elements along the middle axis, o, k) for every result.
template <class T, class F> void each_line(const Shape3& s, const std::vector<T>& x, F f) {
  for (Size o = 0; o < s.outer; ++o)
    for (Size k = 0; k < s.inner; ++k) {
      std::vector<T> line;
      for (Size i = 0; i < s.n; ++i) line.push_back(x[s.at(o, i, k)]);
      f(line, static_cast<std::size_t>(o * s.inner + k), o, k);
    }
}

template <class T> bool near(const std::vector<T>& a, const std::vector<double>& b, double tolerance) {
  for (std::size_t i = 0; i < b.size(); ++i)
    if (!(std::abs(static_cast<double>(a[i]) - b[i]) <= tolerance * std::max(1.0, std::abs(b[i])))) return false;
  return a.size() == b.size();
}

template <class T> inline constexpr double epsilon = std::numeric_limits<T>::epsilon();

}  // namespace

TEMPLATE_TEST_CASE("sums are near the exact ones, and have the same bits on every instruction set", "[kernels]", float,
                   double) {
  using T = TestType;
  for (const Shape3& s : shapes()) {
    const std::vector<T> x = numbers<T>(s.size(), 3);
    std::vector<double> exact(static_cast<std::size_t>(s.results()));
    each_line(s, x, [&](const auto& line, std::size_t r, Size, Size) {
      for (T v : line) exact[r] += static_cast<double>(v);
    });
    std::vector<T> first;
    for (int arch = 0; arch < arch_count(); ++arch) {
      std::vector<T> y(static_cast<std::size_t>(s.results()), 7), added(y);
      arrays<T>(arch).sum(x.data(), s.outer, s.n, s.inner, y.data(), false);
      arrays<T>(arch).sum(x.data(), s.outer, s.n, s.inner, added.data(), true);
      INFO(s.outer << " " << s.n << " " << s.inner << " set " << arch);
      CHECK(near(y, exact, static_cast<double>(4 + s.n) * epsilon<T>));
      for (T& v : y) v += 7;
      CHECK(same_bits(added, y));
      if (arch == 0) first = y;
      CHECK(same_bits(y, first));
    }
  }
}

TEST_CASE("a float32 sum of 1e7 is right to 3e-7", "[kernels]") {
  const std::vector<float> x(10000000, 0.1F);  // rounding errors of one sign, which random numbers would even out
  double exact = 0;
  for (float v : x) exact += static_cast<double>(v);
  for (int arch = 0; arch < arch_count(); ++arch) {
    float row, columns[8];
    arrays<float>(arch).sum(x.data(), 1, 10000000, 1, &row, false);
    CHECK(std::abs(static_cast<double>(row) / exact - 1) < 3e-7);
    arrays<float>(arch).sum(x.data(), 1, 1250000, 8, columns, false);
    double total = 0;
    for (float c : columns) total += static_cast<double>(c);
    CHECK(std::abs(total / exact - 1) < 3e-7);
  }
}

TEMPLATE_TEST_CASE("max, min and argmax: the first of equals, and nan before all", "[kernels]", float, double) {
  using T = TestType;
  std::mt19937 random(5);
  for (const Shape3& s : shapes())
    for (bool with_nan : {false, true}) {
      std::vector<T> x = numbers<T>(s.size(), 3);
      for (T& v : x) v = std::round(v * 2);  // many equals
      if (with_nan)
        for (Size i = 0; i < 1 + s.size() / 50; ++i) x[random() % x.size()] = std::numeric_limits<T>::quiet_NaN();
      for (int arch = 0; arch < arch_count(); ++arch) {
        const auto results = static_cast<std::size_t>(s.results());
        std::vector<T> largest(results), smallest(results);
        std::vector<std::int64_t> where(results);
        arrays<T>(arch).max(x.data(), s.outer, s.n, s.inner, largest.data());
        arrays<T>(arch).min(x.data(), s.outer, s.n, s.inner, smallest.data());
        arrays<T>(arch).argmax(x.data(), s.outer, s.n, s.inner, where.data());
        bool right = true;
        each_line(s, x, [&](const std::vector<T>& line, std::size_t r, Size, Size) {
          const auto nan = std::find_if(line.begin(), line.end(), [](T v) { return std::isnan(v); });
          if (nan != line.end()) {
            right = right && std::isnan(largest[r]) && std::isnan(smallest[r]) && where[r] == nan - line.begin();
          } else {
            const auto top = std::max_element(line.begin(), line.end());
            right = right && largest[r] == *top && where[r] == top - line.begin() &&
                    smallest[r] == *std::min_element(line.begin(), line.end());
          }
        });
        INFO(s.outer << " " << s.n << " " << s.inner << " set " << arch);
        CHECK(right);
      }
    }
}

TEMPLATE_TEST_CASE("softmax, its logarithm and logsumexp, with their derivatives", "[kernels]", float, double) {
  using T = TestType;
  for (const Shape3& s : shapes())
    for (T offset : {T(0), T(1000), T(-1000)}) {
      std::vector<T> x = numbers<T>(s.size(), 9, -5, 5);
      for (T& v : x) v += offset;
      const std::vector<T> g = numbers<T>(s.size(), 10);
      std::vector<double> y(x.size()), log_y(x.size()), total(static_cast<std::size_t>(s.results())), dy(x.size()),
          dlog(x.size());
      each_line(s, x, [&](const std::vector<T>& line, std::size_t r, Size o, Size k) {
        const T top = *std::max_element(line.begin(), line.end());
        long double sum = 0, gy = 0, gs = 0;
        for (T v : line) sum += std::exp(static_cast<long double>(v) - top);
        total[r] = static_cast<double>(top + std::log(sum));
        for (Size i = 0; i < s.n; ++i) {
          const std::size_t at = s.at(o, i, k);
          const long double l = static_cast<long double>(x[at]) - top - std::log(sum);
          log_y[at] = static_cast<double>(l), y[at] = static_cast<double>(std::exp(l));
          gy += g[at] * std::exp(l), gs += g[at];
        }
        for (Size i = 0; i < s.n; ++i) {
          const std::size_t at = s.at(o, i, k);
          dy[at] = static_cast<double>(y[at] * (g[at] - gy)), dlog[at] = static_cast<double>(g[at] - y[at] * gs);
        }
      });
      for (int arch = 0; arch < arch_count(); ++arch) {
        const auto& k = arrays<T>(arch);
        std::vector<T> a(x.size()), b(x.size()), c(total.size()), d(x.size(), 1), e(x.size(), 1);
        k.softmax(x.data(), s.outer, s.n, s.inner, a.data());
        k.log_softmax(x.data(), s.outer, s.n, s.inner, b.data());
        k.logsumexp(x.data(), s.outer, s.n, s.inner, c.data());
        INFO(s.outer << " " << s.n << " " << s.inner << " set " << arch << " offset " << offset);
        CHECK(near(a, y, 10 * epsilon<T>));
        CHECK(near(b, log_y, 10 * epsilon<T>));
        CHECK(near(c, total, 2 * epsilon<T>));
        k.softmax_grad(g.data(), a.data(), s.outer, s.n, s.inner, d.data(), false);
        CHECK(near(d, dy, 20 * epsilon<T>));
        k.log_softmax_grad(g.data(), b.data(), s.outer, s.n, s.inner, e.data(), true);
        for (double& v : dlog) v += 1;
        CHECK(near(e, dlog, 100 * epsilon<T>));
        for (double& v : dlog) v -= 1;
        std::vector<T> in_place(x);
        k.softmax(in_place.data(), s.outer, s.n, s.inner, in_place.data());
        CHECK(same_bits(in_place, a));
      }
    }
}

TEMPLATE_TEST_CASE("softmax with infinite entries", "[kernels]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity();
  for (Size inner : {1, 2})
    for (int arch = 0; arch < arch_count(); ++arch) {
      std::vector<T> x, y(static_cast<std::size_t>(3 * inner)), sum(2);
      for (T v : {-inf, T(2), T(2)}) x.insert(x.end(), static_cast<std::size_t>(inner), v);
      arrays<T>(arch).softmax(x.data(), 1, 3, inner, y.data());
      CHECK((y.front() == 0 && y.back() == T(0.5)));
      arrays<T>(arch).log_softmax(x.data(), 1, 3, inner, y.data());
      CHECK(y.front() == -inf);
      const std::vector<T> all_low(static_cast<std::size_t>(3 * inner), -inf);
      arrays<T>(arch).logsumexp(all_low.data(), 1, 3, inner, sum.data());
      CHECK(sum[0] == -inf);
      x[0] = inf;
      arrays<T>(arch).logsumexp(x.data(), 1, 3, inner, sum.data());
      CHECK(sum[0] == inf);
    }
}

TEMPLATE_TEST_CASE("matrices times vectors", "[kernels]", float, double) {
  using T = TestType;
  for (Size rows : {1, 2, 3, 4, 5, 9, 70})
    for (Size columns : {1, 3, 8, 10, 16, 17, 40, 64, 65, 100, 130}) {
      const Size stride = columns + 3;
      const std::vector<T> w = numbers<T>(rows * stride, 1), x = numbers<T>(rows, 2), z = numbers<T>(columns, 3);
      const auto index = [&](Size i, Size j) { return static_cast<std::size_t>(i * stride + j); };
      std::vector<double> down(z.size()), across(x.size()), outer(w.begin(), w.end());
      for (Size i = 0; i < rows; ++i)
        for (Size j = 0; j < columns; ++j) {
          const auto ui = static_cast<std::size_t>(i), uj = static_cast<std::size_t>(j);
          down[uj] += static_cast<double>(w[index(i, j)]) * static_cast<double>(x[ui]);
          across[ui] += static_cast<double>(w[index(i, j)]) * static_cast<double>(z[uj]);
          outer[index(i, j)] += 0.5 * static_cast<double>(x[ui]) * static_cast<double>(z[uj]);
        }
      for (int arch = 0; arch < arch_count(); ++arch)
        for (bool accumulate : {false, true}) {
          const auto& k = arrays<T>(arch);
          std::vector<T> a(z.size(), T(accumulate ? 0 : 3)), b(x.size(), T(accumulate ? 0 : 3)), c(w);
          k.transposed_times_vector(w.data(), rows, columns, stride, x.data(), a.data(), accumulate);
          k.times_vector(w.data(), rows, columns, stride, z.data(), b.data(), accumulate);
          k.add_outer(c.data(), rows, columns, stride, T(0.5), x.data(), z.data());
          std::vector<T> fresh(c.size(), 9);
          k.outer(fresh.data(), rows, columns, stride, T(0.5), x.data(), z.data());
          INFO(rows << " x " << columns << " set " << arch);
          CHECK(near(a, down, 100 * epsilon<T>));
          CHECK(near(b, across, 100 * epsilon<T>));
          CHECK(near(c, outer, 4 * epsilon<T>));
          CHECK(fresh[index(rows - 1, columns - 1)] == T(0.5) * x.back() * z.back());
          CHECK(fresh.back() == 9);  // between the rows
        }
    }
}

TEMPLATE_TEST_CASE("transposed, by blocks and along strides", "[kernels]", float, double, std::uint8_t) {
  using T = TestType;
  constexpr int dtype = sizeof(T) == 4 ? 0 : sizeof(T) == 8 ? 1 : 3;
  for (int arch = 0; arch < arch_count(); ++arch) {
    const detail::MoveKernels& kernels = detail::array_tables[arch]->move[dtype];
    for (Size rows : {1, 3, 5, 16, 33})
      for (Size columns : {1, 2, 7, 16, 40}) {
        std::vector<T> x(static_cast<std::size_t>(rows * columns)), y(x.size()), strided(x.size()), expected(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i);
        for (Size i = 0; i < rows; ++i)
          for (Size j = 0; j < columns; ++j)
            expected[static_cast<std::size_t>(j * rows + i)] = x[static_cast<std::size_t>(i * columns + j)];
        kernels.transpose(x.data(), rows, columns, columns, y.data(), rows);
        CHECK(y == expected);
        detail::Loop loop{};
        loop.axes = 2;
        loop.extent[0] = columns, loop.extent[1] = rows;
        loop.stride[0][0] = rows, loop.stride[0][1] = 1, loop.stride[1][0] = 1, loop.stride[1][1] = columns;
        kernels.copy(loop, x.data(), strided.data());
        CHECK(strided == expected);
      }
  }
}

TEST_CASE("elements are converted as C++ does, and what int64 cannot hold is reported", "[kernels]") {
  for (int arch = 0; arch < arch_count(); ++arch) {
    const detail::ArrayTable& table = *detail::array_tables[arch];
    const std::vector<double> from{1.9, -1.9, 0, 9e18, 0x1p63, std::nan("")};
    std::vector<std::int64_t> to(6);
    CHECK(table.convert[1][2](from.data(), to.data(), 4) == -1);
    CHECK(to == std::vector<std::int64_t>{1, -1, 0, 9000000000000000000, 0, 0});
    CHECK(table.convert[1][2](from.data(), to.data(), 6) == 4);
    CHECK(table.convert[1][2](from.data() + 5, to.data(), 1) == 0);
    std::vector<std::uint8_t> masks(6);
    CHECK(table.convert[1][3](from.data(), masks.data(), 6) == -1);
    CHECK(masks == std::vector<std::uint8_t>{1, 1, 0, 1, 1, 1});
    std::vector<float> floats(6);
    table.convert[3][0](masks.data(), floats.data(), 6);
    CHECK(floats == std::vector<float>{1, 1, 0, 1, 1, 1});
    const std::vector<std::int64_t> big{16777217, -3};
    table.convert[2][0](big.data(), floats.data(), 2);
    CHECK((floats[0] == 16777216.0F && floats[1] == -3));
  }
}

}  // namespace xgrad::tests
