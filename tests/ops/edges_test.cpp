// Every elementwise op, the softmaxes and the losses at the edges of the number line and where slopes change, against
// PyTorch: edges.py wrote what that gives.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Numbers = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

Numbers doubles(const Tensor& t) { return to(t, float64).to_vector<double>(); }

/// Where PyTorch is not followed, each explained in docs/ops.md: the row's text or op, which numbers ("y", "d" for the
/// first derivatives, "ddx"), at which arguments, and what there is instead.
struct Exception {
  const char* name;
  const char* what;
  bool (*at)(double a, double b);
  double (*instead)(double a, double b);
};
double zero(double, double) { return 0; }
double none(double, double) { return nan; }
double half(double, double) { return 0.5; }
bool any(double, double) { return true; }
bool not_a_number(double a, double) { return std::isnan(a); }
bool at_ends(double a, double) { return std::abs(a) == 1; }
bool far(double a, double) { return std::abs(a) >= 1e3; }
/// x / (a² + b²), whose squares double may not hold.
double over_square(Real x, Real a, Real b) { return static_cast<double>(x / (a * a + b * b)); }
bool far_from_1(double a, double b) {
  const double most = std::max(std::abs(a), std::abs(b));
  return most < 1e-25 || most > 1e25;
}

const Exception exceptions[] = {
    {"log1p", "y", [](double a, double) { return a > 0 && a < 1e-44; }, [](double a, double) { return a; }},
    {"sign", "y", not_a_number, none},
    {"softplus(x)", "y", [](double a, double) { return a > 20; },
     [](double a, double) { return a + std::log1p(std::exp(-a)); }},
    {"softplus(x)", "d", [](double a, double) { return a > 20; },
     [](double a, double) { return 1 / (1 + std::exp(-a)); }},
    {"softplus(x, 4.0)", "y", [](double a, double) { return a > 5; },
     [](double a, double) { return a + std::log1p(std::exp(-4 * a)) / 4; }},
    {"softplus(x, 4.0)", "d", [](double a, double) { return a > 5; },
     [](double a, double) { return 1 / (1 + std::exp(-4 * a)); }},
    {"softplus(x)", "ddx", [](double a, double) { return a >= 20; },
     [](double a, double) { return std::exp(-a) / std::pow(1 + std::exp(-a), 2); }},
    {"softplus(x, 4.0)", "ddx", [](double a, double) { return a >= 5; },
     [](double a, double) { return 4 * std::exp(-4 * a) / std::pow(1 + std::exp(-4 * a), 2); }},
    {"gelu", "ddx", far, zero},
    {"gelu_tanh", "y", [](double a, double) { return a == -3; }, [](double, double) { return -0.0036373920817729943; }},
    {"gelu_tanh", "d", far, [](double a, double) { return a > 0 ? 1.0 : 0.0; }},
    {"gelu_tanh", "ddx", far, zero},
    {"acosh", "d", [](double a, double) { return a < 1; }, none},
    {"acosh", "d", [](double a, double) { return a == 1e30 || a == static_cast<float>(1e30); },
     [](double a, double) { return 1 / a; }},
    {"acosh", "ddx", [](double a, double) { return a <= 1; }, none},
    {"asin", "ddx", at_ends, none},
    {"acos", "ddx", at_ends, none},
    {"atanh", "ddx", at_ends, none},
    {"mish", "ddx", far, zero},
    {"softsign", "d", far, [](double a, double) { return 1 / std::pow(1 + std::abs(a), 2); }},
    {"hardsigmoid", "d", [](double a, double) { return std::abs(a) < 3; }, [](double, double) { return 1.0 / 6; }},
    {"tanhshrink", "d", [](double a, double) { return std::abs(a) < 1e-20; }, [](double a, double) { return a * a; }},
    {"softsign", "ddx", not_a_number, zero},
    {"logaddexp", "d", [](double a, double b) { return std::isinf(a) && a == b; }, half},
    {"logsumexp", "d", [](double a, double b) { return a == inf || b == inf; }, none},
    {"logsumexp", "d", [](double a, double b) { return std::isfinite(a) && a == b; }, half},
    {"smooth_l1_loss", "d", [](double a, double b) { return std::isnan(a - b); }, zero},
    {"huber_loss", "d", [](double a, double b) { return std::isnan(a - b); }, zero},
    {"kl_div", "y", [](double, double b) { return b == 0; }, zero},
    {"kl_div", "d", [](double, double b) { return b == 0; }, zero},
    {"kl_div", "y", [](double, double b) { return b == inf; }, [](double, double) { return inf; }},
    {"bce_with_logits", "y", [](double a, double) { return a < -100; }, [](double a, double b) { return -a * b; }},
    {"binary_cross_entropy", "db", any,
     [](double p, double) { return std::max(std::log1p(-p), -100.0) - std::max(std::log(p), -100.0); }},
    {"atan2", "da", far_from_1, [](double a, double b) { return over_square(b, a, b); }},
    {"atan2", "db", far_from_1, [](double a, double b) { return over_square(-a, a, b); }},
};

