// Derivatives by user code: checkpoint, custom_vjp, hooks.
#include <xgrad/gradcheck.hpp>
#include <xgrad/transforms.hpp>
#include <xgrad/xgrad.hpp>

#include <cmath>

#include "catch.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

using Numbers = std::vector<double>;
using Tensors = std::vector<Tensor>;

Numbers elements(const Tensor& t) { return t.to_vector<double>(); }

}  // namespace

// --- checkpoint ---

namespace {

struct Layers {
  Tensors weights, biases;
  Layers(int count, std::int64_t width, std::uint64_t seed = 1) {
    for (int i = 0; i < count; ++i) {
      const auto n = static_cast<std::uint64_t>(i);
      weights.push_back(random_variable({width, width}, -0.3, 0.3, float64, seed + 2 * n));
      biases.push_back(random_variable({width}, -0.1, 0.1, float64, seed + 2 * n + 1));
    }
  }
  /// Layers begin to end.
  Tensor run(Tensor x, std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) x = gelu(tanh(affine(x, weights[i], biases[i])) * 1.5 + x);
    return x;
  }
  Tensors all() const {
    Tensors both = weights;
    both.insert(both.end(), biases.begin(), biases.end());
    return both;
  }
};

Tensor checkpointed(const Layers& layers, Tensor x, std::size_t each) {
  for (std::size_t i = 0; i < layers.weights.size(); i += each)
    x = checkpoint([&layers, i, each](const Tensor& in) { return layers.run(in, i, i + each); }, x);
  return x;
}

bool same_bits(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!tests::same_bits(a[i], b[i])) return false;
  return true;
}

}  // namespace

TEST_CASE("checkpoint: the same bits in less than half of the memory", "[transforms]") {
  const Layers layers(20, 32);
  const Tensor x = random_variable({512, 32}, -1, 1, float64, 99);
  Tensors xs = layers.all();
  xs.push_back(x);
  std::int64_t peaks[2];
  Tensors gradients[2], leaves[2];
  double losses[2];
  for (const bool check : {false, true}) {
    for (Tensor& leaf : xs) leaf.zero_grad();
    const auto before = memory_use().in_use;
    reset_peak_memory();
    Tape tape;
    const Tensor loss = mean(square(check ? checkpointed(layers, x, 4) : layers.run(x, 0, 20)));
    losses[check] = loss.item();
    tape.backward(loss, {}, true);
    peaks[check] = memory_use().peak - before;
    gradients[check] = tape.gradient(loss, xs);
    for (const Tensor& leaf : xs) leaves[check].push_back(leaf.grad());
  }
  CHECK(losses[0] == losses[1]);
  CHECK(same_bits(gradients[0], gradients[1]));
  CHECK(same_bits(leaves[0], leaves[1]));
  CHECK(same_bits(leaves[0], gradients[0]));
  INFO(peaks[1] << " bytes of " << peaks[0]);
  CHECK(2 * peaks[1] <= peaks[0]);
}

TEST_CASE("checkpoint: the first run keeps nothing either", "[transforms]") {
  const Layers layers(20, 32);
  const Tensor x = random_variable({2048, 32}, -1, 1, float64, 99);
  std::int64_t peaks[2];
  for (const bool check : {false, true}) {
    const auto before = memory_use().in_use;
    reset_peak_memory();
    const Tape tape;
    const Tensor y = check ? checkpointed(layers, x, 20) : layers.run(x, 0, 20);
    peaks[check] = memory_use().peak - before;
    CHECK(y.requires_grad());
  }
  INFO(peaks[1] << " bytes of " << peaks[0]);
  CHECK(6 * peaks[1] <= peaks[0]);
}

