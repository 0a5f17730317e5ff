// solve, inv, det and the decompositions: what they promise of their values, closed forms, singular matrices, threads.
#include <xgrad/engine/gradcheck.hpp>
#include <xgrad/xgrad.hpp>

#include "catch.hpp"
#include "oracle.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Inputs = std::vector<Tensor>;

Tensor t(const Tensor& x) { return swapaxes(x, -1, -2); }
/// A matrix that is far from singular.
Tensor regular(const Shape& shape, DType dtype = float64, std::uint64_t seed = 1) {
  return random_tensor(shape, -1, 1, dtype, seed) + eye(shape[shape.rank() - 2], shape[shape.rank() - 1], dtype) * 3.0;
}
/// The largest difference.
double apart(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  return a.size() == 0 ? 0 : max(abs(a - b)).item();
}
double epsilon(DType dtype) { return dtype == float32 ? 2e-5 : 2e-13; }
Tensor identity_of(const Tensor& x) { return broadcast_to(eye(x.shape()[x.rank() - 1], x.dtype()), x.shape()); }

template <class F> void check_order_2(F f, const Inputs& inputs) {
  const GradcheckReport report = gradcheck(f, inputs, {.order = 2});
  INFO(report.text);
  CHECK(report.ok);
}

const Shape squares[] = {{1, 1}, {2, 2}, {7, 7}, {50, 50}, {3, 5, 5}, {2, 3, 4, 4}, {0, 3, 3}, {0, 0}, {2, 0, 0}};
const Shape shapes[] = {{1, 1},    {5, 5},       {9, 4}, {4, 9}, {60, 40}, {40, 60},
                        {3, 5, 2}, {2, 2, 2, 6}, {3, 0}, {0, 3}, {0, 3, 2}};

}  // namespace

TEST_CASE("linalg: solve and inv undo the product", "[linalg]") {
  for (DType dtype : {float32, float64})
    for (const Shape& shape : squares) {
      INFO(to_string(shape) << " " << name_of(dtype));
      const Tensor a = regular(shape, dtype), y = inv(a);
      CHECK(y.dtype() == dtype);
      CHECK(apart(matmul(a, y), identity_of(a)) < epsilon(dtype));
      CHECK(apart(solve(a, a), identity_of(a)) < epsilon(dtype));
      Shape right = shape;
      right[shape.rank() - 1] = 3;
      const Tensor b = random_tensor(right, -1, 1, dtype, 5);
      CHECK(apart(matmul(a, solve(a, b)), b) < epsilon(dtype));
      const Tensor vectors = reshape(slice(t(b), {{}}).rank() == 2 ? slice(t(b), {0}) : sum(b, -1),
                                     Shape(shape.begin(), shape.rank() - 1));
      const Tensor x = solve(a, vectors);
      CHECK(x.shape() == vectors.shape());
      CHECK(apart(matmul(a, unsqueeze(x, -1)), unsqueeze(vectors, -1)) < epsilon(dtype));
    }
  CHECK(close(solve(tensor({{2, 1}, {0, 4}}, float64), tensor({4, 8}, float64)), {1, 2}));
  CHECK(close(inv(tensor({{1, 2}, {3, 4}}, float64)), {-2, 1, 1.5, -0.5}));
}

TEST_CASE("linalg: a vector or matrices on the right, by PyTorch's rule", "[linalg]") {
  const Tensor a = regular({2, 3, 3}), one = slice(a, {0});
  CHECK(solve(a, random_tensor({2, 3})).shape() == Shape{2, 3});
  CHECK(solve(a, random_tensor({3})).shape() == Shape{2, 3});
  CHECK(solve(a, random_tensor({3, 4})).shape() == Shape{2, 3, 4});
  CHECK(solve(a, random_tensor({3, 3})).shape() == Shape{2, 3, 3});
  CHECK(solve(one, random_tensor({3})).shape() == Shape{3});
  CHECK(solve(one, random_tensor({5, 3, 1})).shape() == Shape{5, 3, 1});
  CHECK(solve(regular({2, 1, 3, 3}), random_tensor({4, 3, 2})).shape() == Shape{2, 4, 3, 2});
  const Tensor b = random_tensor({2, 3, 2});
  CHECK(same_bits(slice(solve(a, b), {1}), solve(slice(a, {1}), slice(b, {1}))));
}

