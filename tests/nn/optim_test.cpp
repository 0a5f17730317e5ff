// What surrounds the steps of optimizers: groups, states, clipping, averages, accumulation, plans, refusals.
#include <catch.hpp>
#include <cmath>
#include <limits>
#include <xgrad/compile.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

using Doubles = std::vector<double>;

Tensor weights() { return variable(tensor({0.5, -1, 2, 0.25}, float64)); }
Tensor gradient(int step) {
  Doubles g;
  for (int i = 0; i < 4; ++i) g.push_back(std::sin(1.3 * step + i) * (i + 1));
  return from_vector(g, {4});
}
Doubles values(const Tensor& t) { return t.to_vector<double>(); }

/// f(name of a class, a function that makes one of w).
template <class F> void each_optimizer(F f) {
  const auto with = [&]<class Options>(Options options) {
    f([options](std::vector<Tensor> parameters) {
      return std::make_unique<nn::UpdateOptimizer<Options>>(std::move(parameters), options);
    });
  };
  with(SgdOptions{.momentum = 0.9, .maximize = true});
  with(AdamOptions{});
  with(AdamOptions{.amsgrad = true});
  with(AdamwOptions{});
  with(AdagradOptions{.lr_decay = 0.1});
  with(RmspropOptions{.momentum = 0.9, .centered = true});
  with(AdadeltaOptions{});
  with(AdamaxOptions{});
  with(NadamOptions{});
  with(RadamOptions{.maximize = true});
  with(LionOptions{});
  with(BookMomentumOptions{});
  with(BookNesterovOptions{});
  with(BookAdamOptions{});
}

template <class F> std::string message_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was refused";
}

}  // namespace

TEST_CASE("groups of parameters have options of their own") {
  Tensor a = weights(), b = weights(), c = weights(), d = weights();
  nn::SGD grouped({{{a}, {.lr = 0.1}}, {{b}, {.lr = 0.2, .momentum = 0.9}}});
  nn::SGD plain({c}, {.lr = 0.1}), heavy({d}, {.lr = 0.2, .momentum = 0.9});
  const auto step = [&](int i) {
    for (Tensor* w : {&a, &b, &c, &d}) w->set_grad(gradient(i));
    grouped.step(), plain.step(), heavy.step();
  };
  step(0), step(1);
  CHECK(values(a) == values(c));
  CHECK(values(b) == values(d));

  CHECK(grouped.groups() == 2);
  CHECK(grouped.lr(1) == 0.2);
  grouped.set_lr(0.05, 1), heavy.set_lr(0.05);
  CHECK(grouped.lr(0) == 0.1);
  CHECK(grouped.initial_lr(1) == 0.2);
  step(2);
  CHECK(values(a) == values(c));
  CHECK(values(b) == values(d));
  grouped.set_lr(0.3);
  CHECK((grouped.lr(0) == 0.3 && grouped.lr(1) == 0.3));

  CHECK_THROWS_AS(grouped.lr(2), ValueError);
  CHECK_THROWS_AS(grouped.set_lr(0.1, 2), ValueError);
  CHECK_THROWS_WITH(grouped.add_group({{a}, {}}), contains("parameters 0 and 2 are the same variable"));
  CHECK_THROWS_AS(nn::SGD(std::vector<nn::SGD::Group>{}), ValueError);
  CHECK_THROWS_AS(grouped.add_group({{weights()}, {.lr = -1}}), ValueError);
  CHECK(grouped.groups() == 2);
}

TEST_CASE("a schedule starts each group from its own rate") {
  Tensor a = weights(), b = weights();
  nn::Adam optimizer({{{a}, {.lr = 0.1}}, {{b}, {.lr = 0.01}}});
  nn::StepLR schedule(optimizer, {.step_size = 1, .gamma = 0.5});
  CHECK((optimizer.lr(0) == 0.1 && optimizer.lr(1) == 0.01));
  schedule.step();
  CHECK((optimizer.lr(0) == 0.05 && optimizer.lr(1) == 0.005));
}

