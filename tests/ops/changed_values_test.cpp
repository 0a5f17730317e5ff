// Ways to change a saved value after the forward pass: each is a GraphError that names the operation and its line, or
// changes nothing because no derivative reads the value.
#include <functional>
#include <thread>

#include <xgrad/nn.hpp>
#include <xgrad/ops/lift.hpp>
#include <xgrad/ops/transforms.hpp>
#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Tensors = std::vector<Tensor>;

/// What a row has to work with.
struct Values {
  Tensor x = random_variable({3, 3}, 0.5, 1.5), w = random_variable({3, 3}, 0.5, 1.5, float64, 2);
  Tensor c = random_tensor({3, 3}, 0.5, 1.5, float64, 3), v = random_variable({3}, 0.5, 1.5, float64, 4);
  Tensor mask = c > 1.0, index = tensor({2, 0, 1}, int64), rows = tensor({{2, 0, 1}, {0, 1, 2}, {1, 1, 0}}, int64);
  Tensor image = random_variable({1, 3, 4, 4}), kernel = random_variable({2, 3, 2, 2});
  Tensor mean = full({3}, 0.1, float64), variance = full({3}, 2, float64);
  Tensor spare;  // for what a row keeps

  Tensors variables() const { return {x, w, v, image, kernel}; }
};

using Record = std::function<Tensor(Values&)>;
using Change = std::function<void(Values&, Tensor& y)>;

/// An operation, and a change between its forward pass and its derivative.
struct Way {
  std::string op;
  Record record;
  Change change;
  Site site;
};
Way way(const char* op, Record record, Change change, Site site = Site::here()) {
  return {op, std::move(record), std::move(change), site};
}

void change(Tensor t) {
  if (t.dtype() == float64) t.mutable_data<double>()[0] += 0.25;
  if (t.dtype() == int64) t.mutable_data<std::int64_t>()[0] = 1;
  if (t.dtype() == boolean) t.mutable_data<bool>()[0] ^= true;
}
/// The elements of what an operation returned.
void change_result(Tensor& y) { change(y.detach()); }

namespace changes {
const Change x = [](Values&a, Tensor&) { change(a.x); }, w = [](Values&a, Tensor&) { change(a.w); };
const Change c = [](Values&a, Tensor&) { change(a.c); }, v = [](Values&a, Tensor&) { change(a.v); };
const Change both = [](Values& a, Tensor&) { change(a.x), change(a.w), change(a.c); };
const Change result = [](Values&, Tensor& y) { change_result(y); };
const Change mask = [](Values&a, Tensor&) { change(a.mask); }, index = [](Values&a, Tensor&) { change(a.index); };
const Change rows = [](Values&a, Tensor&) { change(a.rows); }, spare = [](Values&a, Tensor&) { change(a.spare); };
}  // namespace changes

/// The derivative after the change: the error's message, or nothing and the gradients in `after`.
std::string outcome(const Way& way, bool create_graph, Tensors* before = nullptr, Tensors* after = nullptr) {
  Values values;
  Tape tape;
  Tensor y = way.record(values);
  const Tensor seed = ones(y.shape(), float64);
  if (before) *before = tape.gradient(y, values.variables(), {.seed = seed});
  way.change(values, y);
  return error_of<GraphError>([&] {
    const Tensors g = tape.gradient(y, values.variables(), {.create_graph = create_graph, .seed = seed});
    if (after) *after = g;
  });
}

