// Ops with kernels of their own for a whole formula: what the plain operations give, and the same bits on any number of
// threads.
#include <xgrad/xgrad.hpp>

#include <cmath>

#include "catch.hpp"
#include "op_table.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Model = std::function<Tensor(const Tensors&)>;

Tensors draw(const std::vector<Shape>& shapes, DType dtype = float64) {
  Tensors drawn;
  for (const Shape& shape : shapes) drawn.push_back(variable(random_tensor(shape, -1, 1, dtype, 10 + drawn.size())));
  return drawn;
}

/// The value, and the gradients under weights that tell all elements apart.
Tensors all_of(const Model& f, const Tensors& in) {
  Tape tape;
  const Tensor y = f(in);
  Tensors all = tape.gradient(sum(y * random_tensor(y.shape(), 1, 2, y.dtype(), 5)), in);
  all.push_back(y.detach());
  return all;
}

void check_equal(const Model& fused, const Model& plain, const Tensors& in, Site site = Site::here()) {
  const Tensors got = all_of(fused, in), expected = all_of(plain, in);
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("number " << i << " at line " << site.line);
    REQUIRE(got[i].shape() == expected[i].shape());
    CHECK(max(abs(got[i] - expected[i])).item() < 1e-13);
  }
}

void check_threads(const Model& f, const std::vector<Shape>& shapes) {
  const Tensors in = draw(shapes, float32);
  const auto with_threads = [&](int count) {
    const Threads scope(count);
    return all_of(f, in);
  };
  const Tensors one = with_threads(1), three = with_threads(3);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(same_bits(one[i], three[i]));
}

}  // namespace

TEST_CASE("fused: layer_norm is its formula") {
  const auto plain = [](const Tensors& in) {
    const Tensor d = in[0] - mean(in[0], -1, true), y = d / sqrt(mean(square(d), -1, true) + 1e-5);
    return in.size() == 3 ? y * in[1] + in[2] : y;
  };
  for (const std::int64_t n : {1, 3, 8, 37, 300}) {
    check_equal([n](const Tensors& in) { return layer_norm(in[0], {n}, in[1], in[2]); }, plain,
                draw({{4, n}, {n}, {n}}));
    check_equal([n](const Tensors& in) { return layer_norm(in[0], {n}); }, plain, draw({{2, 3, n}}));
  }
  const auto bias = [](const Tensors& in) { return layer_norm(in[0], {5}, {}, in[1]); };
  check_equal(
      bias, [&](const Tensors& in) { return plain({in[0]}) + in[1]; }, draw({{4, 5}, {5}}));
  const auto residual = [](const Tensors& in) { return in[0] * 2 + layer_norm(in[0], {5}); };
  check_equal(
      residual, [&](const Tensors& in) { return plain(in) + in[0] * 2; }, draw({{4, 5}}));
  check_threads([](const Tensors& in) { return layer_norm(in[0], {129}, in[1], in[2]); }, {{1000, 129}, {129}, {129}});
}

TEST_CASE("fused: batch_norm is its formula") {
  const auto train = [](const Tensor& x, const Tensor& weight, const Tensor& bias) {
    Tensor mean, variance;
    return batch_norm(x, mean, variance, weight, bias, true);
  };
  const auto plain = [](const Tensor& x, const Tensor& weight, const Tensor& bias) {
    const Tensor by_channel = reshape(swapaxes(x, 0, 1), {x.shape()[1], -1});
    const Tensor d = by_channel - mean(by_channel, 1, true), z = d / sqrt(mean(square(d), 1, true) + 1e-5);
    const Tensor scaled = weight.defined() ? z * unsqueeze(weight, 1) : z;
    const Tensor y = bias.defined() ? scaled + unsqueeze(bias, 1) : scaled;
    return swapaxes(reshape(y, swapaxes(x, 0, 1).shape()), 0, 1);
  };
  // Channels of single elements go together, up to so many as fill a line; the others each by itself.
  const std::vector<Shape> shapes = {{2, 1}, {5, 3}, {40, 37}, {3, 2, 1, 1}, {1, 2, 7}, {4, 3, 8}, {3, 19, 5, 7}};
  for (const Shape& shape : shapes) {
    const Shape channels{shape[1]};
    check_equal([&](const Tensors& in) { return train(in[0], in[1], in[2]); },
                [&](const Tensors& in) { return plain(in[0], in[1], in[2]); }, draw({shape, channels, channels}));
    check_equal([&](const Tensors& in) { return train(in[0], {}, in[1]); },
                [&](const Tensors& in) { return plain(in[0], {}, in[1]); }, draw({shape, channels}));
    check_equal([&](const Tensors& in) { return in[0] * 2 + train(in[0], in[1], {}); },
                [&](const Tensors& in) { return in[0] * 2 + plain(in[0], in[1], {}); }, draw({shape, channels}));

    const Tensor x = random_tensor(shape, -1, 1, float64, 3), rows = reshape(swapaxes(x, 0, 1), {shape[1], -1});
    Tensor running_mean = full(channels, 0.5, float64), running_var = full(channels, 2, float64);
    batch_norm(x, running_mean, running_var, {}, {}, true, 0.25);
    CHECK(max(abs(running_mean - (0.375 + 0.25 * mean(rows, 1)))).item() < 1e-15);
    CHECK(max(abs(running_var - (1.5 + 0.25 * var(rows, 1, 1)))).item() < 1e-14);
  }
  for (const Shape& shape : {Shape{300, 70}, Shape{30, 20, 11, 13}})
    check_threads([&](const Tensors& in) { return train(in[0], in[1], in[2]); }, {shape, {shape[1]}, {shape[1]}});
}

