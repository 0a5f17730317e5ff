// Tensors without a tape: what they hold, what they share, what they refuse, how they print.
#include <xgrad/engine/error.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/greater.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/where.hpp>

#include <cmath>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

template <class To, class From> constexpr bool takes = requires(void (*f)(const To&), From from) { f(from); };

}  // namespace

TEST_CASE("tensor: from braces, with shape and dtype", "[tensor]") {
  const Tensor a = tensor({{1, 2, 3}, {4, 5, 6.5}});
  CHECK(a.dtype() == float32);
  CHECK(a.shape() == Shape{2, 3});
  CHECK(a.rank() == 2);
  CHECK(a.size() == 6);
  CHECK(a.to_vector<float>() == std::vector<float>{1, 2, 3, 4, 5, 6.5});
  const Tensor s = tensor(2.5, float64);
  CHECK(s.rank() == 0);
  CHECK(s.size() == 1);
  CHECK(s.item() == 2.5);
  CHECK(tensor({true, false}, boolean).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK(tensor({1, -2}, int64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2});
}

TEST_CASE("tensor: what braces cannot say", "[tensor]") {
  CHECK(error_of<ShapeError>([] { tensor({{1, 2}, {3}}); }).find("tensor: ragged braces") == 0);
  CHECK_THAT(error_of<ShapeError>([] { tensor({1, {2, 3}}); }), contains("ragged"));
  CHECK_THAT(error_of<ValueError>([] { tensor({1.5}, int64); }), contains("1.5 is not an int64"));
  CHECK_THAT(error_of<ValueError>([] { tensor({1e19}, int64); }), contains("2^53"));
  constexpr double limit = 0x1p53;
  CHECK_THAT(error_of<ValueError>([] { full({1}, 9007199254740993.0, int64); }), contains("2^53"));
  CHECK_THAT(error_of<ValueError>([] { tensor({-limit}, int64); }), contains("2^53"));
  CHECK_THAT(error_of<ValueError>([] { tensor({double{INFINITY}}, int64); }), contains("2^53"));
  CHECK_THAT(error_of<ValueError>([] { tensor({double{NAN}}, int64); }), contains("is not an int64"));
  CHECK(full({1}, limit - 1, int64).data<std::int64_t>()[0] == 9007199254740991);
  const Tensor large = from_vector(std::vector<std::int64_t>{9007199254740993}, {1});
  CHECK_THAT(error_of<DTypeError>([&] { return large > limit; }), contains("b is 9007199254740992: from 2^53 on"));
  CHECK((large > limit - 1).item() == 1);
  CHECK_THAT(error_of<ValueError>([] { tensor({2}, boolean); }), contains("2 is not a boolean"));
  CHECK_THAT(error_here<ValueError>([] { full({2}, 0.5, int64); }), contains(": "));
  CHECK_THAT(error_here<ShapeError>([] {
               from_vector(std::vector<float>{1, 2, 3}, {2});
             }),
             contains("3 values for shape (2,)"));
}

TEST_CASE("tensor: full, zeros, ones, from memory", "[tensor]") {
  CHECK(zeros({2, 2}, int64).to_vector<std::int64_t>() == std::vector<std::int64_t>(4, 0));
  CHECK(ones({3}, float64).to_vector<double>() == std::vector<double>(3, 1));
  CHECK(full({2}, 0.1).to_vector<float>() == std::vector<float>(2, 0.1f));
  CHECK(full({}, 1, boolean).dtype() == boolean);
  const double numbers[] = {1, 2, 3, 4};
  CHECK(from_data(numbers, {2, 2}).to_vector<double>() == std::vector<double>{1, 2, 3, 4});
  CHECK(from_vector(std::vector<bool>{true, false}, {2, 1}).shape() == Shape{2, 1});
  CHECK(zeros({0, 3}).size() == 0);
  CHECK(empty({4}, float64).size() == 4);
}

TEST_CASE("tensor: a dtype that is none", "[tensor]") {
  for (const int number : {0, 5, 9, 255}) {
    const auto none = static_cast<DType>(number);
    const std::string message = std::to_string(number) + " is no dtype";
    CHECK_THAT(error_here<DTypeError>([&] { zeros({2}, none); }), contains(message));
    CHECK_THAT(error_here<DTypeError>([&] { full({}, 1, none); }), contains(message));
    CHECK_THAT(error_here<DTypeError>([&] { empty({2}, none); }), contains(message));
    CHECK_THAT(error_here<DTypeError>([&] { tensor({1}, none); }), contains(message));
    CHECK_THAT(error_here<DTypeError>([&] { variable(1.0, none); }), contains(message));
    CHECK_THROWS_AS(random_tensor({2}, 0, 1, none), DTypeError);
  }
}

TEST_CASE("tensor: handles share, clones do not", "[tensor]") {
  Tensor a = tensor({1, 2, 3});
  const Tensor same = a, detached = a.detach(), copy = a.clone();
  a.mutable_data<float>()[0] = 10;
  CHECK(same.data<float>()[0] == 10);
  CHECK(detached.data<float>()[0] == 10);
  CHECK(copy.data<float>()[0] == 1);
  static_assert(!noexcept(a.detach()));  // of a variable it takes memory
  a.assign(tensor({7, 8, 9}));
  CHECK(same.to_vector<float>() == std::vector<float>{7, 8, 9});

  Tensor x = variable(tensor(1.0));
  const Tensor other = x;
  x.assign(tensor(5.0));
  CHECK(other.item() == 5);
}

TEST_CASE("tensor: a variable owns its elements", "[tensor]") {
  Tensor source = tensor({1, 2});
  Tensor x = variable(source);
  x.mutable_data<float>()[0] = 9;
  CHECK(source.data<float>()[0] == 1);
  CHECK_FALSE(source.requires_grad());
  CHECK(x.requires_grad());
  CHECK(x.is_leaf());
  CHECK_FALSE(x.detach().is_leaf());
  CHECK_FALSE(x.clone().is_leaf());
  const Tensor again = variable(x);
  CHECK(again.data<float>() != x.data<float>());
  CHECK_THAT(error_here<DTypeError>([] {
               variable(tensor({1, 2}, int64));
             }),
             contains("variable: int64 has no gradient"));
  CHECK_THAT(error_of<ValueError>([] { variable(Tensor()); }), contains("variable: the tensor is undefined"));
}

TEST_CASE("tensor: element access checks type and shape", "[tensor]") {
  const Tensor a = tensor({1, 2});
  CHECK_THAT(error_here<DTypeError>([&] { a.data<double>(); }),
             contains("data: the elements are float32, asked for as float64"));
  CHECK_THAT(error_of<ShapeError>([&] { a.item(); }), contains("item: needs one element, the shape is (2,)"));
  CHECK_THAT(error_of<ValueError>([] { Tensor().item(); }), contains("item: the tensor is undefined"));
  CHECK_THAT(error_of<ValueError>([] { Tensor().data<float>(); }), contains("undefined"));
  CHECK(tensor({{3}}).item() == 3);
  CHECK_FALSE(Tensor().defined());
  CHECK(Tensor().size() == 0);
}

TEST_CASE("tensor: assign keeps shape and dtype", "[tensor]") {
  Tensor a = tensor({1, 2});
  CHECK_THAT(error_here<ShapeError>([&] {
               a.assign(tensor({1, 2, 3}));
             }),
             contains("assign: the source is float32 (3,), the target float32 (2,)"));
  CHECK_THAT(error_of<DTypeError>([&] { a.assign(tensor({1, 2}, float64)); }), contains("float64 (2,)"));
  CHECK_THAT(error_of<ValueError>([&] { a.assign(Tensor()); }), contains("undefined"));
  CHECK_THAT(error_of<ValueError>([] { Tensor().assign(tensor(1)); }), contains("undefined"));
  CHECK(a.to_vector<float>() == std::vector<float>{1, 2});
}

TEST_CASE("tensor: gradients set by hand fit the variable", "[tensor]") {
  Tensor x = variable(tensor({1, 2}));
  CHECK_FALSE(x.grad().defined());
  x.set_grad(tensor({3, 4}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{3, 4});
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
  CHECK_THAT(error_of<ShapeError>([&] { x.set_grad(tensor({1})); }),
             contains("set_grad: the gradient is float32 (1,), the variable float32 (2,)"));
  CHECK_THAT(error_of<DTypeError>([&] { x.set_grad(tensor({1, 2}, float64)); }), contains("float64 (2,)"));
  CHECK_THAT(error_of<GraphError>([] { tensor(1).set_grad(tensor(1)); }), contains("set_grad: not a variable"));
}

TEST_CASE("shape: extents are any integers, and nothing else", "[tensor]") {
  const std::vector<double> values{1, 2, 3};
  CHECK(from_vector(values, {values.size(), 1}).shape() == Shape{3, 1});
  CHECK(Shape{short{2}, 3u, 4LL, std::integral_constant<int, 5>()} == Shape({2, 3, 4, 5}));
  CHECK_THAT(error_here<ShapeError>([] { Shape({~std::size_t{0}}); }), contains("axis 0 has extent -1"));
  STATIC_REQUIRE(takes<Shape::Extent, std::size_t> && takes<Shape::Extent, char>);
  STATIC_REQUIRE_FALSE(takes<Shape::Extent, double> || takes<Shape::Extent, float>);
}

TEST_CASE("axes: of integers, and not of numbers or flags meant for another argument", "[tensor]") {
  CHECK(Axes(std::int64_t{1})[0] == 1);
  STATIC_REQUIRE(takes<Axes, int> && takes<Axes, std::size_t> && takes<Axes, char>);
  STATIC_REQUIRE_FALSE(takes<Axes, double> || takes<Axes, float> || takes<Axes, bool>);
}

TEST_CASE("shape: limits", "[tensor]") {
  constexpr std::int64_t big = std::int64_t{1} << 40, half = std::int64_t{1} << 30;
  CHECK(to_string(Shape{}) == "()");
  CHECK(to_string(Shape{3}) == "(3,)");
  CHECK(to_string(Shape{2, 0, 1}) == "(2, 0, 1)");
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{big}.size() == big);
  CHECK_THAT(error_of<ShapeError>([] { Shape({1, 2, 3, 4, 5, 6, 7, 8, 9}); }), contains("more than 8 axes"));
  CHECK_THAT(error_here<ShapeError>([] { Shape({2, -1}); }), contains("axis 1 has extent -1"));
  for (const auto& extents :
       {std::vector<std::int64_t>{big, half}, {big, big}, {half, half, 16}, {0, big, 2}, {big + 1}})
    CHECK_THAT(error_of<ShapeError>([&] { Shape(extents.data(), static_cast<int>(extents.size())); }),
               contains("more than 2^40 elements"));
  const Tensor thin = zeros({1 << 14}), a = reshape(thin, {-1, 1, 1}), b = reshape(thin, {-1, 1});
  CHECK_THAT(error_here<ShapeError>([&] { where(a > 0.0, b, thin); }),
             contains("where: the result (16384, 16384, 16384) would have more than 2^40 elements"));
  CHECK_THAT(error_here<ShapeError>([&] { reshape(thin, {big, big, big, -1}); }), contains("more than 2^40 elements"));
  Shape written{1, 1};
  written[0] = written[1] = half * 4;
  CHECK_THAT(error_of<ShapeError>([&] { empty(written); }), contains("(4294967296, 4294967296) is no shape"));
  CHECK_THAT(error_of<Error>([&] {
               empty({half, 1024}, float64);
             }),
             contains("no memory for float64 (1073741824, 1024)"));
  CHECK_THAT(error_of<ShapeError>([] { Axes({0, 1, 2, 3, 4, 5, 6, 7, 8}); }), contains("9 axes, at most 8"));
}

TEST_CASE("shape: what was written into one is checked where it is used", "[tensor]") {
  const auto shape = [](std::int64_t first, std::int64_t second) {
    Shape s{1, 1};
    s[0] = first, s[1] = second;
    return s;
  };
  const Tensor none = zeros({0}), six = variable(zeros({6}));
  const Shape huge = shape(std::int64_t{1} << 32, std::int64_t{1} << 32), negative = shape(-2, -3);
  Tape tape;
  for (const Tensor& x : {none, six})
    for (const Shape& s : {huge, negative, shape(-6, 0)}) {
      CHECK_THROWS_AS(reshape(x, s), ShapeError);
      CHECK_THROWS_AS(zeros(s), ShapeError);
      CHECK_THROWS_AS(from_vector(std::vector<float>(static_cast<std::size_t>(x.size())), s), ShapeError);
    }
  CHECK_THROWS_AS(reshape(tensor(1), shape(-1, -1)), ShapeError);
}

TEST_CASE("tensor: printed as numpy would", "[tensor]") {
  CHECK(to_string(tensor(2.5)) == "2.5 float32 ()");
  CHECK(to_string(tensor({1, 2, 3})) == "[1, 2, 3] float32 (3,)");
  CHECK(to_string(tensor({{1, -2.5}, {100, 4}}, float64)) == "[[   1, -2.5],\n [ 100,    4]] float64 (2, 2)");
  CHECK(to_string(zeros({2, 2, 2}, int64)) == "[[[0, 0],\n  [0, 0]],\n\n [[0, 0],\n  [0, 0]]] int64 (2, 2, 2)");
  CHECK(to_string(tensor({true, false}, boolean)) == "[ true, false] boolean (2,)");
  CHECK(to_string(zeros({0, 3})) == "[] float32 (0, 3)");
  CHECK(to_string(zeros({1000000000, 0})) == "[] float32 (1000000000, 0)");
  CHECK(to_string(Tensor()) == "undefined tensor");
  CHECK(to_string(tensor({INFINITY, -INFINITY, NAN})) == "[ inf, -inf,  nan] float32 (3,)");
  CHECK(to_string(zeros({1001})) == "[0, 0, 0, ..., 0, 0, 0] float32 (1001,)");
  const std::string summary = to_string(zeros({20, 60}));
  CHECK(summary.substr(0, 27) == "[[0, 0, 0, ..., 0, 0, 0],\n ");
  CHECK_THAT(summary, contains(",\n ...,\n"));
}

TEST_CASE("tensor: without a tape nothing is recorded", "[tensor]") {
  const Tensor x = variable(tensor({1, 2}));
  const Tensor y = x * 2.0;
  CHECK(y.to_vector<float>() == std::vector<float>{2, 4});
  CHECK_FALSE(y.requires_grad());
  CHECK_THAT(error_here<GraphError>([&] { y.backward(ones({2})); }), contains("backward: the value was not recorded"));
}

TEST_CASE("tensor: 0-d numbers round as their dtype", "[tensor]") {
  const Tensor a = tensor(0.1) + 0.2;
  CHECK(a.dtype() == float32);
  CHECK(a.data<float>()[0] == 0.1f + 0.2f);
  CHECK((tensor(0.1, float64) + 0.2).item() == 0.1 + 0.2);
  // A number is rounded before it is used, as an array's would be.
  CHECK(same_bits(tensor(3.0) * 0.1, tensor(3.0) * tensor(0.1)));
}

}  // namespace xgrad::tests