bool needed[std::size(exceptions)];

/// What the file says of one call in one dtype: "y" and "dx" or "da", "db", "dc", and "ddx", each with its numbers.
using Expected = std::map<std::string, Numbers>;

/// By "call | dtype".
const std::map<std::string, Expected>& edges() {
  static const auto all = [] {
    std::map<std::string, Expected> read;
    std::ifstream file(XGRAD_SOURCES "/tests/ops/edges.txt");
    for (std::string line; std::getline(file, line);) {
      const std::size_t bar = line.find(" | "), next = line.find(" | ", bar + 3), last = line.find(" | ", next + 3);
      Numbers& numbers = read[line.substr(0, next)][line.substr(next + 3, last - next - 3)];
      std::istringstream words(line.substr(last + 3));
      for (std::string word; words >> word;) numbers.push_back(std::strtod(word.c_str(), nullptr));
    }
    return read;
  }();
  return all;
}
const Expected& edges_of(const std::string& call, DType dtype) {
  const auto entry = edges().find(call + " | " + name_of(dtype));
  if (entry == edges().end()) FAIL("edges.txt has no " << call << " | " << name_of(dtype));
  return entry->second;
}

/// Each choice of one number for each argument, the last going fastest.
std::vector<Numbers> choices(const std::vector<Numbers>& from) {
  std::size_t count = 1;
  for (const Numbers& numbers : from) count *= numbers.size();
  std::vector<Numbers> columns(from.size());
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = from.size(), rest = i; k-- > 0; rest /= from[k].size())
      columns[k].push_back(from[k][rest % from[k].size()]);
  return columns;
}

struct Comparison {
  std::string name;  // of the op
  std::string text;
  DType dtype;
  std::vector<Numbers> at;

  /// nan equals nan. Values are right to rounding, wherever they are; derivatives may lose what they subtract from 1.
  bool close(const std::string& what, double a, double b) const {
    const bool single = dtype == float32;
    if (std::isnan(b) || std::isinf(b)) return std::isnan(b) ? std::isnan(a) : a == b;
    const double epsilon = single ? 1.2e-7 : 2.3e-16, smallest = single ? 2e-45 : 5e-324;
    const double rest = what == "ddx" ? 32 * epsilon : what != "y" && subtracts() ? 4 * epsilon : b == 0 ? 0 : smallest;
    return std::abs(a - b) <= (what == "y" ? 40 : 200) * epsilon * std::abs(b) + rest;
  }
  void operator()(const std::string& what, const Tensor& found, const Numbers& expected) const {
    const Numbers numbers = doubles(found);
    REQUIRE(numbers.size() == expected.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::size_t point = i / (numbers.size() / at[0].size());
      const bool single = dtype == float32;
      const auto argument = [&](double x) { return single ? static_cast<float>(x) : x; };
      const double a = argument(at[0][point]), b = at.size() > 1 ? argument(at[1][point]) : 0;
      const bool same = close(what, numbers[i], expected[i]);
      // Where nothing but a sign of zero differs.
      const bool sign =
          what != "y" || numbers[i] != 0 || expected[i] != 0 || std::signbit(numbers[i]) == std::signbit(expected[i]);
      if (same && (sign || loses_sign())) continue;
      double instead = expected[i];
      for (const Exception& e : exceptions)
        if ((name == e.name || text == e.name) &&
            (what == e.what || (e.what == std::string("d") && what != "y" && what != "ddx")) && e.at(a, b))
          instead = e.instead(a, b), needed[&e - exceptions] = true;
      instead = argument(instead);
      INFO(text << " in " << name_of(dtype) << ", " << what << " at " << a << ", " << b << ": " << numbers[i]
                << ", PyTorch " << expected[i] << ", expected " << instead);
      CHECK((sign && close(what, numbers[i], instead)));
    }
  }
  /// Whose first derivative has a difference of numbers near 1 in it.
  bool subtracts() const {
    return name == "sigmoid" || name == "tanh" || name == "gelu_tanh" || text.starts_with("cosine");
  }
  /// max(x, 0) and the like, whose zero is any zero.
  bool loses_sign() const {
    return name == "maximum" || name == "minimum" || name.starts_with("relu") || name.starts_with("cosine");
  }
};

