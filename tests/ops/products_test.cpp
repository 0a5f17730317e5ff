// matmul, linear, affine: values and gradients against PyTorch 2.13 (constants below), shapes, bits, errors.
#include <xgrad/engine/gradcheck.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "oracle.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Inputs = std::vector<Tensor>;

struct ProductCase {
  Shape a, b;
  std::vector<double> c, da, db;  // db left out where it would only be long
};

const std::vector<ProductCase> product_cases = {
    {{3},
     {3},
     {1.3403758368798524},
     {0.4238175879232795, 0.28867937320631265, 0.017770738530783186},
     {0.2753256780161592, 0.421161387578928, 0.3689183157351158}},
    {{3},
     {3, 2},
     {-0.16398949047756717, -0.9304161992591264},
     {0.2512089823866899, 0.17412557826609829, -0.19201772829920788},
     {0.2753256780161592, -0.16462409774189604, 0.421161387578928, -0.2518229099932944, 0.3689183157351158,
      -0.22058547283333627}},
    {{2, 3},
     {3},
     {1.3403758368798526, 0.05901410779118534},
     {0.4238175879232795, 0.28867937320631265, 0.017770738530783186, -0.2534111185042525, -0.17260860553658958,
      -0.010625568301208827},
     {0.18972243695938962, 0.5108009201552624, 0.5916417491175706}},
    {{2, 3},
     {3, 2},
     {-0.16398949047756717, -0.9304161992591264, 1.1696017288118588, 1.2108993211751775},
     {0.2512089823866899, 0.17412557826609829, -0.19201772829920788, -1.4843291312780322, 0.5754866722620183,
      1.6799567822011177},
     {0.0012125422657742746, -0.4983274373065951, 0.7081992737426394, 0.09761492680430939, 1.0821088208594383,
      0.647647465563841}},
    {{2, 2, 3},
     {3, 2},
     {-0.16398949047756717, -0.9304161992591264, 1.1696017288118588, 1.2108993211751775, -1.0169482629702846,
      -0.2922194114566738, -0.14279699053158046, -0.9158476580504487},
     {0.2512089823866899, 0.17412557826609829, -0.19201772829920788, -1.4843291312780322, 0.5754866722620183,
      1.6799567822011177, -0.7557833455205382, 0.021502072656987243, 0.7630926372324213, 1.227412459498609,
      -0.5681773805501354, -1.4205554315639084},
     {1.0743996518033287, 0.2192142167338227, 1.725179143328519, 1.106533967609889, 1.5645799270786,
      1.473433503448839}},
    {{2, 1, 2, 3},
     {2, 3, 2},
     {-0.16398949047756717, -0.9304161992591264, 1.1696017288118588, 1.2108993211751775, 1.1694858270485737,
      1.197049652992384, -1.0013910738628014, -0.2642812746078851, -1.0169482629702846, -0.2922194114566738,
      -0.14279699053158046, -0.9158476580504487, -0.15838906140716702, -0.9302069089834322, 1.1613152751880733,
      1.2035039435522044},
     {0.48910826036691213, -0.5080969378136658, -0.6618278300400127, -1.3990472467965696, 2.0250323403188517,
      2.087425169125738, 1.3288011774566013, -1.7465937487363057, -1.922528276016865, -0.6194101499723489,
      1.0245824146977038, 0.967700841356347},
     {-1.0636716224555938, -1.447085216097109, -0.12985692477361133, -0.9805735436922909, 0.865031513699821,
      -0.05288281180471943, 0.6727771007690942, 1.3410538535950631, -0.33589081453558856, 0.6014570716300681,
      -1.1865840313254306, -0.4210143691485331}},
    {{3},
     {2, 3, 2},
     {-0.16398949047756717, -0.9304161992591264, 1.1694858270485737, 1.197049652992384},
     {0.24679721905788443, -1.5073309135513175, -0.7591906766209408},
     {0.2753256780161592, -0.16462409774189604, 0.421161387578928, -0.2518229099932944, 0.3689183157351158,
      -0.22058547283333627, -0.5271485880094536, -0.6417468604122645, -0.8063709581541603, -0.9816701448013392,
      -0.7063444667851798, -0.8598986210712093}},
    {{2, 2, 3},
     {3},
     {1.3403758368798526, 0.05901410779118534, -1.3999619217494848, 1.35451653777553},
     {0.4238175879232795, 0.28867937320631265, 0.017770738530783186, -0.2534111185042525, -0.17260860553658958,
      -0.010625568301208827, -0.811456616241282, -0.552716060011774, -0.03402450433205776, -0.9878613880006515,
      -0.6728725150367502, -0.0414211843279944},
     {0.33917412445221873, 0.042973738740683554, -0.273437867783787}},
    {{2, 3},
     {2, 3, 1},
     {1.3403758368798526, 0.05901410779118534, -2.1200827997571, 0.9079337007448547},
     {0.9244868953058505, 1.0885698938677613, 0.7406814619698736, 0.35610005808982353, 0.8011723017525152,
      0.8694406932384602},
     {0.18972243695938962, 0.5108009201552624, 0.5916417491175706, -0.8608519275741526, -0.4569331213565565,
      0.1618884716119975}},
};