TEST_CASE("a state that does not fit is refused, and nothing has changed") {
  Tensor w = weights();
  nn::Adam optimizer({w}, {.lr = 0.1});
  w.set_grad(gradient(0));
  optimizer.step();
  const auto state = optimizer.state();
  REQUIRE(state.size() == 4);
  const auto refused = [&](auto change) {
    auto changed = state;
    change(changed);
    const std::string why = message_of([&] { optimizer.load_state(changed); });
    const auto now = optimizer.state();
    REQUIRE(now.size() == state.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
      CHECK(now[i].name == state[i].name);
      CHECK(to_string(now[i].tensor) == to_string(state[i].tensor));
    }
    return why;
  };
  using State = std::vector<nn::NamedTensor>;
  CHECK_THAT(refused([](State& s) { s.pop_back(); }), contains("Adam: the state has no 'exp_avg_sq.0'"));
  CHECK_THAT(refused([](State& s) { s.erase(s.begin()); }), contains("the state has no 'lr.0'"));
  CHECK_THAT(refused([](State& s) {
               s.push_back({"exp_avg.1", zeros({4}, float64)});
             }),
             contains("the state has 'exp_avg.1', which there is no place for"));
  CHECK_THAT(refused([](State& s) { s.push_back(s[1]); }), contains("the state has 'step.0' twice"));
  CHECK_THAT(refused([](State& s) { s[3].tensor = zeros({5}, float64); }),
             contains("'exp_avg_sq.0' of the state is (5,), expected (4,)"));
  CHECK_THAT(refused([](State& s) { s[3].tensor = zeros({4}); }),
             contains("'exp_avg_sq.0' of the state is float32, expected float64"));
  CHECK_THAT(refused([](State& s) { s[3].tensor = Tensor(); }), contains("is undefined"));
  CHECK_THAT(refused([](State& s) { s[0].tensor = full({1}, -1, float64); }), contains("'lr.0' of the state is -1"));
  CHECK_THAT(refused([](State& s) { s[1].tensor = full({1}, -3, int64); }), contains("'step.0' of the state is -3"));

  nn::StepLR schedule(optimizer, {.step_size = 2});
  CHECK_THROWS_AS(schedule.load_state({}), ValueError);
  CHECK_THROWS_AS(schedule.load_state({{"step", tensor({1.5}, float64)}}), DTypeError);
  nn::ReduceLROnPlateau plateau(optimizer);
  CHECK_THROWS_AS(plateau.load_state({{"best", tensor({1}, float64)}}), ValueError);
  nn::ExponentialMovingAverage average({w});
  CHECK_THROWS_AS(average.load_state({}), ValueError);
  nn::LBFGS lbfgs({w});
  CHECK_THROWS_AS(lbfgs.load_state({{"lr.0", tensor({1}, float64)}, {"n_iter", tensor({1}, int64)}}), ValueError);
}

TEST_CASE("a state is a copy, and taking it back goes to where it was") {
  each_optimizer([](auto make) {
    Tensor w = weights();
    const auto optimizer = make({w});
    const auto step = [&](int i) {
      w.set_grad(gradient(i));
      optimizer->step();
      return values(w);
    };
    step(0), step(1);
    const auto state = optimizer->state();
    const Tensor then = w.clone();
    const Doubles first = step(2);
    step(3);
    optimizer->load_state(state);
    w.assign(then);
    CHECK(step(2) == first);
  });
}

TEST_CASE("steps of every optimizer have plans, with the same bits") {
  each_optimizer([](auto make) {
    Tensor a = weights(), b = weights();
    const auto plain = make({a}), planned = make({b});
    const auto step_of = [](nn::Optimizer& optimizer, Tensor& w) {
      return [&](const Tensor& x) {
        Tape tape;
        const Tensor loss = sum(square(w * x - 1));
        loss.backward();
        nn::clip_grad_norm_({w}, 3);
        optimizer.step();
        optimizer.zero_grad();
        return loss;
      };
    };
    auto by_hand = step_of(*plain, a);
    auto replayed = compile(step_of(*planned, b));
    for (int i = 0; i < 8; ++i) {
      const Tensor x = gradient(i);
      by_hand(x), replayed(x);
      if (i == 4) plain->set_lr(0.02), planned->set_lr(0.02);
      REQUIRE(values(a) == values(b));
    }
    INFO(replayed.report().why);
    CHECK(replayed.report().replayed >= 5);
  });
}

TEST_CASE("a 0-d parameter is trained as one of shape (1,)") {
  each_optimizer([](auto make) {
    Tensor a = variable(2, float64), b = variable(tensor({2}, float64));
    const auto one = make({a}), other = make({b});
    nn::ExponentialMovingAverage average({a}, 0.5), same({b}, 0.5);
    for (int i = 0; i < 3; ++i) {
      a.set_grad(tensor(2.0 - i, float64)), b.set_grad(tensor({2.0 - i}, float64));
      nn::clip_grad_norm_({a}, 1), nn::clip_grad_norm_({b}, 1);
      one->step(), other->step();
      one->load_state(one->state());
      average.update(), same.update();
    }
    average.swap(), same.swap();
    CHECK(a.item() == b.item());
    CHECK(average.averages()[0].item() == same.averages()[0].item());
    CHECK(a.item() != average.averages()[0].item());
  });
}