TEST_CASE("linalg: det and slogdet", "[linalg]") {
  CHECK(det(tensor({{1, 2}, {3, 4}}, float64)).item() == Approx(-2));
  CHECK(det(tensor({{0, 1}, {1, 0}}, float64)).item() == -1);
  CHECK(det(tensor({{0, 1, 0}, {0, 0, 1}, {1, 0, 0}}, float64)).item() == 1);
  CHECK(det(tensor({{2.5}}, float64)).item() == 2.5);
  CHECK(det(zeros({0, 0})).item() == 1);
  CHECK(det(zeros({2, 0, 0})).to_vector<float>() == std::vector<float>{1, 1});
  CHECK(det(ones({3, 3})).item() == 0);
  CHECK(det(zeros({0, 2, 2})).shape() == Shape{0});
  CHECK(det(stack({eye(2), ones({2, 2}), eye(2) * 2.0})).to_vector<float>() == std::vector<float>{1, 0, 4});
  for (DType dtype : {float32, float64}) {
    const Tensor a = regular({3, 5, 5}, dtype), b = regular({3, 5, 5}, dtype, 2), c = stack({a, -a, b}, 1);
    CHECK(apart(det(matmul(a, b)) / (det(a) * det(b)), ones({3}, dtype)) < epsilon(dtype));
    const auto [sign, logabsdet] = slogdet(c);
    CHECK(sign.dtype() == dtype);
    CHECK(apart(sign * exp(logabsdet) / det(c), ones({3, 3}, dtype)) < epsilon(dtype));
  }
  const auto [sign, logabsdet] = slogdet(tensor({{1, 2}, {2, 4}}));
  CHECK(sign.item() == 0);
  CHECK(logabsdet.item() == -INFINITY);
  CHECK(slogdet(zeros({0, 0})).sign.item() == 1);
  CHECK(slogdet(zeros({0, 0})).logabsdet.item() == 0);
  CHECK(slogdet(eye(2000) * 0.5).logabsdet.item() == Approx(-2000 * std::log(2.0)));
  CHECK(std::isnan(det(tensor({{NAN, 1}, {1, 1}})).item()));
  CHECK(std::isnan(slogdet(tensor({{NAN, 1}, {1, 1}})).logabsdet.item()));
}

TEST_CASE("linalg: det of singular matrices has derivatives", "[linalg]") {
  const auto f = [](const Inputs& in) { return det(in[0]); };
  check_order_2(f, {variable(tensor({{0}}, float64))});
  check_order_2(f, {variable(tensor({{1, 2}, {2, 4}}, float64))});
  check_order_2(f, {variable(zeros({2, 2}, float64))});
  check_order_2(f, {variable(zeros({3, 3}, float64))});
  check_order_2(f, {variable(tensor({{1, 2, 3}, {2, 4, 6}, {1, 0, 1}}, float64))});                // rank 2
  check_order_2(f, {variable(ones({4, 4}, float64))});                                             // rank 1
  check_order_2(f, {variable(stack({regular({3, 3}), ones({3, 3}, float64), regular({3, 3})}))});  // some of a batch
  Tape tape;
  const Tensor x = variable(tensor({{1, 2}, {2, 4}}, float64));
  CHECK(close(tape.gradient(det(x), x), {4, -2, -2, 1}));
  const Tensor many = variable(ones({33, 33}));
  const Tensor y = det(many);
  CHECK_THAT(error_of<ValueError>([&] { y.backward(); }), contains("det: ") && contains("is singular"));
}

TEST_CASE("linalg: cholesky", "[linalg]") {
  CHECK(close(cholesky(tensor({{4, 2}, {2, 10}}, float64)), {2, 0, 1, 3}));
  CHECK(close(cholesky(tensor({{4, 77}, {2, 10}}, float64)), {2, 0, 1, 3}));  // what is above is not read
  for (DType dtype : {float32, float64})
    for (const Shape& shape : squares) {
      const Tensor x = random_tensor(shape, -1, 1, dtype), a = matmul(x, t(x)) + eye(shape[shape.rank() - 1], dtype);
      const Tensor l = cholesky(a);
      INFO(to_string(shape) << " " << name_of(dtype));
      CHECK(apart(matmul(l, t(l)), a) < epsilon(dtype));
      CHECK(same_bits(tril(l), l));
    }
  Tape tape;
  const Tensor x = variable(tensor({{4, 2}, {2, 10}}, float64));
  const Tensor g = tape.gradient(sum(cholesky(x)), x);
  CHECK(same_bits(g, t(g)));
}

TEST_CASE("linalg: qr", "[linalg]") {
  for (DType dtype : {float32, float64})
    for (const Shape& shape : shapes) {
      const Tensor a = random_tensor(shape, -1, 1, dtype);
      const auto [q, r] = qr(a);
      const std::int64_t m = shape[shape.rank() - 2], n = shape[shape.rank() - 1], k = std::min(m, n);
      INFO(to_string(shape) << " " << name_of(dtype));
      CHECK(q.shape()[q.rank() - 1] == k);
      CHECK(r.shape()[r.rank() - 2] == k);
      CHECK(q.dtype() == dtype);
      CHECK(apart(matmul(q, r), a) < epsilon(dtype));
      CHECK(apart(matmul(t(q), q), identity_of(matmul(t(q), q))) < epsilon(dtype));
      CHECK(same_bits(triu(r), r));
    }
  CHECK(close(abs(qr(tensor({{3, 1}, {4, 2}}, float64)).r), {5, 2.2, 0, 0.4}));
}