Tensor column(const Numbers& numbers, DType dtype) {
  return to(from_vector(numbers, {static_cast<std::int64_t>(numbers.size())}), dtype);
}

/// Values and derivatives of a row on all choices of `numbers`.
void check_row(const OpRow& row, const Numbers& numbers, DType dtype) {
  const Expected& expected = edges_of(row.text, dtype);
  std::vector<Numbers> from;
  for (const Argument& argument : row.arguments) from.push_back(argument.dtype == boolean ? Numbers{0, 1} : numbers);
  const Comparison compare{row.name, row.text, dtype, choices(from)};
  Tensors in;
  for (std::size_t k = 0; k < from.size(); ++k)
    in.push_back(row.arguments[k].dtype == boolean ? column(compare.at[k], boolean)
                                                   : variable(column(compare.at[k], dtype)));
  Tape tape;
  const Tensor y = row.call(in);
  compare("y", y, expected.at("y"));
  if (!y.requires_grad()) return;
  const Tensor seed = ones(y.shape(), dtype);
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (!in[k].is_leaf()) continue;
    const std::string what = std::string("d") + (in.size() == 1 ? 'x' : "abc"[k]);
    compare(what, tape.gradient(y, in[k], {.seed = seed}), expected.at(what));
    const auto second = expected.find("ddx");
    if (second == expected.end()) continue;
    const Tensor g = tape.gradient(y, in[k], {.create_graph = true, .seed = seed});
    compare(what, g, expected.at(what));
    compare("ddx", g.requires_grad() ? tape.gradient(g, in[k], {.seed = seed}) : zeros(g.shape(), dtype),
            second->second);
  }
}

const DType dtypes[] = {float32, float64};
constexpr Reduction each = Reduction::none;

/// One label for each row of x, or one pair of numbers.
Tensor labels(const Tensor& x, std::int64_t label) {
  return from_vector(std::vector<std::int64_t>(static_cast<std::size_t>(x.shape()[0]), label), {x.shape()[0]});
}
Tensor pair(const Tensor& x, double a, double b) { return broadcast_to(tensor({a, b}, x.dtype()), x.shape()); }

void check_elementwise() {
  for (const OpRow& row : op_table()) {
    if (!row.elementwise) continue;
    const auto floats = std::count_if(row.arguments.begin(), row.arguments.end(),
                                      [](const Argument& argument) { return argument.dtype == float64; });
    const bool masks = floats < static_cast<std::ptrdiff_t>(row.arguments.size());
    for (DType dtype : dtypes)
      check_row(row, edges_of(masks || floats == 3 ? "few" : floats == 1 ? "points" : "edges", dtype).at("x"), dtype);
  }
}

