// The examples of docs/transforms.md, which quotes them, and what they say comes out.
#include <xgrad/lift.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/transforms.hpp>
#include <xgrad/xgrad.hpp>

#include <cmath>

#include <catch.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {
using Doubles = std::vector<double>;
Doubles elements(const Tensor& t) { return t.to_vector<double>(); }
}  // namespace

TEST_CASE("transforms guide: gradients") {
  auto f = [](const Tensor& x) { return sum(x * x * x); };
  Tensor x = tensor({1, 2, 3}, float64);
  Tensor slope = grad(f)(x);                  // 3 x^2: 3, 12, 27
  auto [value, same] = value_and_grad(f)(x);  // 36, and the slope

  auto g = [](const std::vector<Tensor>& in) { return sum(in[0] * in[1]); };  // of several
  std::vector<Tensor> slopes = grad(g)({x, slope});

  auto cube = [](const Tensor& t) { return t * t * t; };
  Tensor second = grad(grad(cube))(tensor(2, float64));  // 6 t: 12
  CHECK(elements(slope) == Doubles{3, 12, 27});
  CHECK(value.item() == 36);
  CHECK(elements(same) == elements(slope));
  CHECK(elements(slopes[1]) == Doubles{1, 2, 3});
  CHECK(second.item() == 12);
}

TEST_CASE("transforms guide: matrices") {
  auto f = [](const Tensor& x) { return sum(x * x * x); };
  Tensor x = tensor({1, 2, 3}, float64), v = tensor({1, 0, -1}, float64);
  auto h = [](const Tensor& t) { return stack({sum(t), sum(t * t)}); };
  Tensor j = jacobian(h, x);                        // (2, 3): {{1, 1, 1}, {2, 4, 6}}
  Tensor curvature = hessian(f, x);                 // (3, 3): 6 x on the diagonal
  auto [y, tangent] = jvp(h, x, v);                 // J v, in the time of a few calls of h
  auto [z, pull_back] = vjp(h, x);                  // a function: u to J' u
  Tensor row = pull_back(tensor({0, 1}, float64));  // 2, 4, 6
  auto [w, push_forward] = linearize(h, x);         // a function: v to J v
  Tensor along = push_forward(v);
  Tensor hv = hvp(f, x, v);  // the Hessian times v, without the Hessian
  CHECK(elements(j) == Doubles{1, 1, 1, 2, 4, 6});
  CHECK(elements(curvature) == Doubles{6, 0, 0, 0, 12, 0, 0, 0, 18});
  CHECK(elements(tangent) == Doubles{0, -4});
  CHECK(elements(along) == Doubles{0, -4});
  CHECK(elements(row) == Doubles{2, 4, 6});
  CHECK(elements(hv) == Doubles{6, 0, -18});
  CHECK(elements(y) == Doubles{6, 14});
  CHECK(elements(z) == elements(w));
}

TEST_CASE("transforms guide: a gradient in a loss") {
  Random random(1);
  nn::Linear layer(3, 1, random);
  Tensor x = uniform(random, {8, 3});
  // Of a network with respect to what goes in, and a loss in which that gradient is.
  Tape tape;
  Tensor slope = grad([&](const Tensor& in) { return sum(tanh(layer(in))); })(x);
  Tensor penalty = mean(square(slope));
  penalty.backward();  // reaches the layer's weights
  CHECK(slope.shape() == x.shape());
  for (const auto& parameter : layer.parameters()) CHECK(parameter.grad().defined());
}

TEST_CASE("transforms guide: checkpoint") {
  Random random(1);
  nn::Sequential block{nn::Linear(4, 4, random), nn::Tanh(), nn::Linear(4, 4, random)};
  Tensor x = uniform(random, {8, 4});
  Tape tape;
  Tensor y = checkpoint([&](const Tensor& in) { return block(in); }, x);
  mean(square(y)).backward();
  for (const auto& parameter : block.parameters()) CHECK(parameter.grad().defined());
}

TEST_CASE("transforms guide: a derivative of one's own") {
  // Rounds, and passes the gradient as if it did not.
  auto rounded = custom_vjp(
      [](const Tensor& in) {
        Tensor y = in.clone();
        double* at = y.mutable_data<double>();
        for (std::int64_t i = 0; i < y.size(); ++i) at[i] = std::round(at[i]);
        return y;
      },
      [](const Tensor&, const Tensor&, const Tensor& g) { return g; }, "rounded");
  Tensor x = variable(tensor({0.4, 2.6}, float64));
  Tape tape;
  Tensor slope = tape.gradient(sum(x * rounded(x)), x);  // round(x) + x
  CHECK(elements(slope) == Doubles{0.4, 5.6});
}

TEST_CASE("transforms guide: hooks") {
  Tensor x = variable(tensor({1, 20}, float64));
  Tape tape;
  Tensor h = register_hook(2 * x, [](const Tensor& g) { return clamp(g, -5, 5); });
  Tensor slope = tape.gradient(sum(h * h), x);  // 2 clamp(2 h)
  CHECK(elements(slope) == Doubles{8, 10});
}

TEST_CASE("transforms guide: a scalar function as an operation") {
  auto huber = lift([](auto x) {
    if (abs(x) < 1) return 0.5 * x * x;
    return abs(x) - 0.5;
  });
  auto decay = lift([](auto x, auto rate) { return x > 0 ? exp(-rate * x) : 1 + 0 * x; });

  Tensor x = tensor({-2, 0.5, 3}, float64);
  Tensor y = huber(x);                                                       // 1.5, 0.125, 2.5
  Tensor z = decay(x, tensor({{1}, {2}}, float64));                          // (2, 3), as numpy broadcasts
  Tensor slope = grad([&](const Tensor& in) { return sum(huber(in)); })(x);  // -1, 0.5, 1
  CHECK(elements(y) == Doubles{1.5, 0.125, 2.5});
  CHECK(z.shape() == Shape{2, 3});
  CHECK(elements(z)[0] == 1);
  CHECK(elements(z)[5] == Approx(std::exp(-6)));
  CHECK(elements(slope) == Doubles{-1, 0.5, 1});
}
