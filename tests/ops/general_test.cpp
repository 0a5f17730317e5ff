// Shapes and reductions: values by numpy's meaning, derivatives to order 2, every dtype, empty and 0-d, errors.
#include <xgrad/engine/gradcheck.hpp>
#include <xgrad/xgrad.hpp>

#include <limits>

#include "catch.hpp"
#include "oracle.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Inputs = std::vector<Tensor>;
using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

template <class F> void check_order_2(F f, const Inputs& inputs) {
  const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
  INFO(report.text);
  CHECK(report.ok);
}

/// 0, 1, 2, ... in that shape.
Tensor counting(const Shape& shape, DType dtype = float32) {
  Ints values(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i);
  return to(from_vector(values, shape), dtype);
}

TEST_CASE("transpose: numpy's meaning, any dtype, derivatives") {
  CHECK(transpose(counting({2, 3})).to_vector<float>() == Floats{0, 3, 1, 4, 2, 5});
  CHECK(transpose(counting({2, 3}, int64)).to_vector<std::int64_t>() == Ints{0, 3, 1, 4, 2, 5});
  CHECK(transpose(tensor({{1, 0}, {1, 0}}, boolean)).to_vector<bool>() == std::vector<bool>{true, true, false, false});
  const Tensor x = counting({2, 3, 2});
  CHECK(transpose(x, {1, 0, 2}).to_vector<float>() == Floats{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11});
  CHECK(transpose(x, {-1, 0, 1}).to_vector<float>() == Floats{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11});
  CHECK(transpose(tensor(3)).item() == 3);
  CHECK(transpose(zeros({0, 3})).shape() == Shape{3, 0});
  const Tensor large = random_tensor({3, 70, 50});
  const Tensor back = transpose(transpose(large, {2, 0, 1}), {1, 2, 0});
  CHECK(same_bits(back, large));
  check_order_2([](const Inputs& in) { return square(transpose(in[0], {2, 0, 1})); }, {random_variable({2, 3, 4})});
  const std::string error = error_of<ShapeError>([&] { transpose(x, {0, 1}); });
  CHECK(error == "transpose: 2 given for float32 (2, 3, 2), expected each of its 3 axes once " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ShapeError>([&] { transpose(x, {0, 1, 1}); }), contains("axis 1 is named twice"));
  CHECK_THAT(error_of<ShapeError>([&] {
               transpose(x, {0, 1, 3});
             }),
             contains("axis 3 for float32 (2, 3, 2), expected -3 to 2"));
}

TEST_CASE("reshape: shares the elements, fills in one extent, keeps int64 exact") {
  const Tensor x = counting({2, 3});
  CHECK(reshape(x, {3, -1}).shape() == Shape{3, 2});
  CHECK(reshape(x, {-1}).data<float>() == x.data<float>());
  CHECK(reshape(x, Shape{3, 2}).shape() == Shape{3, 2});
  CHECK(reshape(zeros({0, 3}), {3, -1}).shape() == Shape{3, 0});
  const std::int64_t odd = (std::int64_t{1} << 62) + 1;
  CHECK(reshape(from_vector(Ints{odd}, {1}), {}).data<std::int64_t>()[0] == odd);
  CHECK(reshape(tensor(2.5), {1, 1}).shape() == Shape{1, 1});
  check_order_2([](const Inputs& in) { return square(reshape(in[0], {3, -1})); }, {random_variable({2, 3})});
  check_order_2([](const Inputs& in) { return square(reshape(in[0], {})); }, {random_variable({1, 1})});
  check_order_2([](const Inputs& in) { return square(reshape(in[0], {1, 1})); }, {variable(0.5, float64)});
  const std::string error = error_of<ShapeError>([&] { reshape(x, {4, 2}); });
  CHECK(error == "reshape: float32 (2, 3) has 6 elements, shape (4, 2) has 8 " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ShapeError>([&] { reshape(x, {4, -1}); }), contains("no extent for the -1 in (4, -1) fits"));
  CHECK_THAT(error_of<ShapeError>([&] { reshape(x, {-1, -1}); }), contains("one extent may be -1"));
  CHECK_THAT(error_of<ShapeError>([&] { reshape(x, {-2, 3}); }), contains("to (-2, 3)"));
  CHECK_THAT(error_of<ShapeError>([&] { reshape(zeros({0}), {0, -1}); }), contains("no extent for the -1"));
}