void check_losses() {
  using Loss = Tensor (*)(const Tensor&, const Tensor&);
  const std::pair<const char*, Loss> losses[] = {
      {"mse_loss", [](const Tensor& a, const Tensor& b) { return mse_loss(a, b, each); }},
      {"l1_loss", [](const Tensor& a, const Tensor& b) { return l1_loss(a, b, each); }},
      {"smooth_l1_loss", [](const Tensor& a, const Tensor& b) { return smooth_l1_loss(a, b, each, 0.5); }},
      {"huber_loss", [](const Tensor& a, const Tensor& b) { return huber_loss(a, b, each, 1.5); }},
      {"kl_div", [](const Tensor& a, const Tensor& b) { return kl_div(a, b, each); }},
      {"kl_div, log_target", [](const Tensor& a, const Tensor& b) { return kl_div(a, b, each, true); }},
      {"hinge_loss", [](const Tensor& a, const Tensor& b) { return hinge_loss(a, b, each); }},
      {"bce_with_logits", [](const Tensor& a, const Tensor& b) { return bce_with_logits(a, b, each); }},
      {"binary_cross_entropy", [](const Tensor& a, const Tensor& b) { return binary_cross_entropy(a, b, each); }},
  };
  for (const auto& [name, loss] : losses)
    for (DType dtype : dtypes) {
      Numbers numbers = edges_of("edges", dtype).at("x");
      if (name == std::string("binary_cross_entropy"))
        numbers.erase(std::remove_if(numbers.begin(), numbers.end(), [](double x) { return !(x >= 0 && x <= 1); }),
                      numbers.end());
      check_row({name, name, [f = loss](const Tensors& in) { return f(in[0], in[1]); }, {{}, {}}}, numbers, dtype);
    }
}

/// Of rows of two numbers.
void check_rows() {
  using Function = Tensor (*)(const Tensor&);
  const std::pair<const char*, Function> functions[] = {
      {"softmax", [](const Tensor& x) { return softmax(x); }},
      {"log_softmax", [](const Tensor& x) { return log_softmax(x); }},
      {"logsumexp", [](const Tensor& x) { return logsumexp(x, -1); }},
      {"cross_entropy, label 0", [](const Tensor& x) { return cross_entropy(x, labels(x, 0), each); }},
      {"cross_entropy, label 1", [](const Tensor& x) { return cross_entropy(x, labels(x, 1), each); }},
      {"nll_loss, label 0", [](const Tensor& x) { return nll_loss(x, labels(x, 0), each); }},
      {"nll_loss, label 1", [](const Tensor& x) { return nll_loss(x, labels(x, 1), each); }},
      {"cross_entropy, probabilities", [](const Tensor& x) { return cross_entropy(x, pair(x, 0.25, 0.75), each); }},
      {"cosine_similarity to (1, 2)", [](const Tensor& x) { return cosine_similarity(x, pair(x, 1, 2)); }},
  };
  for (const auto& [name, f] : functions)
    for (DType dtype : dtypes) {
      const Numbers numbers = edges_of("edges", dtype).at("x");
      const Comparison compare{name, name, dtype, choices({numbers, numbers})};
      const Tensor x = variable(stack({column(compare.at[0], dtype), column(compare.at[1], dtype)}, 1));
      Tape tape;
      const Tensor y = f(x);
      const Tensor seed = y.rank() == 2 ? pair(y, 0.5, 2).clone() : ones(y.shape(), dtype);
      compare("y", y, edges_of(name, dtype).at("y"));
      compare("dx", tape.gradient(y, x, {.seed = seed}), edges_of(name, dtype).at("dx"));
    }
}

}  // namespace

TEST_CASE("edges: PyTorch is followed, or docs/ops.md says why not", "[ops][edges]") {
  check_elementwise();
  check_losses();
  check_rows();
  std::map<std::string, std::string> documented;
  std::ifstream file(XGRAD_SOURCES "/docs/ops.md");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("| `")) documented[line.substr(3, line.find('`', 3) - 3)] = line;
  for (const Exception& e : exceptions) {
    const std::string name = e.name;
    INFO(name << ", " << e.what);
    CHECK(needed[&e - exceptions]);
    CHECK_THAT(documented[name.substr(0, name.find('('))],
               contains("PyTorch") || contains("as elu") || contains("as smooth_l1_loss"));
  }
}

}  // namespace xgrad::tests