TEST_CASE("fused: attention is its formula") {
  const Tensor mask = random_tensor({5, 7}, -1, 1, float64, 3) > 0, everywhere = zeros({5, 7}, float64);
  const auto plain = [](const Tensor& s, const Tensor& v) { return matmul(softmax(s), v); };
  const auto scores = [](const Tensors& in) { return matmul(in[0], swapaxes(in[1], -1, -2)) / 2; };
  const std::vector<Shape> shapes = {{2, 3, 5, 4}, {2, 3, 7, 4}, {2, 3, 7, 6}};
  check_equal([](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2]); },
              [&](const Tensors& in) { return plain(scores(in), in[2]); }, draw(shapes));
  check_equal([](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2], {}, true, 0.5); },
              [&](const Tensors& in) {
                return plain(where(tril(ones({5, 7}, boolean)), scores(in), -1e300), in[2]);
              },
              draw(shapes));
  check_equal([&](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2], mask); },
              [&](const Tensors& in) {  // a floating mask takes the plain way
                return scaled_dot_product_attention(in[0], in[1], in[2], where(mask, everywhere, -HUGE_VAL));
              },
              draw(shapes));
  // One tensor three times: its gradient is the sum of three.
  check_equal([](const Tensors& in) { return scaled_dot_product_attention(in[0], in[0], in[0]); },
              [&](const Tensors& in) {
                return plain(scores({in[0], in[0]}), in[0]);
              },
              draw({{2, 5, 4}}));
  check_threads([](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2]); },
                {{16, 90, 32}, {16, 80, 32}, {16, 80, 32}});
}

TEST_CASE("fused: attention over heads that stand side by side") {
  const auto apart = [](const Tensor& mask, bool causal) {
    return [=](const Tensors& in) {
      const auto part = [&](std::int64_t i) {
        return swapaxes(unflatten(slice(in[0], {{}, {}, {i * 6, i * 6 + 6}}), -1, {2, 3}), 1, 2);
      };
      const Tensor y = scaled_dot_product_attention(part(0), part(1), part(2), mask, causal);
      return flatten(swapaxes(y, 1, 2), 2);
    };
  };
  const Tensor mask = random_tensor({3, 2, 4, 4}, -1, 1, float64, 3) > 0, added = random_tensor({4, 4});
  for (const bool causal : {false, true})
    for (const Tensor& each : {Tensor(), mask, added})
      check_equal([&](const Tensors& in) { return scaled_dot_product_attention(in[0], 2, each, causal); },
                  apart(each, causal), draw({{3, 4, 18}}));
  check_threads([](const Tensors& in) { return scaled_dot_product_attention(in[0], 4, {}, true); }, {{8, 64, 384}});
}

TEST_CASE("fused: lstm on any number of threads") {
  check_threads([](const Tensors& in) { return lstm(in[0], in[1], in[2], in[3], in[4], in[5]).h; },
                {{9, 40, 70}, {40, 130}, {40, 130}, {520, 70}, {520, 130}, {520}});
}

TEST_CASE("parts of an array add to their places in its gradient, and to no other") {
  const Tensor x = variable(random_tensor({4, 6}));
  Tape tape;
  const Tensor a = exp(x), b = sin(x);  // what comes back through a + b is one array for both
  const Tensor parts = sum(slice(a, {1}) * 2) + sum(slice(a, {{}, {0, 2}})) + sum(slice(a, {{}, {none, none, -2}}));
  const Tensor y = sum((a + b) * 3) + parts;
  const Tensor weights = tensor({{3}, {5}, {3}, {3}}, float64) + tensor({1, 2, 0, 1, 0, 1}, float64);
  const Tensor expected = a.detach() * weights + 3 * cos(x.detach());
  CHECK(max(abs(tape.gradient(y, x) - expected)).item() < 1e-14);
}

}  // namespace xgrad::tests
