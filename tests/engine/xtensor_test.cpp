// The door to xtensor: values of expressions in, views without a copy out, and an array user's own code differentiated.
#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

TEST_CASE("from_xtensor evaluates any expression into the dtype of its values") {
  const xt::xarray<double> a = {{1, 2, 3}, {4, 5, 6}};
  const xt::xtensor<float, 1> b = {10, 20, 30};
  const Tensor product = from_xtensor(a * 2 + 1);
  CHECK(product.dtype() == float64);
  CHECK(product.shape() == Shape{2, 3});
  CHECK(product.to_vector<double>() == std::vector<double>{3, 5, 7, 9, 11, 13});
  const Tensor single = from_xtensor(b);
  CHECK(single.dtype() == float32);
  CHECK(single.to_vector<float>() == std::vector<float>{10, 20, 30});
  CHECK(from_xtensor(a * b).to_vector<double>() == std::vector<double>{10, 40, 90, 40, 100, 180});
  const Tensor mask = from_xtensor(a > 2);
  CHECK(mask.dtype() == boolean);
  CHECK(mask.to_vector<bool>() == std::vector<bool>{false, false, true, true, true, true});
  const xt::xarray<int> whole = {1, -2};
  CHECK(from_xtensor(whole).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2});
  const xt::xarray<double> scalar = 2.5;
  CHECK(from_xtensor(scalar).shape() == Shape());
  CHECK(from_xtensor(scalar).item() == 2.5);
  const xt::xarray<double> nothing = xt::xarray<double>::from_shape({0, 3});
  CHECK(from_xtensor(nothing).shape() == Shape{0, 3});
}

TEST_CASE("from_xtensor reads by index, not by storage") {
  const xt::xarray<double, xt::layout_type::column_major> columns = {{1, 2, 3}, {4, 5, 6}};
  CHECK(from_xtensor(columns).to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
  const xt::xarray<double> nine(std::vector<std::size_t>(9, 1), 1.0);
  CHECK_THAT(error_of<ShapeError>([&] { from_xtensor(nine); }), contains("more than 8 axes"));
}

TEST_CASE("what xtensor evaluates has as many axes as it should") {
  xt::xarray<double> a = {{1, 2}, {3, 4}};
  const auto b = xt::eval(a * a);
  CHECK(b.dimension() == 2);
  CHECK(b(1, 1) == 16);
}

TEST_CASE("as_xtensor is a view of the tensor's own elements") {
  Tensor x = tensor({{1, 2}, {3, 4}}, float64);
  const auto view = as_xtensor<double>(x);
  CHECK(view.dimension() == 2);
  CHECK(view(1, 0) == 3);
  CHECK(&view(0, 0) == x.data<double>());
  as_mutable_xtensor<double>(x) *= 2;
  CHECK(x.to_vector<double>() == std::vector<double>{2, 4, 6, 8});
  CHECK(view(1, 1) == 8);
  const Tensor scalar = tensor(7, float32);
  CHECK(as_xtensor<float>(scalar)() == 7);
  CHECK(from_xtensor(as_xtensor<double>(x) + 1).to_vector<double>() == std::vector<double>{3, 5, 7, 9});
  const Tensor labels = tensor({1, 2}, int64), mask = tensor({1, 0}, boolean);
  CHECK(as_xtensor<std::int64_t>(labels)(1) == 2);
  CHECK(as_xtensor<bool>(mask)(0));
  CHECK(as_xtensor<float>(scalar).dimension() == 0);
  const std::string error = error_of<DTypeError>([&] { as_xtensor<float>(x); });
  CHECK(error == "as_xtensor: the elements are float64, asked for as float32 " + at(__LINE__ - 1));
  CHECK_THAT(error_here<DTypeError>([&] { as_mutable_xtensor<float>(x); }),
             contains("as_mutable_xtensor: the elements are float64"));
}

TEST_CASE("writing through xtensor is noticed by a derivative that saved the elements") {
  Tensor x = variable(tensor({1, 2}, float64));
  Tape tape;
  const Tensor y = sum(square(x));
  as_mutable_xtensor<double>(x)(0) = 5;
  CHECK_THAT(error_of<GraphError>([&] { tape.gradient(y, x); }), contains("changed in place"));
}

TEST_CASE("the gradient of an array user's loss goes back as an array") {
  const xt::xarray<double> data = {1, 2, 4};
  const Tensor center = variable(0, float64);
  Tape tape;
  const Tensor loss = mean(square(from_xtensor(data) - center));
  const Tensor gradient = tape.gradient(loss, center);
  CHECK(as_xtensor<double>(gradient)() == Approx(-2 * 7.0 / 3));
}

}  // namespace
}  // namespace xgrad::tests