TEST_CASE("float32 follows float64, in arrays of any length") {
  for (const std::int64_t n : {1, 3, 8, 17, 100000})
    each_optimizer([n](auto make) {
      Random random(1);
      Tensor w = variable(normal(random, {n}, 0, 1, float64)), v = variable(to(w.detach(), float32));
      const auto exact = make({w}), rough = make({v});
      for (int i = 0; i < 3; ++i) {
        const Tensor g = to(normal(random, {n}, 0, 1, float32), float64);
        w.set_grad(g), v.set_grad(to(g, float32));
        exact->step(), rough->step();
      }
      CHECK(max(abs(to(v.detach(), float64) - w.detach())).item() < 1e-4);
    });
}

TEST_CASE("gradients of several backward() add up: as one of the whole batch") {
  Random random(1);
  nn::Linear net(3, 2, random), same = net;
  net.to(float64), same.to(float64);
  nn::Adam optimizer(net.parameters(), {.lr = 0.1}), other(same.parameters(), {.lr = 0.1});
  const Tensor x = normal(random, {8, 3}, 0, 1, float64), y = normal(random, {8, 2}, 0, 1, float64);
  for (int part = 0; part < 4; ++part) {
    Tape tape;
    const Slice rows(2 * part, 2 * part + 2);
    (mse_loss(net(slice(x, {rows})), slice(y, {rows})) / 4).backward();
  }
  optimizer.step();
  Tape tape;
  mse_loss(same(x), y).backward();
  other.step();
  const Doubles got = values(net.weight), want = values(same.weight);
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(want[i]).epsilon(1e-12));
}

TEST_CASE("clip_grad_norm_ scales all gradients together, as PyTorch's does") {
  Tensor a = variable(zeros({2}, float64)), b = variable(zeros({1}, float64)), unused = variable(zeros({1}, float64));
  const auto set = [&] {
    a.set_grad(tensor({3, 0}, float64));
    b.set_grad(tensor({-4}, float64));
  };
  set();
  CHECK(nn::clip_grad_norm_({a, b, unused}, 1).item() == 5);
  CHECK(values(a.grad()) == Doubles{3 * (1 / (5 + 1e-6)), 0});
  CHECK(values(b.grad()) == Doubles{-4 * (1 / (5 + 1e-6))});
  CHECK_FALSE(unused.grad().defined());
  set();
  CHECK(nn::clip_grad_norm_({a, b}, 6).item() == 5);
  CHECK(values(b.grad()) == Doubles{-4});
  CHECK(nn::clip_grad_norm_({a, b}, 100, 1).item() == 7);
  CHECK(nn::clip_grad_norm_({a, b}, 100, INFINITY).item() == 4);
  CHECK(nn::clip_grad_norm_({unused}, 1).item() == 0);
  CHECK_THROWS_WITH(nn::clip_grad_norm_({a}, -1), contains("clip_grad_norm_: max_norm must be"));
  CHECK_THROWS_AS(nn::clip_grad_norm_({a}, 1, 0), ValueError);
  nn::clip_grad_value_({a, b, unused}, 2);
  CHECK(values(a.grad()) == Doubles{2, 0});
  CHECK(values(b.grad()) == Doubles{-2});
  CHECK_THROWS_AS(nn::clip_grad_value_({a}, std::nan("")), ValueError);
}

TEST_CASE("the moving average of weights") {
  Tensor w = variable(tensor({1, 2}, float64));
  nn::ExponentialMovingAverage average({w}, 0.75);
  w.assign(tensor({3, -2}, float64));
  average.update();
  CHECK(values(average.averages()[0]) == Doubles{1.5, 1});
  average.swap();
  CHECK(values(w) == Doubles{1.5, 1});
  average.swap();
  CHECK(values(w) == Doubles{3, -2});
  nn::ExponentialMovingAverage other({w}, 0.75);
  other.load_state(average.state());
  CHECK(values(other.averages()[0]) == Doubles{1.5, 1});
  CHECK_THROWS_AS(nn::ExponentialMovingAverage({w}, 1.5), ValueError);
  CHECK_THROWS_AS(nn::ExponentialMovingAverage({}), ValueError);
}