TEST_CASE("matmul: values and gradients of every combination of ranks are PyTorch's") {
  for (const ProductCase& row : product_cases) {
    CAPTURE(to_string(row.a), to_string(row.b));
    const Tensor a = variable(wave(row.a)), b = variable(wave(row.b, 1));
    Tape tape;
    const Tensor c = matmul(a, b);
    const std::vector<Tensor> d = tape.gradient(c, {a, b}, {.seed = wave(c.shape(), 2)});
    CHECK(close(c, row.c));
    CHECK(close(d[0], row.da));
    CHECK(close(d[1], row.db));
    CHECK(d[0].shape() == row.a);
    CHECK(d[1].shape() == row.b);
  }
}

TEST_CASE("matmul: derivatives of order 2 and 3, of one tensor on both sides, of a constant") {
  for (const ProductCase& row : product_cases) {
    CAPTURE(to_string(row.a), to_string(row.b));
    const auto f = [](const Inputs& in) { return matmul(in[0], in[1]); };
    const GradcheckReport report =
        gradcheck(f, {random_variable(row.a), random_variable(row.b, -1, 1, float64, 2)}, {.order = 2});
    INFO(report.text);
    CHECK(report.ok);
    CHECK(gradcheck(f, {random_variable(row.a), random_tensor(row.b)}, {.order = 2}));
    CHECK(gradcheck(f, {random_tensor(row.a), random_variable(row.b)}, {.order = 2}));
  }
  const GradcheckReport square =
      gradcheck([](const Inputs& in) { return matmul(in[0], in[0]); }, {random_variable({3, 3})}, {.order = 2});
  INFO(square.text);
  CHECK(square.ok);
  // sum(x x x) is of degree 3: its third derivative along u is 6 sum(u u u).
  const Tensor x = variable(wave({2, 2})), u = wave({2, 2}, 1);
  CHECK(third_derivative([](const Tensor& t) { return sum(matmul(matmul(t, t), t)); }, x, u) ==
        Approx(6 * sum(matmul(matmul(u, u), u)).item()));
}

TEST_CASE("matmul: what it transposes itself has the values and the derivatives of transpose") {
  const auto swapped = [](const Tensor& x) { return x.rank() < 2 ? x : swapaxes(x, -1, -2); };
  const auto check = [&](const Shape& sa, const Shape& sb, MatmulOptions options) {
    CAPTURE(to_string(sa), to_string(sb), options.transpose_a, options.transpose_b);
    const auto f = [&](const Inputs& in) { return matmul(in[0], in[1], options); };
    const auto plain = [&](const Inputs& in) {
      return matmul(options.transpose_a ? swapped(in[0]) : in[0], options.transpose_b ? swapped(in[1]) : in[1]);
    };
    const Inputs in = {random_variable(sa), random_variable(sb, -1, 1, float64, 2)};
    check_close(f(in), plain(in));
    CHECK((same_bits(f(in), plain(in)) || sa.rank() == 1 || sb.rank() == 1));
    CHECK(f(in).shape() == plain(in).shape());
    const GradcheckReport report = gradcheck(f, in, {.order = 2});
    INFO(report.text);
    CHECK(report.ok);
  };
  const MatmulOptions a = {.transpose_a = true}, b = {.transpose_b = true}, both = {true, true};
  check({3, 2}, {3, 4}, a);
  check({2, 3}, {4, 3}, b);
  check({3, 2}, {4, 3}, both);
  check({2, 3, 2}, {2, 3, 4}, a);
  check({2, 3, 2}, {4, 3}, both);
  check({2, 2, 3}, {4, 3}, b);
  check({2, 3, 2}, {3}, a);
  check({3, 2}, {3}, a);
  check({3}, {4, 3}, b);
  check({3}, {2, 4, 3}, b);
}