// clang-format off
std::vector<Way> refused() {
  using namespace changes;
  return {
      // an input, the result, a mask; of an operation made of others, the message names the one that needs it
      way("mul", [](Values& a) { return a.x * a.w; }, w),
      way("div", [](Values& a) { return a.x / a.w; }, w),
      way("pow", [](Values& a) { return pow(a.x, a.w); }, x),
      way("log", [](Values& a) { return log(a.x); }, x),
      way("gelu", [](Values& a) { return gelu(a.x); }, x),
      way("exp", [](Values& a) { return exp(a.x); }, result),
      way("sigmoid", [](Values& a) { return sigmoid(a.x); }, result),
      way("sqrt", [](Values& a) { return sqrt(a.x); }, result),
      way("atan2", [](Values& a) { return atan2(a.x, a.w); }, x),
      way("clamp", [](Values& a) { return clamp(a.x, 0.75, 1.25); }, x),
      way("maximum", [](Values& a) { return maximum(a.x, a.w); }, w),
      way("lerp", [](Values& a) { return lerp(a.x, a.w, a.c); }, c),
      way("where", [](Values& a) { return where(a.mask, a.x, a.w); }, mask),
      way("masked_fill", [](Values& a) { return masked_fill(a.x, a.mask, 2.0); }, mask),
      // a factor of a product, a factor of a matrix
      way("matmul", [](Values& a) { return matmul(a.x, a.w); }, x),
      way("linear", [](Values& a) { return linear(a.x, a.w, a.v); }, w),
      way("affine", [](Values& a) { return affine(a.x, a.w, a.v); }, x),
      way("matmul", [](Values& a) { return dot(a.v, slice(a.x, {0})); }, v),
      way("inv", [](Values& a) { return inv(a.x); }, result),
      way("solve", [](Values& a) { return solve(a.x, a.w); }, result),
      way("det", [](Values& a) { return det(a.x); }, x),
      way("cholesky", [](Values& a) { return cholesky(a.x + 3.0 * eye(3, 3, float64)); }, result),
      way("eigh", [](Values& a) { const Eigh e = eigh(a.x); return a.spare = e.vectors.detach(), sum(e.values); }, spare),
      way("svd", [](Values& a) { const Svd f = svd(a.x); return a.spare = f.u.detach(), sum(f.s); }, spare),
      way("qr", [](Values& a) { const Qr f = qr(a.x); return a.spare = f.q.detach(), sum(f.r); }, spare),
      // reductions and what picks
      way("mul", [](Values& a) { return cross_entropy(a.x, a.c); }, c),
      way("matmul", [](Values& a) { return bmm(unsqueeze(a.x, 0), unsqueeze(a.w, 0)); }, w),
      way("mul", [](Values& a) { return outer(a.v, a.v); }, v),
      way("tanh", [](Values& a) { return tanh(a.x); }, result),
      way("silu", [](Values& a) { return silu(a.x); }, x),
      way("logaddexp", [](Values& a) { return logaddexp(a.x, a.w); }, w),
      way("lift", [](Values& a) { return lift([](auto p, auto q) { return p * q; })(a.x, a.w); }, w),
      way("max", [](Values& a) { return max(a.x, 1); }, x),
      way("abs", [](Values& a) { return norm(a.x, 3, 1); }, x),
      way("softmax", [](Values& a) { return softmax(a.x, 1); }, result),
      way("log_softmax", [](Values& a) { return log_softmax(a.x, 1); }, result),
      // losses and layers
      way("cross_entropy", [](Values& a) { return cross_entropy(a.x, a.index); }, index),
      way("mse_loss", [](Values& a) { return mse_loss(a.x, a.c); }, c),
      way("bce_with_logits", [](Values& a) { return bce_with_logits(a.x, a.c); }, c),
      way("mul", [](Values& a) { return kl_div(a.x, a.c); }, c),
      way("conv2d", [](Values& a) { return conv2d(a.image, a.kernel); }, [](Values& a, Tensor&) { change(a.kernel); }),
      way("layer_norm", [](Values& a) { return layer_norm(a.x, {3}, a.v); }, v),
      way("scaled_dot_product_attention", [](Values& a) { return scaled_dot_product_attention(a.x, a.w, a.w); }, x),
      way("linear", [](Values& a) { return nn::rnn_cell(a.x, a.c, {a.w, a.w}); }, c),
      // the user's own
      way("custom_vjp", [](Values& a) { return custom_vjp([](const Tensor& t) { return t * t; }, [](const Tensor& t, const Tensor&, const Tensor& g) { return 2 * t * g; })(a.x); }, x),
      way("custom_vjp", [](Values& a) { return custom_vjp([](const Tensor& t) { return t * t; }, [](const Tensor& t, const Tensor&, const Tensor& g) { return 2 * t * g; })(a.x); }, result),
      way("checkpoint", [](Values& a) { return checkpoint([](const Tensor& t) { return t * t; }, a.x); }, x),
      way("checkpoint", [](Values& a) { return checkpoint([&a](const Tensor& t) { return t * a.w; }, a.x); }, w),
      way("checkpoint", [](Values& a) { return checkpoint([&a](const Tensor& t) { return t * a.c; }, a.x); }, c),
      // ways to get at the elements
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { a.x.assign(a.c); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { a.x.assign(a.x); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { change(a.x.detach()); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { change(stop_gradient(a.x)); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { change(reshape(a.x.detach(), {9})); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { change(unsqueeze(flatten(a.x.detach()), 0)); }),
      way("mul", [](Values& a) { a.spare = reshape(a.x.detach(), {9}); return a.x * a.w; }, spare),
      way("mul", [](Values& a) { const Tensor alias = reshape(a.c, {9}); return reshape(a.x, {9}) * alias; }, c),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { as_mutable_xtensor<double>(a.x).fill(1); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { Tensor none; sgd_update(a.x, a.c, none, {}); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { Tensor m, n; adam_update(a.w, a.c, m, n, {}); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { a.x.set_grad(a.c); nn::SGD({a.x}).step(); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor& z) { z.backward(a.c, true); nn::Adam({a.x, a.w}).step(); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { Random random(1); nn::normal_(a.x, random); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { std::thread([&a] { change(a.x); }).join(); }),
      way("exp", [](Values& a) { return exp(a.x); }, [](Values&, Tensor& z) { change(reshape(z, {9}).detach()); }),
  };
}

std::vector<Way> allowed() {
  using namespace changes;
  return {
      way("add", [](Values& a) { return a.x + a.w; }, both),
      way("sub", [](Values& a) { return a.x - a.c; }, both),
      way("neg", [](Values& a) { return -a.x; }, both),
      way("mul", [](Values& a) { return a.x * 2.0; }, both),
      way("mul", [](Values& a) { return a.x * a.c; }, [](Values& a, Tensor&) { change(a.x); }),
      way("mul", [](Values& a) { return a.x * a.w; }, result),
      way("exp", [](Values& a) { return exp(a.x); }, both),
      way("log", [](Values& a) { return log(a.x); }, result),
      way("sum", [](Values& a) { return sum(a.x, 0); }, both),
      way("mean", [](Values& a) { return mean(a.x); }, both),
      way("transpose", [](Values& a) { return transpose(a.x); }, both),
      way("concatenate", [](Values& a) { return concatenate({a.x, a.w, a.c}); }, both),
      way("slice", [](Values& a) { return slice(a.x, {{0, 2}}); }, both),
      way("cumsum", [](Values& a) { return cumsum(a.x, 0); }, both),
      way("matmul", [](Values& a) { return matmul(a.x, a.c); }, [](Values& a, Tensor&) { change(a.x); }),
      way("gather", [](Values& a) { return gather(a.x, 1, a.rows); }, both),
      way("scatter_add", [](Values& a) { return scatter_add(a.x, 1, a.rows, a.w); }, both),
      way("linear", [](Values& a) { return linear(a.x, a.w, a.v); }, [](Values& a, Tensor&) { change(a.v); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { change(a.x.clone()); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { change(to(a.x.detach(), float32)); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { change(variable(a.x)); }),
      way("mul", [](Values& a) { return a.x * a.w; }, [](Values& a, Tensor&) { a.x.set_grad(a.c); a.x.zero_grad(); }),
      way("mul", [](Values& a) { Tensor copy = a.c.clone(); return a.x * copy; }, [](Values& a, Tensor&) { change(a.c); }),
      // what is needed is a copy: positions, factors, the extreme's place
      way("masked_select", [](Values& a) { return masked_select(a.x, a.mask); }, mask),
      way("einsum", [](Values& a) { return einsum("ij,kj->ik", {a.x, a.w}); }, w),
      way("prod", [](Values& a) { return prod(a.x, 1); }, x),
      way("cumprod", [](Values& a) { return cumprod(a.x, 1); }, x),
      way("var", [](Values& a) { return var(a.x, 1); }, x),
      way("logsumexp", [](Values& a) { return logsumexp(a.x, 1); }, result),
      way("sort", [](Values& a) { const Sorted s = sort(a.x); return a.spare = s.indices, s.values; }, spare),
      way("topk", [](Values& a) { const Sorted s = topk(a.x, 2); return a.spare = s.indices, s.values; }, spare),
      way("gather", [](Values& a) { return gather(a.x, 1, a.rows); }, rows),
      way("scatter", [](Values& a) { return scatter(a.x, 0, a.rows, a.w); }, rows),
      way("scatter_add", [](Values& a) { return scatter_add(a.x, 1, a.rows, a.w); }, rows),
      way("index_select", [](Values& a) { return index_select(a.x, 1, a.index); }, index),
      way("index_add", [](Values& a) { return index_add(a.x, 0, a.index, a.w); }, index),
      way("embedding", [](Values& a) { return embedding(a.x, a.index); }, index),
      way("take", [](Values& a) { return take(a.x, a.index); }, index),
      way("cross_entropy", [](Values& a) { return cross_entropy(a.x, a.index); }, x),
      way("nll_loss", [](Values& a) { return nll_loss(log_softmax(a.x), a.index); }, index),
      way("max_pool2d", [](Values& a) { return max_pool2d(a.image, 2); }, [](Values& a, Tensor&) { change(a.image); }),
      way("batch_norm", [](Values& a) { return batch_norm(a.x, a.mean, a.variance, a.v); }, [](Values& a, Tensor&) { change(a.variance); }),
      way("batch_norm", [](Values& a) { return batch_norm(a.x, a.mean, a.variance, a.v); }, [](Values& a, Tensor&) { batch_norm(a.c, a.mean, a.variance, {}, {}, true); }),
      way("smooth_l1_loss", [](Values& a) { return smooth_l1_loss(a.x, a.c); }, c),
  };
}
// clang-format on

void check_same(const Tensors& before, const Tensors& after) {
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(max(abs(before[i].detach() - after[i].detach())).item() <= 1e-14);
}

TEST_CASE("changed values: what a derivative needs", "[changed]") {
  const std::vector<Way> ways = refused();
  CHECK(ways.size() >= 50);
  for (const Way& each : ways)
    for (const bool create_graph : {false, true}) {
      Tensors before, after;
      const std::string message = outcome(each, create_graph, &before, &after);
      INFO(each.op << " at line " << each.site.line << (create_graph ? ", recorded: " : ": ") << message);
      if (create_graph && message.empty()) {  // computed once more from what has not changed
        check_same(before, after);
        continue;
      }
      CHECK(message.find(each.op + ": ") == 0);
      CHECK_THAT(message, contains("changed") && contains(at(each.site.line, each.site.file)));
    }
}

TEST_CASE("changed values: what no derivative reads", "[changed]") {
  for (const Way& each : allowed())
    for (const bool create_graph : {false, true}) {
      Tensors before, after;
      const std::string message = outcome(each, create_graph, &before, &after);
      INFO(each.op << " at line " << each.site.line << (create_graph ? ", recorded: " : ": ") << message);
      if (message.empty()) {
        check_same(before, after);
      } else {  // the derivative of the derivative may need more
        CHECK(create_graph);
        CHECK_THAT(message, contains("changed") && contains(at(each.site.line, each.site.file)));
      }
    }
}

TEST_CASE("changed values: 0-d ones are kept as numbers", "[changed]") {
  Tensor x = variable(3.0, float64);
  Tape tape;
  const Tensor y = x * x * x;
  x.assign(tensor(5, float64));
  const Tensor slope = tape.gradient(y, x, {.create_graph = true});
  CHECK(slope.item() == 27);
  CHECK(tape.gradient(slope, x).item() == 18);
}

TEST_CASE("changed values: between the sweeps of a retained graph", "[changed]") {
  Tensor x = random_variable({3});
  Tape tape;
  const int line = __LINE__ + 1;
  const Tensor y = sum(exp(x) * x);
  y.backward({}, true);
  change(x);
  for (const bool retain : {true, false}) {
    const std::string message = error_of<GraphError>([&] { y.backward({}, retain); });
    CHECK(message.find("mul: a value its derivative needs") == 0);
    CHECK_THAT(message, contains(at(line)));
  }
}

TEST_CASE("changed values: between a derivative and its own", "[changed]") {
  Tensor x = random_variable({3}), w = random_variable({3}, -1, 1, float64, 2);
  const Tensor seed = ones({3}, float64);
  Tape tape;
  const int line = __LINE__ + 1;
  const Tensor y = sum(x * x * x * w);
  const Tensor slope = tape.gradient(y, x, {.create_graph = true}), curvature = tape.gradient(slope, x, {.seed = seed});
  change(w);  // is in the slope as a part of a product that has been computed
  CHECK(same_bits(tape.gradient(slope, x, {.seed = seed}), curvature));
  change(x);
  const std::string message = error_of<GraphError>([&] { tape.gradient(slope, x, {.seed = seed}); });
  CHECK(message.find("mul: a value its derivative needs") == 0);
  CHECK_THAT(message, contains(at(line)));
}

TEST_CASE("changed values: while a sweep is going on", "[changed]") {
  Tensor x = random_variable({3});
  const auto message = [&](auto hook, bool create_graph) {
    Tape tape;
    const Tensor y = register_hook(exp(x) * x, hook) * 2.0;
    return error_of<GraphError>([&] { tape.gradient(sum(y), x, {.create_graph = create_graph}); });
  };
  for (const bool create_graph : {false, true}) {
    CHECK(message([&](const Tensor&) { change(x); }, create_graph).find("mul: a value its derivative needs") == 0);
    // The gradient itself: it may be that of other values too.
    CHECK(message([&](const Tensor& g) { change(g.detach()); }, create_graph)
              .find("register_hook: a value its derivative needs") == 0);
  }
  const auto custom = custom_vjp([](const Tensor& t) { return t * 2.0; },
                                 [](const Tensor&, const Tensor&, const Tensor& g) { return change(g.detach()), g; });
  Tape tape;
  const Tensor h = x * 1.0;
  CHECK(error_of<GraphError>([&] {
          tape.gradient(sum(custom(h) + h), x);
        }).find("custom_vjp: a value its derivative needs") == 0);
}

TEST_CASE("changed values: inside of a function that is run again", "[changed]") {
  Tensor x = random_variable({3}), c = ones({3}, float64);
  Random random(1);
  const auto message = [&](auto f, bool create_graph) {
    Tape tape;
    const Tensor y = sum(checkpoint(f, x));
    return error_of<GraphError>([&] { tape.gradient(y, x, {.create_graph = create_graph}); });
  };
  for (const bool create_graph : {false, true}) {
    CHECK_THAT(message([&](const Tensor& t) { return t * uniform(random, {3}, 0, 1, float64); }, create_graph),
               contains("checkpoint: the function gave other values when it was run again"));
    CHECK_THAT(message([&](const Tensor& t) { return change(c), t * c; }, create_graph),
               contains("checkpoint: the function gave other values when it was run again"));
    CHECK_THAT(message(
                   [&](const Tensor& t) {
                     const Tensor y = t * c;
                     return change(c), y;
                   },
                   create_graph),
               contains("mul: a value its derivative needs") || contains("checkpoint: "));
  }
}

TEST_CASE("changed values: by way of a module", "[changed]") {
  const auto message = [](auto step) {
    Random random(1);
    nn::Linear layer(3, 2, random, {.dtype = float64});
    const Tensor x = random_variable({4, 3});
    Tape tape;
    const Tensor y = sum(layer(x));
    step(layer);
    return error_of<GraphError>([&] { tape.gradient(y, x); });
  };
  const std::string expected = "linear: a value its derivative needs (float64 (2, 3)) was changed in place";
  CHECK_THAT(message([](nn::Linear& layer) { change(layer.weight); }), contains(expected));
  CHECK_THAT(message([](nn::Linear& layer) { change(layer.parameters()[0]); }), contains(expected));
  CHECK_THAT(message([](nn::Linear& layer) { layer.load_state(layer.state()); }), contains(expected));
  CHECK_THAT(message([](nn::Linear& layer) {
               const nn::Linear other = layer;
               layer = other;
             }),
             contains(expected));
  // New leaves, or copies: the old ones are as they were.
  CHECK(message([](nn::Linear& layer) { layer.to(float32); }).empty());
  CHECK(message([](nn::Linear& layer) { change(nn::Linear(layer).weight); }).empty());
  CHECK(message([](nn::Linear& layer) { layer.zero_grad(); }).empty());
}

}  // namespace
}  // namespace xgrad::tests