TEST_CASE("checkpoint: derivatives of derivatives, and one inside of another", "[transforms]") {
  const Layers layers(4, 3);
  const Tensor x = random_tensor({2, 3}), seed = random_tensor({2, 3}, -1, 1, float64, 5);
  const auto plain = [&](const Tensor& at) { return sum(layers.run(at, 0, 4) * seed); };
  const auto checked = [&](const Tensor& at) { return sum(checkpointed(layers, at, 2) * seed); };
  const auto nested = [&](const Tensor& at) {
    return checkpoint([&](const Tensor& in) { return sum(checkpointed(layers, in, 1) * seed); }, at);
  };
  for (const Function& f : {Function(checked), Function(nested)}) {
    check_close(grad(f)(x), grad(plain)(x), 1e-13);
    check_close(hessian(f, x), hessian(plain, x), 1e-12);
    check_close(jvp(f, x, seed).tangent, jvp(plain, x, seed).tangent, 1e-13);
    // With respect to what it captured: the penalty's gradient for a weight.
    Tape tape;
    const Tensor v = variable(x);
    for (const Tensor& w : {layers.weights[0], layers.biases[2]})
      check_close(tape.gradient(sum(square(grad(f)(v))), w), tape.gradient(sum(square(grad(plain)(v))), w), 1e-12);
    const auto first = tape.gradient(f.call({v}, Site::here())[0], {v, layers.weights[1]}, {.create_graph = true});
    const auto expected = tape.gradient(plain(v), {v, layers.weights[1]}, {.create_graph = true});
    for (std::size_t i = 0; i < 2; ++i) {
      check_close(first[i], expected[i], 1e-13);
      check_close(tape.gradient(sum(square(first[i])), v), tape.gradient(sum(square(expected[i])), v), 1e-12);
    }
  }
}

TEST_CASE("checkpoint: gradients reach all that f uses, and nothing else", "[transforms]") {
  const Tensor w = variable(tensor({2, 3}, float64)), unused = variable(tensor(1, float64));
  const Tensor labels = tensor({1, 0}, int64);
  Tape tape;
  const Tensor h = w * w, k = w * 2.0;  // of this tape
  const auto f = [&](const Tensors& in) { return in[0] * h * w + k * take(in[0], in[1]); };
  const auto value = [&](bool check) { return sum(check ? checkpoint(f, {h, labels}) : f({h, labels})); };
  for (const bool create : {false, true}) {
    const auto a = tape.gradient(value(true), {w, h, k}, {.create_graph = create});
    const auto b = tape.gradient(value(false), {w, h, k}, {.create_graph = create});
    for (std::size_t i = 0; i < 3; ++i) check_close(a[i], b[i], 1e-14);
    if (create) check_close(tape.gradient(sum(a[0]), w), tape.gradient(sum(b[0]), w), 1e-13);
  }
  tape.backward(value(true), {}, true);
  CHECK_FALSE(unused.grad().defined());
  // Without a tape, or with constants only, it is f.
  CHECK_FALSE(checkpoint([](const Tensor& x) { return x * 2.0; }, h.detach()).requires_grad());
  CHECK(elements(no_grad([&] { return checkpoint([](const Tensor& x) { return x * 2.0; }, h); })) == Numbers{8, 18});
  CHECK(elements(tape.gradient(sum(checkpoint([](const Tensor& x) { return x; }, h)), w)) == Numbers{4, 6});
  // A function that takes gradients itself.
  const auto slope = [&](const Tensor& x) { return grad([&](const Tensor& u) { return sum(u * u * w); })(x); };
  CHECK(elements(tape.gradient(sum(checkpoint(slope, k)), w)) == Numbers{16, 24});  // 2 k w = 4 w^2
}

TEST_CASE("checkpoint: random numbers repeat", "[transforms]") {
  Random random(5);
  const Tensor x = random_variable({8, 8});
  Tape tape;
  const auto dropped = [random](const Tensor& in) {
    Random mine = random;  // from the same position each time
    return where(uniform(mine, in.shape(), 0, 1, float64) < 0.5, in * 2.0, 0.0) * in;
  };
  CHECK(tests::same_bits(tape.gradient(sum(checkpoint(dropped, x)), x), tape.gradient(sum(dropped(x)), x)));
}

TEST_CASE("checkpoint: what it refuses", "[transforms]") {
  Tensor x = variable(tensor({1, 2}, float64));
  int calls = 0;
  const auto other = [&](const Tensor& in) { return calls++ ? sum(in) : in * 2.0; };
  Tape tape;
  const Tensor y = checkpoint(other, x), z = checkpoint([](const Tensor&in) { return in * in; }, x);
  CHECK_THAT(
      error_of<GraphError>([&] { tape.gradient(sum(y), x); }),
      contains("checkpoint: the function returned float64 (2,) the first time, float64 () when it was run again [at"));
  CHECK_THAT(error_here<ValueError>([&] { checkpoint([](const Tensor&) { return Tensor(); }, x); }),
             contains("checkpoint: the function returned an undefined tensor"));
  CHECK_THAT(error_here<ValueError>([&] { checkpoint([](const Tensor& in) { return in; }, Tensor()); }),
             contains("checkpoint: argument 1 is an undefined tensor"));
  {
    Tape again;
    const Tensor once = sum(checkpoint([](const Tensor& in) { return in * in; }, x));
    again.backward(once);
    CHECK_THAT(error_of<GraphError>([&] { again.backward(once); }), contains("an earlier backward() released"));
  }
  x.mutable_data<double>()[0] = 5;
  CHECK_THAT(error_of<GraphError>([&] { tape.gradient(sum(z), x); }),
             contains("checkpoint: a value its derivative needs"));
}