TEST_CASE("linalg: eigh", "[linalg]") {
  CHECK(close(eigh(tensor({{2, 1}, {1, 2}}, float64)).values, {1, 3}));
  CHECK(close(eigh(tensor({{2, 55}, {1, 2}}, float64)).values, {1, 3}));  // what is above is not read
  CHECK(close(eigh(tensor({{3, 0}, {0, -1}}, float64)).values, {-1, 3}));
  for (DType dtype : {float32, float64})
    for (const Shape& shape : squares) {
      const Tensor x = random_tensor(shape, -1, 1, dtype), a = x + t(x);
      const auto [w, v] = eigh(a);
      INFO(to_string(shape) << " " << name_of(dtype));
      CHECK(apart(matmul(v * unsqueeze(w, -2), t(v)), a) < epsilon(dtype));
      CHECK(apart(matmul(t(v), v), identity_of(v)) < epsilon(dtype));
      CHECK(same_bits(sort(w).values, w));
    }
  Tape tape;
  const Tensor x = variable(eye(3, float64)), g = tape.gradient(sum(eigh(x).values), x);  // equal values do not matter
  CHECK(apart(g, eye(3, float64)) < 1e-14);
  CHECK(tape.size() > 0);
}

TEST_CASE("linalg: svd", "[linalg]") {
  CHECK(close(svd(tensor({{3, 0}, {0, -4}}, float64)).s, {4, 3}));
  for (DType dtype : {float32, float64})
    for (const Shape& shape : shapes) {
      const Tensor a = random_tensor(shape, -1, 1, dtype);
      const auto [u, s, vt] = svd(a);
      INFO(to_string(shape) << " " << name_of(dtype));
      CHECK(apart(matmul(u * unsqueeze(s, -2), vt), a) < epsilon(dtype));
      CHECK(apart(matmul(t(u), u), identity_of(matmul(t(u), u))) < epsilon(dtype));
      CHECK(apart(matmul(vt, t(vt)), identity_of(matmul(vt, t(vt)))) < epsilon(dtype));
      CHECK(same_bits(sort(s, -1, true).values, s));
    }
}

TEST_CASE("linalg: functions whose derivatives are known", "[linalg]") {
  const Tensor x = variable(regular({4, 4}));
  Tape tape;
  CHECK(apart(tape.gradient(slogdet(x).logabsdet, x), t(inv(x))) < 1e-14);
  CHECK(apart(tape.gradient(sum(square(svd(x).s)), x), x * 2.0) < 1e-12);
  const Tensor spd = matmul(x, t(x));
  CHECK(apart(tape.gradient(sum(log(diagonal(cholesky(spd)))) * 2.0, spd), inv(spd)) < 1e-13);
  const auto [w, v] = eigh(spd);
  CHECK(apart(tape.gradient(sum(w), spd), eye(4, float64)) < 1e-13);
  CHECK(apart(tape.gradient(sum(matmul(v, t(v))), spd), zeros({4, 4}, float64)) < 1e-12);  // always the identity
  const auto [q, r] = qr(x);
  CHECK(apart(tape.gradient(sum(matmul(q, r)), x), ones({4, 4}, float64)) < 1e-12);
  const auto [u, s, vt] = svd(x);
  CHECK(apart(tape.gradient(sum(matmul(u * unsqueeze(s, -2), vt)), x), ones({4, 4}, float64)) < 1e-12);
  // The third derivative of log det (x + s u) at s = 0 is 2 tr((x^-1 u)^3).
  const Tensor direction = random_tensor({4, 4}, -1, 1, float64, 9), z = matmul(inv(x), direction);
  CHECK(third_derivative([](const Tensor& p) { return slogdet(p).logabsdet; }, variable(x.detach()), direction) ==
        Approx(2 * trace(matmul(z, matmul(z, z))).item()));
}

TEST_CASE("linalg: the bits do not depend on the threads, nor on the batch", "[linalg]") {
  const Tensor a = regular({12, 90, 90}), tall = random_tensor({12, 150, 60}), spd = matmul(a, t(a));
  const auto all = [&] {
    const auto [q, r] = qr(tall);
    const auto [w, v] = eigh(spd);
    const auto [u, s, vt] = svd(tall);
    return Inputs{solve(a, a), inv(a), det(a), slogdet(a).logabsdet, cholesky(spd), q, r, w, v, u, s, vt};
  };
  Inputs one, four;
  {
    const Threads threads(1);
    one = all();
  }
  {
    const Threads threads(4);
    four = all();
  }
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(same_bits(one[i], four[i]));
  CHECK(same_bits(svd(slice(tall, {7})).u, slice(one[9], {7})));
  CHECK(same_bits(eigh(slice(spd, {7})).vectors, slice(one[8], {7})));
}

}  // namespace xgrad::tests