TEST_CASE("matmul: empty extents") {
  CHECK(matmul(zeros({0, 3}), ones({3, 2})).shape() == Shape{0, 2});
  CHECK(matmul(zeros({2, 0, 3}), ones({3, 2})).shape() == Shape{2, 0, 2});
  CHECK(matmul(ones({2, 0}), ones({0, 3})).to_vector<float>() == std::vector<float>(6, 0.0f));
  CHECK(matmul(zeros({0}), zeros({0})).item() == 0);
  const Tensor a = variable(ones({2, 0})), b = variable(ones({0, 3}));
  Tape tape;
  const std::vector<Tensor> d = tape.gradient(sum(matmul(a, b)), {a, b});
  CHECK(d[0].shape() == a.shape());
  CHECK(d[1].shape() == b.shape());
}

TEST_CASE("matmul: what does not fit is named with both shapes and the caller's line") {
  const Tensor a = ones({100, 784}), b = ones({50, 10});
  const std::string inner = error_of<ShapeError>([&] { matmul(a, b); });
  CHECK(inner == "matmul: inner dimensions differ: a is (100, 784), b is (50, 10) " + at(__LINE__ - 1));
  const Tensor batch = ones({2, 4, 5});
  const std::string vector = error_of<ShapeError>([&] { matmul(ones({3}), batch); });
  CHECK(vector == "matmul: inner dimensions differ: a is (3,), b is (2, 4, 5) " + at(__LINE__ - 1));
  CHECK_THAT(error_of<ShapeError>([&] {
               matmul(ones({2, 3, 4}), ones({3, 4, 5}));
             }),
             contains("batches do not broadcast"));
  CHECK_THAT(error_of<ShapeError>([&] { matmul(tensor(1), b); }), contains("a is (), b is (50, 10)"));
  CHECK_THAT(error_of<DTypeError>([&] { matmul(ones({2, 2}), ones({2, 2}, float64)); }), contains("float64 (2, 2)"));
  CHECK_THAT(error_of<DTypeError>([&] { matmul(ones({2, 2}, int64), ones({2, 2}, int64)); }), contains("matmul: "));
}

TEST_CASE("linear and affine: values and gradients are PyTorch's") {
  const Tensor x = variable(wave({2, 3})), w = variable(wave({2, 3}, 1)), b = variable(wave({2}, 3));
  const std::vector<double> y = {0.8105396959713592, -3.0716848736466162, -0.4708220331173081, -0.04366837314466132};
  const std::vector<double> dx = {0.5801724276585947,  0.5384784967388696,  0.243529714844246,
                                  -0.2019454396472059, 0.42106484727733073, 0.8460417572076113};
  const std::vector<double> dw = {0.0012125422657742746, 0.7081992737426394,  1.0821088208594383,
                                  -0.4983274373065951,   0.09761492680430939, 0.647647465563841};
  const std::vector<double> db = {-0.3908972308305805, -1.251705710862672};
  Tape tape;
  const Tensor by_row = linear(x, w, b);
  const std::vector<Tensor> d = tape.gradient(by_row, {x, w, b}, {.seed = wave({2, 2}, 2)});
  CHECK(close(by_row, y));
  CHECK(close(d[0], dx));
  CHECK(close(d[1], dw));
  CHECK(close(d[2], db));
  const Tensor v = variable(transpose(w).detach());
  const Tensor by_column = affine(x, v, b);
  const std::vector<Tensor> e = tape.gradient(by_column, {x, v, b}, {.seed = wave({2, 2}, 2)});
  CHECK(close(by_column, y));
  CHECK(close(e[0], dx));
  CHECK(close(transpose(e[1]), dw));
  CHECK(close(e[2], db));
  CHECK(close(linear(x, w) + b, y));
  CHECK(close(affine(x, v) + b, y));
}

TEST_CASE("linear and affine: any rank of x, and derivatives of order 2") {
  const auto check = [](const Shape& shape, const Shape& weight, const Shape& result, auto f) {
    const Tensor x = random_variable(shape), w = random_variable(weight, -1, 1, float64, 2), b = random_variable({4});
    CHECK(f(x, w, b).shape() == result);
    const GradcheckReport report =
        gradcheck([&](const Inputs& in) { return f(in[0], in[1], in[2]); }, {x, w, b}, {.order = 2});
    INFO(report.text);
    CHECK(report.ok);
    const GradcheckReport no_bias =
        gradcheck([&](const Inputs& in) { return f(in[0], in[1], Tensor()); }, {x, w}, {.order = 2});
    INFO(no_bias.text);
    CHECK(no_bias.ok);
  };
  const auto by_row = [](const Tensor& x, const Tensor& w, const Tensor& b) {
    return b.defined() ? linear(x, w, b) : linear(x, w);
  };
  const auto by_column = [](const Tensor& x, const Tensor& w, const Tensor& b) {
    return b.defined() ? affine(x, w, b) : affine(x, w);
  };
  check({3}, {4, 3}, {4}, by_row);
  check({2, 3}, {4, 3}, {2, 4}, by_row);
  check({2, 5, 3}, {4, 3}, {2, 5, 4}, by_row);
  check({0, 3}, {4, 3}, {0, 4}, by_row);
  check({2, 3}, {3, 4}, {2, 4}, by_column);
  check({2, 3, 2}, {6, 4}, {2, 4}, by_column);
  check({3}, {1, 4}, {3, 4}, by_column);
  check({0, 2, 2}, {4, 4}, {0, 4}, by_column);
}