// --- custom_vjp ---

TEST_CASE("custom_vjp: a derivative of one's own, of every order", "[transforms]") {
  const auto cube = custom_vjp([](const Tensor& x) { return x * x * x; },
                               [](const Tensor& x, const Tensor&, const Tensor& g) { return 3 * x * x * g; });
  const auto root = custom_vjp([](const Tensor& x) { return sqrt(x); },
                               [](const Tensor&, const Tensor& y, const Tensor& g) { return g / (2 * y); });
  const Tensor x = tensor(2, float64);
  CHECK(grad(cube)(x).item() == 12);
  CHECK(grad(grad(cube))(x).item() == 12);
  CHECK(grad(grad(grad(cube)))(x).item() == 6);
  CHECK(grad(grad(grad(root)))(x).item() == Approx(3.0 / 8 * std::pow(2, -2.5)).epsilon(1e-14));
  const Tensor v = variable(tensor({{1, 2}, {3, 4}}, float64));
  CHECK(gradcheck([&](const Tensors& in) { return cube(in[0]) * root(in[0]); }, {v}, {.order = 2}).text.find("ok") !=
        std::string::npos);
  check_close(jvp(cube, v, v).tangent, 3 * v.detach() * v.detach() * v.detach());
  check_close(jacobian(cube, v, JacobianMode::forward), jacobian(cube, v, JacobianMode::reverse));
  CHECK_FALSE(cube(v).requires_grad());

  const auto product = custom_vjp([](const Tensors& in) { return in[0] * in[1]; },
                                  [](const Tensors& in, const Tensor&, const Tensor& g) {
                                    return Tensors{g * in[1], g * in[0]};
                                  });
  const Tensor a = variable(2, float64), b = variable(5, float64);
  Tape tape;
  const auto first = tape.gradient(square(product({a, b})), {a, b}, {.create_graph = true});
  CHECK(first[0].item() == 100);
  CHECK(first[1].item() == 40);
  CHECK(tape.gradient(first[0], b).item() == 40);
  // The same handle twice, an integer beside it, and several applications.
  CHECK(tape.gradient(product({a, a}), a).item() == 4);
  CHECK(tape.gradient(product({product({a, b}), a}), a).item() == 20);
}

TEST_CASE("custom_vjp: elements by hand have a derivative, but no second one", "[transforms]") {
  const auto raw = [](const Tensor& x, double (*f)(double)) {
    Tensor y = x.clone();
    for (std::int64_t i = 0; i < y.size(); ++i) y.mutable_data<double>()[i] = f(y.data<double>()[i]);
    return y;
  };
  const auto sine = custom_vjp([&](const Tensor& x) { return raw(x, std::sin); },
                               [&](const Tensor& x, const Tensor&, const Tensor& g) { return raw(x, std::cos) * g; });
  const auto by_hand = custom_vjp([&](const Tensor& x) { return raw(x, std::sin); },
                                  [&](const Tensor& x, const Tensor&, const Tensor& g) {
                                    Tensor slope = raw(x, std::cos);
                                    for (std::int64_t i = 0; i < x.size(); ++i)
                                      slope.mutable_data<double>()[i] *= g.data<double>()[i];
                                    return slope;
                                  },
                                  "sine_by_hand");
  const Tensor x = tensor({0.3, 1}, float64);
  const auto total = [](const CustomFunction& f) { return [f](const Tensor& v) { return sum(f(v)); }; };
  check_close(grad(total(sine))(x), raw(x, std::cos));
  check_close(grad(total(by_hand))(x), raw(x, std::cos));
  // By ops from g, it is linear in g: forward mode has it too.
  check_close(jvp(sine, x, x).tangent, raw(x, std::cos) * x);
  const int line = __LINE__ + 1;
  const auto f = [&](const Tensor& v) { return by_hand(v); };
  for (const std::string& message : {error_of<GraphError>([&] { jvp(f, x, x); }), error_of<GraphError>([&] {
                                       hessian([&](const Tensor& v) { return sum(f(v)); }, x);
                                     })})
    CHECK_THAT(message, contains("sine_by_hand: its derivative cannot be differentiated") && contains(at(line)));
  // What asks for no second derivative is not in its way.
  Tape tape;
  const Tensor v = variable(x), w = variable(2, float64);
  const auto g = tape.gradient(sum(f(v)) * w * w, {v, w}, {.create_graph = true});
  check_close(g[0], raw(x, std::cos) * 4.0);
  CHECK(tape.gradient(g[1], w).item() == Approx(2 * (std::sin(0.3) + std::sin(1))));
  CHECK_THAT(error_of<GraphError>([&] { tape.gradient(sum(g[0]), w); }),
             contains("sine_by_hand: its derivative cannot"));
}

