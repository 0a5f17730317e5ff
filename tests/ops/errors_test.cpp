// Bad calls of every op: the message names the op, all shapes or dtypes, and the caller's own file and line.
#include <algorithm>
#include <optional>
#include <thread>

#include "bad_calls.hpp"
#include "catch.hpp"
#include "op_table.hpp"

namespace xgrad::tests {
namespace {

void check(const BadCall& row) {
  const std::string message = row.message(row.call);
  INFO(row.op << " at line " << row.site.line << ": " << message);
  CHECK(message.find(row.op + std::string(": ")) == 0);
  for (const std::string& part : row.parts) CHECK_THAT(message, contains(part));
  CHECK_THAT(message, contains(at(row.site.line, row.site.file)));
}

// Variables, so that under a tape they take part in what is recorded.
const Tensor a = variable(zeros({2, 3})), b = variable(zeros({2, 4})), v = variable(zeros({5})), s = variable(1.0);
const Tensor d = variable(zeros({2, 3}, float64)), w = variable(zeros({4, 3})), empty_rows = variable(zeros({0, 3}));
const Tensor i = zeros({2, 3}, int64), m = zeros({2, 3}, boolean), labels = tensor({0, 2}, int64), none_at_all;

// clang-format off
std::vector<BadCall> bad_calls() {
  std::vector<BadCall> calls = bad_shapes();
  for (const std::vector<BadCall>& more : {bad_layers(), bad_linalg()})
    calls.insert(calls.end(), more.begin(), more.end());
  calls.insert(calls.end(), {
      // operators, with a number among them and inside an expression
      bad<ShapeError>("add", [] { return a + b; }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("add", [] { return a + b * 2.0; }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("mul", [] { return a + v * b; }, {"a is (5,), b is (2, 4)"}),
      bad<ShapeError>("sub", [] { return 1.0 - (a - b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("div", [] { return a / v; }, {"a is (2, 3), b is (5,)"}),
      bad<DTypeError>("add", [] { return a + d; }, {"a is float32 (2, 3), b is float64 (2, 3)", "to(x, dtype)"}),
      bad<DTypeError>("mul", [] { return s * s.clone() * tensor(1.0, float64); }, {"a is float32 (), b is float64 ()"}),
      bad<DTypeError>("sub", [] { return a - i; }, {"a is float32 (2, 3), b is int64 (2, 3)"}),
      bad<DTypeError>("add", [] { return i + 0.5; }, {"b is 0.5", "int64"}),
      bad<DTypeError>("less", [] { return i < INFINITY; }, {"b is inf, which int64 cannot hold"}),
      bad<DTypeError>("minimum", [] { return minimum(i, 1e30); }, {"b is 1e+30, which int64 cannot hold"}),
      bad<DTypeError>("equal", [] { return m == 2.0; }, {"b is 2, which boolean cannot hold"}),
      bad<DTypeError>("div", [] { return i / i; }, {"int64"}),
      bad<DTypeError>("add", [] { return m + 1.0; }, {"boolean"}),
      bad<ValueError>("add", [] { return none_at_all + a; }, {"a is an undefined tensor"}),
      bad<ValueError>("mul", [] { return 2.0 * none_at_all; }, {"b is an undefined tensor"}),
      bad<ValueError>("neg", [] { return -none_at_all; }, {"x is an undefined tensor"}),
      bad<DTypeError>("neg", [] { return -m; }, {"boolean"}),
      bad<ShapeError>("greater", [] { return a > b; }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("less", [] { return a < v; }, {"a is (2, 3), b is (5,)"}),
      bad<ShapeError>("greater_equal", [] { return a >= b; }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("less_equal", [] { return a <= b; }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("equal", [] { return a == b; }, {"a is (2, 3), b is (2, 4)"}),
      bad<DTypeError>("not_equal", [] { return a != i; }, {"a is float32 (2, 3), b is int64 (2, 3)"}),
      bad<ShapeError>("pow", [] { return pow(a, b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("maximum", [] { return maximum(a, v); }, {"a is (2, 3), b is (5,)"}),
      bad<ShapeError>("minimum", [] { return minimum(b, a); }, {"a is (2, 4), b is (2, 3)"}),
      bad<DTypeError>("where", [] { return where(a, a, a); }, {"mask is float32 (2, 3), expected boolean"}),
      bad<DTypeError>("where", [] { return where(m, a, d); }, {"a is float32 (2, 3), b is float64 (2, 3)"}),
      bad<ShapeError>("where", [] { return where(m, a, v); }, {"mask is (2, 3), a is (2, 3), b is (5,)"}),
      bad<ValueError>("where", [] { return where(none_at_all, a, a); }, {"mask is an undefined tensor"}),
      bad<ValueError>("clamp", [] { return clamp(none_at_all, 0, 1); }, {"x is an undefined tensor"}),
      // functions of one argument
      bad<DTypeError>("exp", [] { return exp(i); }, {"int64"}),
      bad<DTypeError>("expm1", [] { return expm1(i); }, {"int64"}),
      bad<DTypeError>("log", [] { return log(m); }, {"boolean"}),
      bad<DTypeError>("log1p", [] { return log1p(i); }, {"int64"}),
      bad<DTypeError>("sqrt", [] { return sqrt(i); }, {"int64"}),
      bad<DTypeError>("square", [] { return square(m); }, {"boolean"}),
      bad<DTypeError>("abs", [] { return abs(m); }, {"boolean"}),
      bad<DTypeError>("sigmoid", [] { return sigmoid(i); }, {"int64"}),
      bad<DTypeError>("tanh", [] { return tanh(i); }, {"int64"}),
      bad<DTypeError>("relu", [] { return relu(m); }, {"boolean"}),
      bad<DTypeError>("leaky_relu", [] { return leaky_relu(m); }, {"boolean"}),
      bad<DTypeError>("softplus", [] { return softplus(i); }, {"int64"}),
      bad<DTypeError>("gelu", [] { return gelu(i); }, {"int64"}),
      bad<DTypeError>("gelu_tanh", [] { return gelu_tanh(i); }, {"int64"}),
      bad<DTypeError>("silu", [] { return silu(i); }, {"int64"}),
      bad<DTypeError>("step", [] { return step(m); }, {"boolean"}),
      bad<DTypeError>("identity", [] { return identity(m); }, {"boolean"}),
      bad<DTypeError>("erf", [] { return erf(i); }, {"int64"}),
      bad<DTypeError>("normal_cdf", [] { return normal_cdf(i); }, {"int64"}),
      bad<ValueError>("exp", [] { return exp(none_at_all); }, {"x is an undefined tensor"}),
      bad<DTypeError>("exp2", [] { return exp2(i); }, {"int64"}),
      bad<DTypeError>("log2", [] { return log2(i); }, {"int64"}),
      bad<DTypeError>("log10", [] { return log10(i); }, {"int64"}),
      bad<DTypeError>("cbrt", [] { return cbrt(i); }, {"int64"}),
      bad<DTypeError>("sin", [] { return sin(i); }, {"int64"}),
      bad<DTypeError>("cos", [] { return cos(i); }, {"int64"}),
      bad<DTypeError>("tan", [] { return tan(i); }, {"int64"}),
      bad<DTypeError>("asin", [] { return asin(i); }, {"int64"}),
      bad<DTypeError>("acos", [] { return acos(i); }, {"int64"}),
      bad<DTypeError>("atan", [] { return atan(i); }, {"int64"}),
      bad<DTypeError>("sinh", [] { return sinh(i); }, {"int64"}),
      bad<DTypeError>("cosh", [] { return cosh(i); }, {"int64"}),
      bad<DTypeError>("asinh", [] { return asinh(i); }, {"int64"}),
      bad<DTypeError>("acosh", [] { return acosh(i); }, {"int64"}),
      bad<DTypeError>("atanh", [] { return atanh(i); }, {"int64"}),
      bad<DTypeError>("erfc", [] { return erfc(i); }, {"int64"}),
      bad<ShapeError>("atan2", [] { return atan2(a, b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("hypot", [] { return hypot(a, b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("fmod", [] { return fmod(a, b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("remainder", [] { return remainder(a, b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("logaddexp", [] { return logaddexp(a, b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("xlogy", [] { return xlogy(a, b); }, {"a is (2, 3), b is (2, 4)"}),
      bad<DTypeError>("floor", [] { return floor(m); }, {"does not take boolean"}),
      bad<DTypeError>("ceil", [] { return ceil(m); }, {"does not take boolean"}),
      bad<DTypeError>("round", [] { return round(m); }, {"does not take boolean"}),
      bad<DTypeError>("trunc", [] { return trunc(m); }, {"does not take boolean"}),
      bad<DTypeError>("rsqrt", [] { return rsqrt(m); }, {"does not take boolean"}),
      bad<DTypeError>("reciprocal", [] { return reciprocal(m); }, {"does not take boolean"}),
      bad<DTypeError>("sign", [] { return sign(m); }, {"does not take boolean"}),
      bad<DTypeError>("frac", [] { return frac(m); }, {"does not take boolean"}),
      bad<DTypeError>("relu6", [] { return relu6(m); }, {"does not take boolean"}),
      bad<DTypeError>("elu", [] { return elu(m); }, {"does not take boolean"}),
      bad<DTypeError>("selu", [] { return selu(m); }, {"does not take boolean"}),
      bad<DTypeError>("celu", [] { return celu(m); }, {"does not take boolean"}),
      bad<ValueError>("celu", [] { return celu(a, 0); }, {"alpha is 0, expected another number"}),
      bad<DTypeError>("mish", [] { return mish(m); }, {"does not take boolean"}),
      bad<DTypeError>("softsign", [] { return softsign(m); }, {"does not take boolean"}),
      bad<DTypeError>("hardsigmoid", [] { return hardsigmoid(m); }, {"does not take boolean"}),
      bad<DTypeError>("hardswish", [] { return hardswish(m); }, {"does not take boolean"}),
      bad<DTypeError>("hardtanh", [] { return hardtanh(m); }, {"does not take boolean"}),
      bad<ValueError>("hardtanh", [] { return hardtanh(a, 1, 0); }, {"high is 0, expected low or more"}),
      bad<DTypeError>("log_sigmoid", [] { return log_sigmoid(m); }, {"does not take boolean"}),
      bad<DTypeError>("tanhshrink", [] { return tanhshrink(m); }, {"does not take boolean"}),
      bad<DTypeError>("softshrink", [] { return softshrink(m); }, {"does not take boolean"}),
      bad<ValueError>("softshrink", [] { return softshrink(a, -0.5); }, {"lambda is -0.5, expected 0 or more"}),
      bad<DTypeError>("hardshrink", [] { return hardshrink(m); }, {"does not take boolean"}),
      bad<DTypeError>("isnan", [] { return isnan(m); }, {"does not take boolean"}),
      bad<DTypeError>("isinf", [] { return isinf(m); }, {"does not take boolean"}),
      bad<DTypeError>("isfinite", [] { return isfinite(m); }, {"does not take boolean"}),
      bad<DTypeError>("nan_to_num", [] { return nan_to_num(m); }, {"does not take boolean"}),
      bad<DTypeError>("threshold", [] { return threshold(i, 0, 1); }, {"does not take int64"}),
      bad<ShapeError>("lerp", [] { return lerp(a, b, 0.5); }, {"a is (2, 3), b is (2, 4), weight is ()"}),
      bad<DTypeError>("lerp", [] { return lerp(a, a, d); }, {"a is float32 (2, 3)", "weight is float64 (2, 3)"}),
      bad<DTypeError>("masked_fill", [] { return masked_fill(a, a, 1); }, {"mask is float32 (2, 3), expected boolean"}),
      bad<ShapeError>("masked_fill", [] { return masked_fill(v, m, 1); }, {"mask is (2, 3), x is (5,)"}),
      bad<DTypeError>("masked_fill", [] { return masked_fill(i, m, 0.5); }, {"value is 0.5, which int64 cannot hold"}),
      bad<DTypeError>("logical_and", [] { return logical_and(a, a); }, {"does not take float32"}),
      bad<DTypeError>("logical_or", [] { return logical_or(s, 1); }, {"does not take float32"}),
      bad<ShapeError>("logical_xor", [] { return logical_xor(m, zeros({2}, boolean)); }, {"a is (2, 3), b is (2,)"}),
      bad<DTypeError>("logical_not", [] { return logical_not(2.0); }, {"does not take float32"}),
      bad<DTypeError>("logical_not", [] { return !i; }, {"does not take int64"}),
      // products
      bad<ShapeError>("matmul", [] { return matmul(a, b); }, {"a is (2, 3), b is (2, 4)", "inner dimensions differ"}),
      bad<ShapeError>("matmul", [] { return matmul(a, s); }, {"a is (2, 3), b is ()"}),
      bad<ShapeError>("matmul", [] { return matmul(a, b, {.transpose_b = true}); }, {"inner dimensions differ"}),
      bad<ShapeError>("matmul", [] { return matmul(zeros({3}), b, {.transpose_a = true}); }, {"a is (3,)", "two where transposed"}),
      bad<ShapeError>("matmul", [] { return matmul(zeros({2, 2, 3}), zeros({3, 3, 2})); }, {"(2, 2, 3)", "(3, 3, 2)"}),
      bad<DTypeError>("matmul", [] { return matmul(a, zeros({3, 2}, float64)); }, {"argument 1 is float32 (2, 3), argument 2 is float64 (3, 2)"}),
      bad<DTypeError>("matmul", [] { return matmul(i, zeros({3, 2}, int64)); }, {"int64 (2, 3)"}),
      bad<ValueError>("matmul", [] { return matmul(a, none_at_all); }, {"argument 2 is an undefined tensor"}),
      bad<ShapeError>("linear", [] { return linear(a, b); }, {"x is (2, 3), weight is (2, 4)"}),
      bad<ShapeError>("linear", [] { return linear(a, v); }, {"x is (2, 3), weight is (5,)"}),
      bad<ShapeError>("linear", [] { return linear(a, w, v); }, {"x is (2, 3), weight is (4, 3), bias is (5,)"}),
      bad<DTypeError>("linear", [] { return linear(a, w, zeros({4}, float64)); }, {"argument 2 is float32 (4, 3), argument 3 is float64 (4,)"}),
      bad<ShapeError>("linear", [] { return linear(s, w); }, {"x is 0-d"}),
      bad<ShapeError>("affine", [] { return affine(a, b); }, {"x is (2, 3), weight is (2, 4)"}),
      bad<ShapeError>("affine", [] { return affine(a, zeros({3, 4}), v); }, {"weight is (3, 4), bias is (5,)"}),
      bad<DTypeError>("affine", [] { return affine(a, zeros({3, 4}, float64)); }, {"argument 2 is float64 (3, 4)"}),
      bad<ShapeError>("affine", [] { return affine(s, w); }, {"x is 0-d"}),
      // shapes
      bad<ShapeError>("transpose", [] { return transpose(a, {0, 0}); }, {"axis 0 is named twice", "float32 (2, 3)"}),
      bad<ShapeError>("transpose", [] { return transpose(a, {0}); }, {"1 given for float32 (2, 3)"}),
      bad<ShapeError>("transpose", [] { return transpose(a, {0, 2}); }, {"axis 2 for float32 (2, 3), expected -2 to 1"}),
      bad<ShapeError>("reshape", [] { return reshape(a, {4}); }, {"float32 (2, 3) has 6 elements, shape (4,) has 4"}),
      bad<ShapeError>("reshape", [] { return reshape(a, {-1, -1}); }, {"(-1, -1)"}),
      bad<ShapeError>("reshape", [] { return reshape(a, {4, -1}); }, {"float32 (2, 3)", "(4, -1)"}),
      bad<ShapeError>("reshape", [] { return reshape(empty_rows, {0, -1}); }, {"(0, 3)", "(0, -1)"}),
      bad<ShapeError>("broadcast_to", [] { return broadcast_to(a, {4}); }, {"float32 (2, 3)", "(4,)"}),
      bad<ShapeError>("broadcast_to", [] { return broadcast_to(a, {2, 2}); }, {"float32 (2, 3)", "(2, 2)"}),
      bad<ShapeError>("slice", [] { return slice(a, {0, 0, 0}); }, {"3 slices for float32 (2, 3)"}),
      bad<ShapeError>("slice", [] { return slice(a, {2}); }, {"index 2 on axis 0 of float32 (2, 3)"}),
      bad<ShapeError>("slice", [] { return slice(a, {-3}); }, {"index -3 on axis 0 of float32 (2, 3)"}),
      bad<ValueError>("slice", [] { return slice(a, {{0, 1, 0}}); }, {"step 0 on axis 0 of float32 (2, 3)"}),
      bad<ShapeError>("concatenate", [] { return concatenate({a, b}); }, {"argument 2 is (2, 4), argument 1 is (2, 3)"}),
      bad<ShapeError>("concatenate", [] { return concatenate({a, a}, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ShapeError>("concatenate", [] { return concatenate({s, s}); }, {"argument 1 is 0-d"}),
      bad<DTypeError>("concatenate", [] { return concatenate({a, d}); }, {"float32 (2, 3)", "float64 (2, 3)"}),
      bad<ValueError>("concatenate", [] { return concatenate({}); }, {"no tensors"}),
      bad<ValueError>("concatenate", [] { return concatenate({a, none_at_all}); }, {"argument 2 is an undefined tensor"}),
      bad<ShapeError>("stack", [] { return stack({a, b}); }, {"argument 2 is (2, 4), argument 1 is (2, 3)"}),
      bad<ShapeError>("stack", [] { return stack({a, a}, 3); }, {"axis 3 for float32 (2, 3), expected -3 to 2"}),
      bad<DTypeError>("stack", [] { return stack({a, i}); }, {"float32 (2, 3)", "int64 (2, 3)"}),
      bad<ValueError>("stack", [] { return stack({}); }, {"no tensors"}),
      // reductions
      bad<ShapeError>("sum", [] { return sum(a, 2); }, {"axis 2 for float32 (2, 3), expected -2 to 1"}),
      bad<ShapeError>("sum", [] { return sum(a, {0, -2}); }, {"axis -2 is named twice", "float32 (2, 3)"}),
      bad<ShapeError>("sum", [] { return sum(s, 0); }, {"float32 ()"}),
      bad<ValueError>("sum", [] { return sum(none_at_all); }, {"argument 1 is an undefined tensor"}),
      bad<ShapeError>("mean", [] { return mean(a, -3); }, {"axis -3 for float32 (2, 3)"}),
      bad<DTypeError>("mean", [] { return mean(i); }, {"int64 (2, 3), expected float32 or float64"}),
      bad<ValueError>("max", [] { return max(empty_rows, 0); }, {"float32 (0, 3)"}),
      bad<DTypeError>("max", [] { return max(m); }, {"boolean (2, 3)"}),
      bad<ShapeError>("max", [] { return max(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ValueError>("min", [] { return min(empty_rows, 0); }, {"float32 (0, 3)"}),
      bad<ShapeError>("min", [] { return min(a, {1, 1}); }, {"axis 1 is named twice"}),
      bad<DTypeError>("logsumexp", [] { return logsumexp(i); }, {"int64 (2, 3)"}),
      bad<ShapeError>("logsumexp", [] { return logsumexp(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ShapeError>("argmax", [] { return argmax(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ValueError>("argmax", [] { return argmax(zeros({3, 0})); }, {"float32 (3, 0)"}),
      bad<DTypeError>("argmax", [] { return argmax(m); }, {"boolean (2, 3)"}),
      bad<ShapeError>("softmax", [] { return softmax(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<DTypeError>("softmax", [] { return softmax(i); }, {"int64 (2, 3)"}),
      bad<ShapeError>("log_softmax", [] { return log_softmax(s); }, {"float32 ()"}),
      bad<DTypeError>("log_softmax", [] { return log_softmax(m); }, {"boolean (2, 3)"}),
      // losses
      bad<ValueError>("cross_entropy", [] { return cross_entropy(a, labels + 1.0); }, {"label 3 at (1,)", "[0, 3)"}),
      bad<ValueError>("cross_entropy", [] { return cross_entropy(a, labels - 1.0); }, {"label -1 at (0,)", "(2, 3)"}),
      bad<ShapeError>("cross_entropy", [] { return cross_entropy(w, labels); }, {"(4, 3)", "labels are (2,), expected (4,)", "probabilities in float32"}),
      bad<ShapeError>("cross_entropy", [] { return cross_entropy(a, b); }, {"logits are (2, 3), probabilities are (2, 4)", "labels must be int64"}),
      bad<DTypeError>("cross_entropy", [] { return cross_entropy(a, d); }, {"float32 (2, 3)", "float64 (2, 3)"}),
      bad<DTypeError>("cross_entropy", [] { return cross_entropy(i, labels); }, {"int64 (2, 3)"}),
      bad<ShapeError>("cross_entropy", [] { return cross_entropy(s, s); }, {"logits are 0-d"}),
      bad<ShapeError>("mse_loss", [] { return mse_loss(a, b); }, {"input is (2, 3), target is (2, 4)"}),
      bad<DTypeError>("mse_loss", [] { return mse_loss(a, d); }, {"argument 2 is float64 (2, 3)"}),
      bad<ShapeError>("bce_with_logits", [] { return bce_with_logits(a, v); }, {"input is (2, 3), target is (5,)"}),
      bad<DTypeError>("bce_with_logits", [] { return bce_with_logits(i, i); }, {"int64 (2, 3)"}),
      bad<ValueError>("to", [] { return to(tensor({1, 1e30}), int64); }, {"element 1 of float32 (2,) is 1e+30"}),
  });
  return calls;
}
// clang-format on

}  // namespace

TEST_CASE("errors: bad calls", "[errors]") {
  for (const BadCall& row : bad_calls()) check(row);
}

TEST_CASE("errors: the same while recording", "[errors]") {
  const Tape tape;
  for (const BadCall& row : bad_calls()) check(row);
}

TEST_CASE("errors: every op has a bad call", "[errors]") {
  const std::vector<BadCall> calls = bad_calls();
  for (const std::string& name : op_names()) {
    INFO("bad_calls() has no row for " << name);
    CHECK(std::any_of(calls.begin(), calls.end(), [&](const BadCall& row) { return row.op == name; }));
  }
}

TEST_CASE("errors: no argument of any op may be undefined", "[errors]") {
  for (const OpRow& row : op_table())
    for (std::size_t k = 0; k < row.arguments.size(); ++k) {
      if (row.arguments[k].optional || row.prepares) continue;
      Tensors in = constants(row);
      in[k] = Tensor();
      INFO(title(row) << ", argument " << k);
      const std::string message = error_of<ValueError>([&] { row.call(in); });
      CHECK(message.find(row.name + ": ") == 0);
      CHECK_THAT(message, contains("is an undefined tensor") && contains("/op_table"));
    }
}

TEST_CASE("errors: a derivative of any op whose saved values were changed", "[errors]") {
  // Changed in place after the call: an error that names the op and the line of the call, or the same gradient as
  // before.
  for (const OpRow& row : op_table()) {
    if (!row.differentiable) continue;
    for (const bool create_graph : {false, true}) {
      DYNAMIC_SECTION(title(row) << (create_graph ? " recorded" : "")) {
        Tensors in = variables(row);
        Tape tape;
        const Tensor y = row.call(in), seed = ones(y.shape(), float64);
        const Tensors x = leaves(in), before = tape.gradient(y, x, {.seed = seed});
        for (Tensor& t : in) t.assign(t.clone());
        Tensors after;
        const std::string message =
            error_of<GraphError>([&] { after = tape.gradient(y, x, {.create_graph = create_graph, .seed = seed}); });
        INFO(message);
        if (message.empty()) {
          for (std::size_t k = 0; k < x.size(); ++k)
            CHECK((after[k].size() == 0 || max(abs(after[k].detach() - before[k])).item() < 1e-14));
        } else {
          CHECK_THAT(message, contains("a value its derivative needs (") && contains(") was changed in place") &&
                                  contains("/op_table"));
        }
      }
    }
  }
}

TEST_CASE("errors: saved values changed in place, by way of any handle", "[errors]") {
  Tensor x = random_variable({2, 3}), y = random_variable({2, 3});
  // What the derivative of record() says after change(); the place is that of the recorded line, which calls this.
  const auto message = [&](auto record, auto change, Site site = Site::here()) {
    return error_here<GraphError>(
        [&] {
          Tape tape;
          Tensor z = record();
          change(z);
          tape.gradient(z * 1.0, {x, y}, {.seed = ones(z.shape(), float64)});
        },
        site);
  };
  const auto changed = [](const char* op, const char* value) {
    return std::string(op) + ": a value its derivative needs (" + value +
           ") was changed in place after this line; clone() it before changing it";
  };
  const std::string expected = changed("mul", "float64 (2, 3)");
  const Tensor other = zeros({2, 3}, float64);
  CHECK(message([&] { return x * y; }, [&](Tensor&) { y.assign(other); }) == expected);
  CHECK(message([&] { return x * y; }, [&](Tensor&) { x.mutable_data<double>()[0] = 1; }) == expected);
  CHECK(message([&] { return x * y; }, [&](Tensor&) { y.detach().mutable_data<double>(); }) == expected);
  CHECK(message([&] { return x * y; }, [&](Tensor&) { reshape(y.detach(), {6}).mutable_data<double>(); }) == expected);
  // A result that was saved, and a constant.
  Tensor c = ones({2, 3}, float64);
  CHECK(message([&] { return exp(x); }, [](Tensor& z) { z.detach().mutable_data<double>(); }) ==
        changed("exp", "float64 (2, 3)"));
  CHECK(message([&] { return x * c; }, [&](Tensor&) { c.mutable_data<double>(); }) == expected);
  CHECK(message([&] { return matmul(x, transpose(y)); }, [&](Tensor&) { x.mutable_data<double>(); }) ==
        changed("matmul", "float64 (2, 3)"));
  // What a derivative does not read may change, and a copy of a saved value may as well.
  const auto gradient = [&](auto record, auto change) {
    Tape tape;
    const Tensor z = record();
    change();
    return tape.gradient(z, y, {.seed = ones({2, 3}, float64)}).to_vector<double>();
  };
  const std::vector<double> one(6, 1.0);
  CHECK(gradient([&] { return x + y; }, [&] { x.mutable_data<double>(), y.mutable_data<double>(); }) == one);
  CHECK(gradient([&] { return y * c; }, [&] { y.mutable_data<double>()[0] = 5; }) == one);
  CHECK(gradient([&] { return y * c; }, [&] { c.clone().mutable_data<double>()[0] = 5; }) == one);
}

TEST_CASE("errors: a recorded value cannot be written to", "[errors]") {
  const Tensor x = random_variable({2, 3});
  std::optional<Tape> tape(std::in_place);
  Tensor y = x * 2.0, z = sum(y);
  CHECK_THAT(error_here<GraphError>([&] { y.mutable_data<double>(); }),
             contains("mutable_data: the value was recorded on a tape; change a clone() of it"));
  CHECK_THAT(error_here<GraphError>([&] { z.assign(tensor(1.0, float64)); }), contains(": "));
  CHECK_NOTHROW(y.clone().mutable_data<double>());
  tape.reset();
  CHECK_NOTHROW(y.mutable_data<double>());
}

TEST_CASE("errors: a second backward over released values", "[errors]") {
  const Tensor x = random_variable({3}), factor = variable(2.0, float64);
  Tape tape;
  const int line = __LINE__ + 1;
  const Tensor y = sum(exp(x) * factor), z = factor * factor;
  y.backward();
  CHECK(error_here<GraphError>([&] { y.backward(); }) ==
        "backward: an earlier backward() released what sum had saved (recorded at " + std::string(__FILE__) + ":" +
            std::to_string(line) + "); call that one as backward({}, true)");
  CHECK_THAT(error_of<GraphError>([&] { tape.gradient(y, x); }), contains("released what sum had saved"));
  CHECK_THAT(error_of<GraphError>([&] { tape.gradient(y * 2.0, x, {.create_graph = true}); }),
             contains("released what sum"));
  // Another result that shares a part which was released.
  z.backward(Tensor(), true);
  z.backward();
  CHECK_THAT(error_of<GraphError>([&] { z.backward(); }), contains("released what mul had saved"));
  CHECK(factor.grad().defined());
  // gradient() keeps, unless told otherwise.
  const Tensor kept = exp(x);
  const Tensor seed = ones({3}, float64);
  tape.gradient(kept, x, {.seed = seed});
  tape.gradient(kept, x, {.retain_graph = false, .seed = seed});
  CHECK_THROWS_AS(tape.gradient(kept, x, {.seed = seed}), GraphError);
}

TEST_CASE("errors: tapes that are gone", "[errors]") {
  const Tensor x = variable(tensor({1, 2}));
  Tensor y;
  {
    Tape tape;
    y = x * x;
  }
  CHECK(y.to_vector<float>() == std::vector<float>{1, 4});
  CHECK((y * 2.0).to_vector<float>() == std::vector<float>{2, 8});  // a number like any other
  CHECK_THAT(error_here<GraphError>([&] { y.backward(ones({2})); }),
             contains("backward: the tape this value was recorded on is gone"));
  CHECK_THAT(error_of<GraphError>([&] { y.retain_grad(); }), contains("retain_grad: not a value recorded on a tape"));
  Tape tape;
  CHECK_THAT(error_here<GraphError>([&] { y + x; }),
             contains("add: a value recorded on a tape that is gone") && contains("detach() it"));
  CHECK_THAT(error_of<GraphError>([&] { matmul(y, x); }), contains("matmul: a value recorded on a tape that is gone"));
  CHECK_THAT(error_here<GraphError>([&] { concatenate({x, y}); }), contains("concatenate: "));
  CHECK_THAT(error_here<GraphError>([&] { tape.gradient(y, x); }), contains("gradient: "));
  CHECK((y.detach() + x).requires_grad());
}

TEST_CASE("errors: an argument of any op from a tape that is gone", "[errors]") {
  for (const OpRow& row : op_table()) {
    if (!row.differentiable || row.prepares) continue;
    for (std::size_t k = 0; k < row.arguments.size(); ++k) {
      Tensors in = variables(row);
      if (!in[k].is_leaf()) continue;
      {
        Tape tape;
        in[k] = in[k] * 1.0;
      }
      Tape tape;
      const std::string message = error_of<GraphError>([&] { row.call(in); });
      INFO(title(row) << ", argument " << k << ": " << message);
      CHECK(message.find(row.name + ": a value recorded on a tape that is gone") == 0);
      CHECK_THAT(message, contains("/op_table"));
    }
  }
}

TEST_CASE("errors: what gradient and backward are asked", "[errors]") {
  const Tensor x = random_variable({2, 3}), constant = random_tensor({2, 3});
  Tape tape;
  const Tensor y = x * 2.0;
  CHECK(error_here<ShapeError>([&] { y.backward(); }) ==
        "backward: y has shape (2, 3), and without a seed it must have one element");
  CHECK(error_here<ShapeError>([&] { tape.gradient(y, x); }) ==
        "gradient: y has shape (2, 3), and without a seed it must have one element");
  CHECK(error_here<ShapeError>([&] { y.backward(ones({3}, float64)); }) ==
        "backward: the seed has shape (3,), y has (2, 3)");
  CHECK(error_here<DTypeError>([&] {
          tape.gradient(y, x, {.seed = ones({2, 3})});
        }) == "gradient: the seed is float32, y is float64");
  CHECK_THAT(error_here<GraphError>([&] { tape.gradient(y, constant, {.seed = constant}); }),
             contains("gradient: x, float64 (2, 3), is a constant here"));
  CHECK_THAT(error_here<GraphError>([&] { tape.gradient(constant, x, {.seed = constant}); }),
             contains("gradient: y, float64 (2, 3), is a constant here") && contains("taken without create_graph?"));
  CHECK_THAT(error_of<GraphError>([&] { tape.backward(constant, constant); }),
             contains("backward: y, float64 (2, 3), is a constant here"));
  CHECK_THAT(error_of<GraphError>([&] { constant.backward(constant); }),
             contains("backward: the value was not recorded"));
  CHECK_THAT(error_of<ValueError>([&] { tape.gradient(Tensor(), x); }), contains("gradient: y is an undefined tensor"));
  CHECK_THAT(error_here<ValueError>([&] {
               tape.gradient(y, {x, Tensor()}, {.seed = constant});
             }),
             contains("gradient: x is an undefined tensor"));
  CHECK_THAT(error_of<ValueError>([] { Tensor().backward(); }), contains("backward: the tensor is undefined"));
}

}  // namespace xgrad::tests