TEST_CASE("update() refuses what does not fit, and has counted and changed nothing") {
  Tensor w = weights();
  UpdateState state;
  const Tensor lr = full({1}, 0.1, float64);
  const NadamOptions options;
  CHECK_THROWS_WITH(update(w, Tensor(), state, lr, options), contains("NAdam: grad is an undefined tensor"));
  CHECK_THROWS_AS(update(w, zeros({4}), state, lr, options), DTypeError);
  CHECK_THROWS_AS(update(w, zeros({5}, float64), state, lr, options), ShapeError);
  CHECK_THROWS_AS(update(w, gradient(0), state, full({2}, 0.1, float64), options), ShapeError);
  CHECK_THROWS_AS(update(w, gradient(0), state, lr, NadamOptions{.beta1 = 2}), ValueError);
  CHECK_FALSE(state.step.defined());
  state.arrays[0] = zeros({3}, float64);
  CHECK_THROWS_WITH(update(w, gradient(0), state, lr, options), contains("exp_avg is float64 (3,)"));
  CHECK(state.step.item() == 0);
  CHECK(values(w) == values(weights()));
  Tensor m, v;
  CHECK_THROWS_WITH(adam_update(w, gradient(0), m, v, {.amsgrad = true}), contains("adam_update: amsgrad"));
}

TEST_CASE("options of optimizers and schedules that mean nothing are refused by name") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(message_of([] { nn::RMSprop({weights()}, {.alpha = 1.5}); }),
             contains("RMSprop: alpha must be in [0, 1): it is 1.5"));
  CHECK_THAT(message_of([] { nn::Adagrad({weights()}, {.lr_decay = -1}); }), contains("Adagrad: lr_decay must be"));
  CHECK_THAT(message_of([] { nn::AdamW({weights()}, {.beta2 = 1}); }), contains("AdamW: beta2 must be in [0, 1)"));
  CHECK_THAT(message_of([] { nn::LBFGS({weights()}, {.max_iter = 0}); }),
             contains("LBFGS: max_iter is 0, expected 1 or more"));
  CHECK_THAT(message_of([] { nn::LBFGS({weights(), variable(zeros({1}))}); }), contains("expected one dtype"));
  CHECK_THAT(message_of([] {
               nn::LBFGS optimizer({weights()});
               static_cast<nn::Optimizer&>(optimizer).step();
             }),
             contains("LBFGS: a step needs the function that computes the loss"));
  CHECK_THROWS_AS(nn::Adadelta({weights()}, {.rho = -0.1}), ValueError);
  CHECK_THROWS_AS(nn::NAdam({weights()}, {.momentum_decay = nan}), ValueError);
  CHECK_THROWS_AS(nn::RAdam({weights()}, {.eps = -1}), ValueError);
  CHECK_THROWS_AS(nn::Adamax({weights()}, {.beta1 = 1}), ValueError);
  CHECK_THROWS_AS(nn::Lion({weights()}, {.weight_decay = -1}), ValueError);
  CHECK_THROWS_AS(nn::BookMomentum({weights()}, {.momentum = -1}), ValueError);

  nn::SGD optimizer({weights()}, {.lr = 0.1});
  CHECK_THAT(message_of([&] { nn::StepLR(optimizer, {.step_size = 0}); }),
             contains("StepLR: step_size is 0, expected 1 or more"));
  CHECK_THAT(message_of([&] { nn::OneCycleLR(optimizer, {.total_steps = 5, .pct_start = 1.5}); }),
             contains("OneCycleLR: pct_start must be in [0, 1]: it is 1.5"));
  CHECK_THROWS_AS(nn::MultiStepLR(optimizer, {.milestones = {-1}}), ValueError);
  CHECK_THROWS_AS(nn::ExponentialLR(optimizer, {.gamma = nan}), ValueError);
  CHECK_THROWS_AS(nn::CosineAnnealingLR(optimizer, {.t_max = 0}), ValueError);
  CHECK_THROWS_AS(nn::CosineAnnealingWarmRestarts(optimizer, {.t_0 = 0}), ValueError);
  CHECK_THROWS_AS(nn::LinearLR(optimizer, {.start_factor = 0}), ValueError);
  CHECK_THROWS_AS(nn::PolynomialLR(optimizer, {.power = -1}), ValueError);
  CHECK_THROWS_AS(nn::ReduceLROnPlateau(optimizer, {.factor = 1}), ValueError);
  nn::ConstantLR constant(optimizer, {});
  CHECK_THROWS_AS(nn::SequentialLR(optimizer, {&constant}, {5}), ValueError);
  CHECK_THROWS_AS(nn::SequentialLR(optimizer, {&constant, &constant}, {0}), ValueError);
}