TEST_CASE("custom_vjp: gradients that do not fit", "[transforms]") {
  const Tensor x = variable(tensor({1, 2}, float64)), n = tensor({1, 2}, int64);
  const auto with = [&](Tensors gradients) {
    return custom_vjp([](const Tensors& in) { return in[0] * 2.0; },
                      [gradients](const Tensors&, const Tensor&, const Tensor&) { return gradients; });
  };
  Tape tape;
  const auto message = [&]<class E>(E*, const Tensors& gradients, int& line) {
    line = __LINE__ + 1;
    const Tensor y = with(gradients)({x, n});
    return error_of<E>([&] { tape.gradient(sum(y), x); });
  };
  int line = 0;
  ValueError* value = nullptr;
  ShapeError* shape = nullptr;
  DTypeError* dtype = nullptr;
  std::string text = message(value, {ones({2}, float64)}, line);
  CHECK_THAT(text,
             contains("custom_vjp: the derivative returned 1 gradients, the function has 2 arguments " + at(line)));
  text = message(shape, {ones({2, 1}, float64), Tensor()}, line);
  CHECK_THAT(text,
             contains("custom_vjp: the gradient returned for argument 1 is float64 (2, 1), the argument float64 (2,) " +
                      at(line)));
  text = message(dtype, {ones({2}), Tensor()}, line);
  CHECK_THAT(text,
             contains("custom_vjp: the gradient returned for argument 1 is float32 (2,), the argument float64 (2,) " +
                      at(line)));
  // Undefined is zero; for what has no gradient nothing is looked at.
  CHECK(elements(tape.gradient(sum(with({Tensor(), Tensor()})({x, n})), x)) == Numbers{0, 0});
  CHECK(elements(tape.gradient(sum(with({ones({2}, float64), ones({3})})({x, n})), x)) == Numbers{1, 1});
  // An error inside is the line inside.
  int inner = 0;
  const auto wrong = custom_vjp([](const Tensor& in) { return in * 2.0; },
                                [&](const Tensor&, const Tensor&, const Tensor& g) {
                                  inner = __LINE__ + 1;
                                  return g + ones({3}, float64);
                                });
  text = error_of<ShapeError>([&] { tape.gradient(sum(wrong(x)), x); });
  CHECK_THAT(text, contains("add: ") && contains(at(inner)));
  CHECK(elements(tape.gradient(sum(x * x), x)) == Numbers{2, 4});  // and nothing is left behind
  // The tape is in use while its derivative is taken.
  const Tensor before = sum(x * x);
  const auto meddling =
      custom_vjp([](const Tensor& in) { return in * 2.0; },
                 [&](const Tensor&, const Tensor&, const Tensor& g) { return tape.gradient(before, x) * g; });
  const Tensor y = sum(meddling(x));
  CHECK_THAT(error_of<GraphError>([&] { tape.gradient(y, x); }),
             contains("gradient: this tape's derivative is being taken already"));
  CHECK(elements(tape.gradient(y, x, {.create_graph = true})) == Numbers{2, 4});  // whose sweep has a memory of its own
}

// --- hooks ---