TEST_CASE("broadcast_to") {
  CHECK(broadcast_to(counting({3, 1}), {2, 3, 2}).to_vector<float>() == Floats{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2});
  CHECK(broadcast_to(tensor(7, int64), {2}).to_vector<std::int64_t>() == Ints{7, 7});
  CHECK(broadcast_to(zeros({1, 3}), {0, 3}).shape() == Shape{0, 3});
  check_order_2([](const Inputs& in) { return square(broadcast_to(in[0], {2, 3, 4})); }, {random_variable({3, 1})});
  const std::string error = error_of<ShapeError>([] { broadcast_to(ones({2}), {3}); });
  CHECK(error == "broadcast_to: float32 (2,) does not broadcast to (3,) " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ShapeError>([] { broadcast_to(ones({2, 3}), {3}); }), contains("does not broadcast to (3,)"));
}

TEST_CASE("slice: numpy's meaning of start, stop, step and index") {
  const Tensor x = counting({2, 5});
  CHECK(slice(x, {{}, {1, 3}}).to_vector<float>() == Floats{1, 2, 6, 7});
  CHECK(slice(x, {1}).to_vector<float>() == Floats{5, 6, 7, 8, 9});
  CHECK(slice(x, {1}).shape() == Shape{5});
  CHECK(slice(x, {-1, -2}).item() == 8);
  CHECK(slice(x, {{}, {none, none, 2}}).to_vector<float>() == Floats{0, 2, 4, 5, 7, 9});
  CHECK(slice(x, {{}, {none, none, -1}}).to_vector<float>() == Floats{4, 3, 2, 1, 0, 9, 8, 7, 6, 5});
  CHECK(slice(x, {{none, none, -1}, {-1, 0, -2}}).to_vector<float>() == Floats{9, 7, 4, 2});
  CHECK(slice(x, {{}, {3, none}}).to_vector<float>() == Floats{3, 4, 8, 9});
  CHECK(slice(x, {{}, {-2, none}}).to_vector<float>() == Floats{3, 4, 8, 9});
  CHECK(slice(x, {{}, {-100, 100}}).shape() == Shape{2, 5});
  CHECK(slice(x, {{}, {3, 2}}).shape() == Shape{2, 0});
  CHECK(slice(x, {{}, {2, 3, -1}}).shape() == Shape{2, 0});
  CHECK(slice(x, {{}, {1, none, 100}}).to_vector<float>() == Floats{1, 6});
  CHECK(slice(x, {{}, {none, none, std::numeric_limits<std::int64_t>::max()}}).to_vector<float>() == Floats{0, 5});
  CHECK(slice(x, {}).to_vector<float>() == x.to_vector<float>());
  CHECK(slice(tensor(3), {}).item() == 3);
  CHECK(slice(counting({4}, int64), {{1, 3}}).to_vector<std::int64_t>() == Ints{1, 2});
  CHECK(slice(zeros({0, 3}), {{}, 1}).shape() == Shape{0});
}

TEST_CASE("slice: derivatives put the gradient back, errors") {
  const Tensor x = variable(counting({2, 3}, float64));
  Tape tape;
  CHECK(tape.gradient(sum(slice(x, {1, {none, none, -2}})), x).to_vector<double>() ==
        std::vector<double>{0, 0, 0, 1, 0, 1});
  check_order_2(
      [](const Inputs& in) {
        return square(slice(in[0], {{none, none, -1}, 1, {1, 4, 2}}));
      },
      {random_variable({2, 3, 4})});
  check_order_2([](const Inputs& in) { return slice(in[0], {0}) * slice(in[0], {1}); }, {random_variable({2, 3})});
  check_order_2([](const Inputs& in) { return square(slice(in[0], {{2, 2}})); }, {random_variable({3})});
  const std::string error = error_of<ShapeError>([&] { slice(x, {0, 3}); });
  CHECK(error == "slice: index 3 on axis 1 of float64 (2, 3), which has 3 elements " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ShapeError>([&] { slice(x, {-3}); }), contains("index -3 on axis 0"));
  CHECK_THAT(error_of<ShapeError>([&] { slice(x, {0, 0, 0}); }), contains("3 slices for float64 (2, 3)"));
  CHECK_THAT(error_of<ValueError>([&] { slice(x, {{0, 1, 0}}); }), contains("step 0 on axis 0"));
}

