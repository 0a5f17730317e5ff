// What a wrong derivative has in common with the right one.
#include <xgrad/engine/internal/gradcheck.hpp>

#include <algorithm>
#include <cmath>

namespace xgrad::detail {
namespace {

class Comparison {
 public:
  explicit Comparison(const BothJacobians& both) : both_(both) {}

  GradcheckCause cause(double& factor) const {
    if (every([](double a, double) { return a == 0; })) return GradcheckCause::cut_off;
    factor = common_factor();
    if (factor == -1) return GradcheckCause::sign;
    if (factor != 0) return GradcheckCause::factor;
    if (input_transposed() || result_transposed()) return GradcheckCause::transposed;
    if (both_.rows > 1 && rows_are_alike()) return GradcheckCause::upstream;
    if (parts_are_missing()) return is_broadcast() ? GradcheckCause::missing_sum : GradcheckCause::overwritten;
    if (same_numbers()) return GradcheckCause::misplaced;
    return GradcheckCause::other;
  }

 private:
  std::size_t count() const { return both_.rows * both_.columns; }
  bool near(double a, double n, std::size_t i) const { return std::abs(a - n) <= 10 * both_.allowed[i]; }
  template <class F> bool every(F holds) const {
    for (std::size_t i = 0; i < count(); ++i)
      if (!holds(both_.analytic[i], both_.numeric[i])) return false;
    return true;
  }
  /// Whether the analytic numbers are the numeric ones taken from elsewhere, and at least one is not where it is.
  template <class F> bool taken_from(F place) const {
    bool moved = false;
    for (std::size_t k = 0; k < both_.rows; ++k)
      for (std::size_t i = 0; i < both_.columns; ++i) {
        const std::size_t here = k * both_.columns + i, there = place(k, i);
        if (!near(both_.analytic[here], both_.numeric[there], here)) return false;
        moved = moved || there != here;
      }
    return moved;
  }

  /// 0: there is none.
  double common_factor() const {
    const auto size = [](double x, double y) { return std::abs(x) < std::abs(y); };
    const auto most = std::max_element(both_.numeric.begin(), both_.numeric.end(), size);
    if (*most == 0) return 0;
    double c = both_.analytic[static_cast<std::size_t>(most - both_.numeric.begin())] / *most;
    if (!std::isfinite(c) || c == 0) return 0;
    if (std::abs(c - std::round(c)) < 1e-6) c = std::round(c);
    if (c == 0 || c == 1) return 0;
    for (std::size_t i = 0; i < count(); ++i) {
      const double expected = c * both_.numeric[i];
      if (std::abs(both_.analytic[i] - expected) > 1e-6 * std::abs(expected) + 10 * std::abs(c) * both_.allowed[i])
        return 0;
    }
    return c;
  }

  bool input_transposed() const {
    const int rank = both_.input.rank();
    if (rank < 2) return false;
    const auto r = static_cast<std::size_t>(both_.input[rank - 2]), c = static_cast<std::size_t>(both_.input[rank - 1]);
    return taken_from([&](std::size_t k, std::size_t i) {
      const std::size_t matrix = i / (r * c) * (r * c), j = i % (r * c);
      // Element j of the transposed matrix, c x r, as it lies in memory.
      return k * both_.columns + matrix + j % r * c + j / r;
    });
  }
  bool result_transposed() const {
    const int rank = both_.result.rank();
    if (both_.weighted || rank < 2 || static_cast<std::size_t>(both_.result.size()) != both_.rows) return false;
    const auto r = static_cast<std::size_t>(both_.result[rank - 2]),
               c = static_cast<std::size_t>(both_.result[rank - 1]);
    return taken_from([&](std::size_t k, std::size_t i) {
      const std::size_t matrix = k / (r * c) * (r * c), j = k % (r * c);
      return (matrix + j % r * c + j / r) * both_.columns + i;
    });
  }
  bool rows_are_alike() const {
    bool numeric_alike = true;
    for (std::size_t k = 1; k < both_.rows; ++k)
      for (std::size_t i = 0; i < both_.columns; ++i) {
        const std::size_t here = k * both_.columns + i;
        if (!near(both_.analytic[here], both_.analytic[i], here)) return false;
        numeric_alike = numeric_alike && near(both_.numeric[here], both_.numeric[i], here);
      }
    return !numeric_alike;
  }
  /// Each number is right or zero, and no column is zero throughout.
  bool parts_are_missing() const {
    if (both_.weighted) return false;
    for (std::size_t i = 0; i < both_.columns; ++i) {
      bool any = false, wanted = false;
      for (std::size_t k = 0; k < both_.rows; ++k) {
        const std::size_t here = k * both_.columns + i;
        const double a = both_.analytic[here], n = both_.numeric[here];
        if (a != 0 && !near(a, n, here)) return false;
        any = any || a != 0;
        wanted = wanted || std::abs(n) > 10 * both_.allowed[here];
      }
      if (wanted && !any) return false;
    }
    return true;
  }
  bool is_broadcast() const {
    const int in = both_.input.rank(), out = both_.result.rank();
    if (in > out || both_.input.size() >= both_.result.size()) return false;
    for (int axis = 1; axis <= in; ++axis)
      if (both_.input[in - axis] != 1 && both_.input[in - axis] != both_.result[out - axis]) return false;
    return true;
  }
  bool same_numbers() const {
    Numbers a = both_.analytic, n = both_.numeric;
    std::sort(a.begin(), a.end());
    std::sort(n.begin(), n.end());
    const double widest = *std::max_element(both_.allowed.begin(), both_.allowed.end());
    return std::equal(a.begin(), a.end(), n.begin(),
                      [&](double x, double y) { return std::abs(x - y) <= 10 * widest; });
  }

  const BothJacobians& both_;
};

}  // namespace

GradcheckCause probable_cause(const BothJacobians& both, double& factor) {
  factor = 0;
  return both.analytic.empty() ? GradcheckCause::other : Comparison(both).cause(factor);
}

}  // namespace xgrad::detail