TEST_CASE("register_hook: sees and replaces the gradient", "[transforms]") {
  const Tensor x = variable(tensor({1, 2}, float64));
  Tape tape;
  Numbers seen;
  int calls = 0;
  const Tensor h = register_hook(x * 3.0, [&](const Tensor& g) { ++calls, seen = elements(g); });
  const Tensor y = sum(h * h + h);
  CHECK(elements(tape.gradient(y, x)) == Numbers{3 * 7, 3 * 13});
  CHECK(seen == Numbers{7, 13});  // of both uses together
  CHECK(calls == 1);
  y.backward();
  CHECK(calls == 2);
  CHECK(elements(x.grad()) == Numbers{21, 39});

  const auto clipped = [](const Tensor& at) {
    return sum(square(register_hook(at, [](const Tensor& g) { return clamp(g, -3, 3); })));
  };
  CHECK(elements(grad(clipped)(x)) == Numbers{2, 3});
  CHECK(elements(hessian(clipped, x)) == Numbers{2, 0, 0, 0});
  const auto scaled = [](const Tensor& at) {
    return sum(at * square(register_hook(at, [](const Tensor& g) { return g * 10.0; })));  // x^2 + 20 x^2
  };
  CHECK(elements(grad(scaled)(x)) == Numbers{21, 84});
  // A scalar, and a variable itself.
  const Tensor s = variable(2, float64);
  CHECK(tape.gradient(square(register_hook(s, [](const Tensor& g) { return -g; })), s).item() == -4);
  // Nothing to hook: a constant.
  CHECK_FALSE(register_hook(tensor(1, float64), [](const Tensor&) {}).requires_grad());

  const auto wrong = [&](const Tensor& g) { return sum(g); };
  const Tensor bad = register_hook(x * 1.0, wrong);
  CHECK_THAT(
      error_of<ShapeError>([&] { tape.gradient(sum(bad), x); }),
      contains("register_hook: the gradient returned for argument 1 is float64 (), the argument float64 (2,) [at"));
  const auto by_hand = [](const Tensor& g) { return from_vector(g.to_vector<double>(), g.shape()); };
  const auto f = [&](const Tensor& at) { return sum(square(register_hook(at, by_hand))); };
  CHECK(elements(grad(f)(x)) == Numbers{2, 4});
  CHECK_THAT(error_of<GraphError>([&] { hvp(f, x, x); }),
             contains("register_hook: its derivative cannot be differentiated"));
}

TEST_CASE("transforms: what they refuse", "[transforms]") {
  const Tensor x = tensor({1, 2}, float64), n = tensor({1, 2}, int64);
  const auto f = [](const Tensor& v) { return sum(v * v); };
  const auto twice = [](const Tensor& v) { return v * 2.0; };
  CHECK_THAT(error_here<ShapeError>([&] { grad(twice)(x); }),
             contains("grad: the function returned float64 (2,), expected one element"));
  CHECK_THAT(error_here<ShapeError>([&] { hessian(twice, x); }),
             contains("hessian: the function returned float64 (2,)"));
  CHECK_THAT(error_here<DTypeError>([&] { grad(f)(n); }),
             contains("grad: argument 1 is int64 (2,), expected float32 or float64"));
  CHECK_THAT(error_here<ValueError>([&] { grad(f)(Tensor()); }), contains("grad: argument 1 is an undefined tensor"));
  CHECK_THAT(error_here<ValueError>([&] { grad(f)({x, x}); }), contains("called with 2 arguments, it takes one"));
  CHECK_THAT(error_here<ValueError>([&] { vjp([](const Tensor&) { return Tensor(); }, x); }),
             contains("vjp: the function returned an undefined tensor"));
  CHECK_THAT(error_here<DTypeError>([&] { vjp([](const Tensor& v) { return v > 0; }, x); }),
             contains("vjp: the function returned boolean (2,)"));
  CHECK_THAT(error_here<ShapeError>([&] { jvp(f, x, ones({3}, float64)); }),
             contains("jvp: tangent 1 is float64 (3,), the argument float64 (2,)"));
  CHECK_THAT(error_here<DTypeError>([&] { jvp(f, x, ones({2})); }),
             contains("jvp: tangent 1 is float32 (2,), the argument float64 (2,)"));
  CHECK_THAT(error_here<ValueError>([&] { hvp(f, std::vector<Tensor>{x}, std::vector<Tensor>{}); }),
             contains("hvp: 0 tangents for 1 arguments"));
  CHECK_THAT(error_here<ShapeError>([&] { vjp(f, x).pull_back(x); }),
             contains("vjp: the argument is float64 (2,), expected float64 ()"));
  CHECK_THAT(error_here<ShapeError>([&] { linearize(f, x).push_forward(tensor(1, float64)); }),
             contains("linearize: the argument is float64 (), expected float64 (2,)"));
  CHECK_THAT(error_here<ShapeError>([&] {
               jacobian(twice, ones({1, 1, 1, 1, 1}, float64));
             }),
             contains("have more than 8 axes together"));
  CHECK_FALSE((variable(x) * 2.0).requires_grad());  // no tape is left behind
}

}  // namespace xgrad::tests