TEST_CASE("concatenate and stack") {
  const Tensor a = counting({2, 2}), b = counting({2, 1});
  CHECK(concatenate({a, b}, 1).to_vector<float>() == Floats{0, 1, 0, 2, 3, 1});
  CHECK(concatenate({a, a}).shape() == Shape{4, 2});
  CHECK(concatenate({a, zeros({0, 2}), a}).shape() == Shape{4, 2});
  CHECK(concatenate({counting({2}, int64), counting({1}, int64)}, -1).to_vector<std::int64_t>() == Ints{0, 1, 0});
  CHECK(stack({a, a}, -1).to_vector<float>() == Floats{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(stack({a, a}, 1).to_vector<float>() == Floats{0, 1, 0, 1, 2, 3, 2, 3});
  CHECK(stack({tensor(1), tensor(2)}).to_vector<float>() == Floats{1, 2});
  check_order_2(
      [](const Inputs& in) {
        return square(concatenate({in[0], in[1], in[0]}, 1));
      },
      {random_variable({2, 2}), random_variable({2, 3})});
  check_order_2(
      [](const Inputs& in) {
        return square(concatenate({in[0], in[1]}));
      },
      {random_tensor({2, 2}), random_variable({1, 2})});
  check_order_2(
      [](const Inputs& in) {
        return square(stack({in[0], in[1], in[0]}, 1));
      },
      {random_variable({2, 2}), random_variable({2, 2})});
  const std::vector<Tensor> many(20, variable(2, float64));
  Tape tape;
  CHECK(tape.gradient(sum(square(stack(many))), many[0]).item() == 80);
  const std::string error = error_of<ShapeError>([&] { concatenate({a, b}); });
  CHECK(error == "concatenate: along axis 0, argument 2 is (2, 1), argument 1 is (2, 2) " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ValueError>([] { concatenate({}); }), contains("concatenate: no tensors"));
  CHECK_THAT(error_of<ShapeError>([] { concatenate({tensor(1)}); }), contains("argument 1 is 0-d"));
  CHECK_THAT(error_of<DTypeError>([&] {
               concatenate({a, ones({1, 2}, float64)});
             }),
             contains("argument 2 is float64 (1, 2)"));
  CHECK_THAT(error_of<ShapeError>([&] {
               stack({a, b});
             }),
             contains("stack: argument 2 is (2, 1), argument 1 is (2, 2)"));
  CHECK_THAT(error_of<ShapeError>([&] { stack({a, a}, 3); }), contains("axis 3 for float32 (2, 2), expected -3 to 2"));
  CHECK_THAT(error_of<ValueError>([&] { stack({a, Tensor()}); }), contains("argument 2 is an undefined tensor"));
}

TEST_CASE("sum and mean: axes, keepdims, dtypes, empty") {
  const Tensor x = counting({2, 3, 2});
  CHECK(sum(x).item() == 66);
  CHECK(sum(x, 1).to_vector<float>() == Floats{6, 9, 24, 27});
  CHECK(sum(x, {0, -1}).to_vector<float>() == Floats{14, 22, 30});
  CHECK(sum(x, {0, 2}, true).shape() == Shape{1, 3, 1});
  CHECK(mean(x, {1}, true).to_vector<float>() == Floats{2, 3, 8, 9});
  CHECK(sum(tensor({{1, 0}, {1, 1}}, boolean), 0).to_vector<std::int64_t>() == Ints{2, 1});
  CHECK(sum(counting({2, 3}, int64), 0).to_vector<std::int64_t>() == Ints{3, 5, 7});
  CHECK(sum(zeros({2, 0}), 1).to_vector<float>() == Floats{0, 0});
  CHECK(sum(zeros({0, 2}, int64), 0).to_vector<std::int64_t>() == Ints{0, 0});
  CHECK(sum(zeros({0, 2}), 1).shape() == Shape{0});
  CHECK(std::isnan(mean(zeros({0})).item()));
  CHECK(mean(tensor(3)).item() == 3);
  CHECK(sum(full({10'000'000}, 0.1)).item() == Approx(1e6).epsilon(2e-6));
  for (const bool keepdims : {false, true}) {
    check_order_2([=](const Inputs& in) { return square(sum(in[0], {0, 2}, keepdims)); }, {random_variable({2, 3, 2})});
    check_order_2([=](const Inputs& in) { return square(mean(in[0], {-2}, keepdims)); }, {random_variable({2, 3, 2})});
  }
  check_order_2([](const Inputs& in) { return square(sum(in[0])) * mean(in[0]); }, {random_variable({2, 3})});
  const std::string error = error_of<ShapeError>([&] { sum(x, {0, 3}); });
  CHECK(error == "sum: axis 3 for float32 (2, 3, 2), expected -3 to 2 " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ShapeError>([&] { mean(x, {1, -2}); }), contains("mean: axis -2 is named twice"));
  CHECK_THAT(error_of<DTypeError>([] { mean(ones({2}, int64)); }), contains("mean: argument 1 is int64 (2,)"));
}

TEST_CASE("max, min, argmax: axes, dtypes, ties, nan") {
  const Tensor x = tensor({{1, 3, 3}, {2, 2, 2}}), nan = tensor({1, std::nan(""), 3, std::nan("")});
  CHECK(max(x, 1).to_vector<float>() == Floats{3, 2});
  CHECK(max(x, 0).to_vector<float>() == Floats{2, 3, 3});
  CHECK(min(x).item() == 1);
  CHECK(min(x, {0, 1}, true).shape() == Shape{1, 1});
  CHECK(max(counting({2, 3}, int64), 1).to_vector<std::int64_t>() == Ints{2, 5});
  CHECK(argmax(x, 1).to_vector<std::int64_t>() == Ints{1, 0});
  CHECK(argmax(x).item() == 1);
  CHECK(argmax(x, 0, true).to_vector<std::int64_t>() == Ints{1, 0, 0});
  CHECK(argmax(x, 0, true).shape() == Shape{1, 3});
  CHECK(argmax(counting({3}, int64)).item() == 2);
  CHECK(std::isnan(max(nan).item()));
  CHECK(std::isnan(min(nan).item()));
  CHECK(argmax(nan).item() == 1);
  CHECK(max(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(max(tensor(-2)).item() == -2);
  const Tensor v = variable(x);
  Tape tape;
  const Tensor tracked = variable(nan);
  CHECK(tape.gradient(max(tracked), tracked).to_vector<float>() == std::vector<float>{0, 0.5, 0, 0.5});
  CHECK(tape.gradient(max(v, 1), v, {.seed = tensor({1, 6})}).to_vector<float>() == Floats{0, 0.5, 0.5, 2, 2, 2});
  check_order_2(
      [](const Inputs& in) {
        return square(max(in[0], {0, 2}, true)) * min(in[0], 1, true);
      },
      {random_variable({2, 3, 2})});
  const std::string error = error_of<ValueError>([] { max(zeros({2, 0}), 1); });
  CHECK(error == "max: of no elements: x is float32 (2, 0) " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ValueError>([] { min(zeros({0})); }), contains("min: of no elements"));
  CHECK_THAT(error_of<ValueError>([] {
               argmax(zeros({2, 0}));
             }),
             contains("argmax: of no elements: x is float32 (2, 0)"));
  CHECK_THAT(error_of<DTypeError>([] { max(ones({2}, boolean)); }), contains("max: argument 1 is boolean (2,)"));
}

TEST_CASE("to: conversions, and the gradient's way back") {
  const Tensor x = tensor({-1.5, 0, 2.7}, float64);
  CHECK(to(x, int64).to_vector<std::int64_t>() == Ints{-1, 0, 2});
  CHECK(to(x, boolean).to_vector<bool>() == std::vector<bool>{true, false, true});
  CHECK(to(tensor({1, 0}, boolean), float32).to_vector<float>() == Floats{1, 0});
  CHECK(to(x, float64).data<double>() == x.data<double>());
  CHECK(to(tensor(1e-50, float64), float32).item() == 0);
  const Tensor v = variable(tensor({1, 2}, float32));
  Tape tape;
  const Tensor d = tape.gradient(sum(square(to(v, float64))), v, {.create_graph = true});
  CHECK(d.dtype() == float32);
  CHECK(d.to_vector<float>() == Floats{2, 4});
  CHECK(tape.gradient(sum(d), v).to_vector<float>() == Floats{2, 2});
  CHECK(!to(v, int64).requires_grad());
  CHECK(to(v, float32).requires_grad());
  CHECK_THAT(error_of<DTypeError>([] { to(tensor({1}), DType(9)); }), contains("9 is no dtype"));
  const std::string error = error_of<ValueError>([] { to(tensor({1, 1e19}), int64); });
  CHECK(error == "to: element 1 of float32 (2,) is 1e+19, which int64 cannot hold " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ValueError>([] { to(tensor(std::nan(""), float64), int64); }),
             contains("element 0 of float64 () is nan"));
}

TEST_CASE("large arrays: every element in its place, reductions like a loop in double") {
  const std::int64_t n[] = {5, 7, 20, 300};
  const Tensor x = random_tensor({n[0], n[1], n[2], n[3]}, -1, 1, float32);
  const float* const from = x.data<float>();
  const int orders[][4] = {{3, 1, 0, 2}, {0, 3, 2, 1}, {1, 0, 3, 2}, {2, 1, 0, 3}};
  for (const auto& o : orders) {
    const Tensor y = transpose(x, {o[0], o[1], o[2], o[3]});
    const float* to = y.data<float>();
    std::int64_t i[4], wrong = 0;
    for (i[o[0]] = 0; i[o[0]] < n[o[0]]; ++i[o[0]])
      for (i[o[1]] = 0; i[o[1]] < n[o[1]]; ++i[o[1]])
        for (i[o[2]] = 0; i[o[2]] < n[o[2]]; ++i[o[2]])
          for (i[o[3]] = 0; i[o[3]] < n[o[3]]; ++i[o[3]])
            wrong += *to++ != from[((i[0] * n[1] + i[1]) * n[2] + i[2]) * n[3] + i[3]];
    CHECK(wrong == 0);
  }
  const Tensor columns = reshape(x, {-1, 300});
  const Tensor sums = sum(columns, 0), largest = max(columns, 0), first = argmax(columns, 0);
  double off = 0, total = 0;
  std::int64_t wrong = 0;
  for (std::int64_t j = 0; j < 300; ++j) {
    double column = 0;
    std::int64_t at = 0;
    for (std::int64_t i = 0; i < 700; ++i) {
      column += static_cast<double>(from[i * 300 + j]);
      if (from[i * 300 + j] > from[at * 300 + j]) at = i;
    }
    total += column;
    off = std::max(off, std::abs(column - static_cast<double>(sums.data<float>()[j])));
    wrong += first.data<std::int64_t>()[j] != at || largest.data<float>()[j] != from[at * 300 + j];
  }
  CHECK(off < 1e-4);
  CHECK(wrong == 0);
  CHECK(sum(x).item() == Approx(total).epsilon(1e-5));
}

TEST_CASE("reductions and movers have the same bits for any number of threads") {
  const Tensor x = random_tensor({600, 1000}, -1, 1, float32);
  std::vector<Tensor> first;
  for (const int count : {1, 2, 3, 4, 8}) {
    const Threads scope(count);
    const std::vector<Tensor> results = {sum(x),
                                         sum(x, 0),
                                         sum(x, 1),
                                         max(x, 0),
                                         softmax(x, 0),
                                         softmax(x, 1),
                                         log_softmax(x, 0),
                                         transpose(x),
                                         slice(x, {{none, none, -1}, {1, none, 3}})};
    if (first.empty()) first = results;
    for (std::size_t i = 0; i < results.size(); ++i) CHECK(same_bits(results[i], first[i]));
  }
}

TEST_CASE("a derivative's error names the forward line") {
  const Tensor x = variable(ones({2, 2}));
  Tape tape;
  const Tensor scaled = x * 2;
  const Tensor y = matmul(scaled, x);
  const int line = __LINE__ - 1;
  Tensor handle = x;
  handle.mutable_data<float>()[0] = 5;
  CHECK_THAT(error_of<GraphError>([&] { tape.gradient(sum(y), x); }), contains("matmul: ") && contains(at(line)));
}

TEST_CASE("only reshape and to share elements with their argument") {
  const Axes no_axes{std::initializer_list<int>{}};
  for (const bool recorded : {false, true}) {
    const Tensor x = recorded ? random_variable({2, 3}) : random_tensor({2, 3});
    const Tensor column = recorded ? random_variable({2, 1}) : random_tensor({2, 1});
    Tape tape;
    const std::vector<Tensor> results = {broadcast_to(x, {2, 3}),
                                         sum(x, no_axes),
                                         mean(x, no_axes),
                                         max(x, no_axes),
                                         min(x, no_axes),
                                         logsumexp(x, no_axes),
                                         transpose(x, {0, 1}),
                                         slice(x, {}),
                                         concatenate({x}),
                                         tile(x, {1, 1}),
                                         tile(x, {}),
                                         roll(x, 5, no_axes),
                                         roll(x, 0),
                                         flip(x, no_axes),
                                         prod(x, no_axes),
                                         chunk(x, 1)[0],
                                         expand(x, {2, 3}),
                                         repeat_interleave(x, 1, 0),
                                         pad(x, {{0, 0}, {0, 0}}, PadMode::replicate),
                                         pad(x, {{0, 0}, {0, 0}}),
                                         identity(x),
                                         clamp(x, -9, 9)};
    for (const Tensor& y : results) {
      CHECK(same_bits(y, x));
      CHECK(y.data<double>() != x.data<double>());
      if (recorded) CHECK(same_bits(tape.gradient(y, x, {.seed = x}), x));
    }
    const std::vector<Tensor> reduced = {sum(column, 1, true), max(column, 1, true), logsumexp(column, 1, true)};
    for (const Tensor& y : reduced) CHECK(y.data<double>() != column.data<double>());
  }
  Tensor w = tensor({1, 2}), total = sum(w, no_axes);
  total.mutable_data<float>()[0] = 7;
  CHECK(w.to_vector<float>() == Floats{1, 2});
}

TEST_CASE("rows without elements can be picked") {
  const Tensor x = variable(zeros({4, 0})), index = tensor({3, 3, 1}, int64);
  Tape tape;
  for (const Tensor& y : {embedding(x, index), index_select(x, 0, index)}) {
    CHECK(y.shape() == Shape{3, 0});
    CHECK(tape.gradient(y, x, {.seed = y}).shape() == x.shape());
  }
}

TEST_CASE("no elements, but an extent that would take hours to go along") {
  constexpr std::int64_t huge = std::int64_t{1} << 40, rows = (std::int64_t{1} << 31) - 1;
  const Axes one{1};
  for (const Tensor& x : {variable(zeros({huge, 0})), variable(zeros({huge, 0, 1})), variable(zeros({huge, 1, 0})),
                          variable(zeros({0, huge})), variable(zeros({1, 0, huge}))}) {
    Tape tape;
    for (const int axis : {0, 1, -1})
      for (const Tensor& y : {softmax(x, axis), log_softmax(x, axis)}) {
        CHECK(y.shape() == x.shape());
        CHECK(tape.gradient(y, x, {.seed = zeros(x.shape())}).shape() == x.shape());
      }
    CHECK(to_string(transpose(x)).size() < 200);
    CHECK(slice(x, {{none, none, -1}}).shape() == x.shape());
    CHECK(concatenate({x}, 1).size() == 0);
    CHECK(sum(x).item() == 0);
    CHECK(prod(x).item() == 1);
    for (const int axis : {0, 1}) {
      if (x.shape()[axis] == 0) CHECK(index_select(x, axis, zeros({0}, int64)).shape() == x.shape());
      for (const Tensor& y : {cumsum(x, axis), sort(x, axis).values})
        CHECK(tape.gradient(y, x, {.seed = zeros(x.shape())}).shape() == x.shape());
    }
    CHECK(tril(x).shape() == x.shape());
    CHECK(tape.gradient(broadcast_to(x, x.shape()) * variable(zeros({1})), x, {.seed = zeros(x.shape())}).size() == 0);
    CHECK(tape.gradient(logsumexp(x), x).size() == 0);
  }
  const Tensor x = variable(zeros({huge, 1, 0}));
  {
    Tape tape;
    for (const Tensor& y : {sum(x, one), mean(x, one), max(x, one), min(x, one), logsumexp(x, one)}) {
      CHECK(y.shape() == Shape{huge, 0});
      CHECK(tape.gradient(y, x, {.seed = zeros(y.shape())}).shape() == x.shape());
    }
    CHECK(argmax(x, 1).size() == 0);
    for (const Tensor& y :
         {sum(zeros(x.shape(), int64), one), max(zeros(x.shape(), int64), one), argmax(zeros(x.shape(), int64), 1)})
      CHECK(y.size() == 0);
    const Tensor row = variable(zeros({1, 1, 0}));
    CHECK(tape.gradient(x + row, row, {.seed = zeros(x.shape())}).shape() == row.shape());
    const Tensor w = variable(zeros({1, 1, 1})), a = variable(zeros({huge, 0, 1})), y = matmul(a, w);
    CHECK(y.shape() == Shape{huge, 0, 1});
    CHECK(tape.gradient(y, a, {.seed = zeros(y.shape())}).shape() == a.shape());
  }
  {
    Tape tape;
    const Tensor few = variable(zeros({rows, 0})), weight = variable(zeros({0, 0})), bias = variable(zeros({0}));
    for (const Tensor& y : {linear(few, weight), linear(few, weight, bias), affine(few, weight, bias)}) {
      CHECK(y.shape() == Shape{rows, 0});
      CHECK(tape.gradient(y, {few, weight, bias}, {.seed = zeros(y.shape())})[2].size() == 0);
    }
  }
}

}  // namespace
}  // namespace xgrad::tests