TEST_CASE("linear and affine: errors name every shape") {
  const Tensor x = ones({2, 3}), b = ones({4});
  const int line = __LINE__ + 1;
  const std::string error = error_of<ShapeError>([&] { linear(x, ones({3, 4}), b); });
  const std::string shapes = "x is (2, 3), weight is (3, 4), bias is (4,) ";
  CHECK(error == "linear: x has 3 features a row, weight, (out, in), takes 4: " + shapes + at(line));
  CHECK_THAT(error_of<ShapeError>([&] { affine(x, ones({4, 3}), b); }), contains("affine: x has 3 features"));
  CHECK_THAT(error_of<ShapeError>([&] { linear(x, ones({4, 3}), ones({1, 4})); }), contains("bias needs shape (4,)"));
  CHECK_THAT(error_of<ShapeError>([&] { linear(x, ones({4}), b); }), contains("weight needs two axes (out, in)"));
  CHECK_THAT(error_of<ShapeError>([&] { linear(tensor(1), ones({4, 3})); }), contains("x is 0-d"));
  CHECK_THAT(error_of<DTypeError>([&] { linear(x, ones({4, 3}, float64), b); }), contains("linear: dtypes differ"));
}

TEST_CASE("products have the same bits for any number of threads") {
  const struct {
    Shape a, b;
  } cases[] = {{{100, 784}, {784, 50}},
               {{784, 100}, {100, 50}},
               {{300, 200}, {200, 500}},
               {{8, 100, 100}, {8, 100, 100}},
               {{1, 3000}, {3000, 1000}}};
  for (const auto& row : cases) {
    const Tensor a = random_variable(row.a, -1, 1, float32), b = random_variable(row.b, -1, 1, float32, 2);
    std::vector<Tensor> first;
    for (const int count : {1, 2, 3, 4, 8}) {
      const Threads scope(count);
      Tape tape;
      const Tensor c = matmul(a, b);
      std::vector<Tensor> results = tape.gradient(sum(c), {a, b});
      results.push_back(c.detach());
      if (first.empty()) first = results;
      for (std::size_t i = 0; i < 3; ++i) CHECK(same_bits(results[i], first[i]));
    }
  }
}

TEST_CASE("a product in tiles is the product, in every form") {
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const bool accumulate : {false, true})
        for (const Shape& extents :
             {Shape{1, 1, 1}, Shape{3, 5, 7}, Shape{1, 70, 33}, Shape{70, 1, 33}, Shape{70, 33, 1},
              Shape{150, 200, 190}, Shape{200, 520, 50}, Shape{1, 600, 700}, Shape{700, 1, 600}}) {
          const std::int64_t m = extents[0], n = extents[1], k = extents[2];
          CAPTURE(ta, tb, accumulate, m, n, k);
          const Tensor a = random_tensor(ta ? Shape{k, m} : Shape{m, k}),
                       b = random_tensor(tb ? Shape{n, k} : Shape{k, n});
          Tensor c = ones({m, n}, float64);
          detail::product(float64, ta, tb, m, n, k, a.data<double>(), ta ? m : k, b.data<double>(), tb ? k : n,
                          c.mutable_data<double>(), n, accumulate);
          double worst = 0;
          for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
              double expected = accumulate ? 1 : 0;
              for (std::int64_t l = 0; l < k; ++l)
                expected += a.data<double>()[ta ? l * m + i : i * k + l] * b.data<double>()[tb ? j * k + l : l * n + j];
              worst = std::max(worst, std::abs(expected - c.data<double>()[i * n + j]));
            }
          CHECK(worst < 1e-12);
        }
}

TEST_CASE("the BLAS in use has a name") { CHECK(std::string(blas_core()) != ""); }

}  // namespace
}  // namespace xgrad::tests
