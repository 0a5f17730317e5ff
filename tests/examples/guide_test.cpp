// The examples of docs/guide.md, which quotes them, and what they say comes out.
#include <iostream>
#include <xgrad/compile.hpp>
#include <xgrad/gradcheck_catch.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/transforms.hpp>
#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

#include <catch.hpp>

#include "run.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

using Doubles = std::vector<double>;

// A layer of its own: distances to centers that are learned.
struct Distances : nn::Module {
  nn::Parameter centers;

  Distances(std::int64_t in, std::int64_t out, Random& random) : centers(normal(random, {out, in})) {}
  Tensor forward(const Operand& x) override {
    const Tensor rows = reshape(x, {-1, 1, centers.shape()[1]});
    return sum(square(rows - centers), -1);  // (n, 1, in) - (out, in): (n, out)
  }
  void members(nn::Members& m) override { m("centers", centers); }
};

struct Net : nn::Module {
  Distances near;
  nn::Linear out;

  explicit Net(Random& random) : near(2, 8, random), out(8, 1, random) {}
  Tensor forward(const Operand& x) override { return out(exp(-near(x))); }
  void members(nn::Members& m) override {
    m("near", near);
    m("out", out);
  }
};

}  // namespace

TEST_CASE("tutorial: three derivatives of the price") {
  Tape tape;
  const Tensor apple = variable(100, float64), apple_num = variable(2, float64), tax = variable(1.1, float64);
  const Tensor price = apple * apple_num * tax;
  const std::vector<Tensor> derivatives = tape.gradient(price, {apple, apple_num, tax});  // 2.2, 110, 200
  CHECK(derivatives[0].item() == Approx(2.2));
  CHECK(derivatives[1].item() == Approx(110));
  CHECK(derivatives[2].item() == Approx(200));
}

TEST_CASE("guide: tensors") {
  Tensor a = tensor({{1, 2, 3}, {4, 5, 6}});              // (2, 3), float32
  Tensor b = full({3}, 0.5), c = zeros({2, 3}, float64);  // the dtype comes last
  std::vector<double> numbers{1, 2, 3};
  Tensor d = from_vector(numbers, {numbers.size(), 1});  // (3, 1), float64
  Random random(1);
  Tensor e = uniform(random, {2, 3}, -1, 1), f = normal(random, {3});

  Tensor y = a * b + 2 * e;                                      // broadcasts as numpy does
  Tensor row = slice(a, {1}), columns = slice(a, {{}, {0, 2}});  // a[1], a[:, 0:2]
  double total = sum(a).item();
  std::vector<float> values = row.to_vector<float>();

  Tensor same = a, copy = a.clone();  // a copied handle shares the elements
  Tensor exact = to(a, float64) + c;  // no dtype is converted silently

  CHECK(y.shape() == Shape{2, 3});
  CHECK(d.shape() == Shape{3, 1});
  CHECK(f.shape() == Shape{3});
  CHECK(columns.to_vector<float>() == std::vector<float>{1, 2, 4, 5});
  CHECK(total == 21);
  CHECK(values == std::vector<float>{4, 5, 6});
  CHECK((same.data<float>() == a.data<float>() && copy.data<float>() != a.data<float>()));
  CHECK(exact.dtype() == float64);
}

TEST_CASE("guide: gradients") {
  Tensor x = variable(tensor({1, 2, 3}, float64));
  Tape tape;  // in a scope of its own: it holds what the derivative needs
  Tensor y = sum(x * x * x);
  Tensor slope = tape.gradient(y, x);  // 3 x^2: 3, 12, 27
  y.backward();                        // adds the same to x.grad(), and gives up what y was computed from

  CHECK(slope.to_vector<double>() == Doubles{3, 12, 27});
  CHECK(x.grad().to_vector<double>() == Doubles{3, 12, 27});
}

TEST_CASE("guide: a Hessian") {
  Tensor x = variable(tensor({1, 2, 3}, float64));
  Tape tape;
  Tensor y = sum(x * x * x);
  Tensor slope = tape.gradient(y, x, {.create_graph = true});
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < x.size(); ++i) rows.push_back(tape.gradient(slice(slope, {i}), x));
  Tensor hessian = stack(rows);  // 6 x on the diagonal

  CHECK(hessian.to_vector<double>() == Doubles{6, 0, 0, 0, 12, 0, 0, 0, 18});
}

TEST_CASE("guide: recording less") {
  Tensor w = variable(2, float64), x = variable(3, float64);
  Tape tape;
  Tensor y = w * x.detach();                  // x counts as a constant
  Tensor z = no_grad([&] { return w * x; });  // nothing is recorded; NoGrad does so to the end of a scope

  CHECK(tape.gradient(y, x).item() == 0);
  CHECK_FALSE(z.requires_grad());
}

TEST_CASE("guide: descent by hand") {
  Tensor x = tensor({0, 1, 2}, float64), y = 3 * x - 1;
  Tensor w = variable(0, float64), b = variable(0, float64);
  for (int step = 0; step < 200; ++step) {
    std::vector<Tensor> g;
    {
      Tape tape;
      g = tape.gradient(mse_loss(w * x + b, y), {w, b});
    }
    w.assign(w - 0.2 * g[0]);  // in place: w stays the same variable
    b.assign(b - 0.2 * g[1]);
  }

  CHECK(w.item() == Approx(3));
  CHECK(b.item() == Approx(-1));
}

TEST_CASE("guide: training, and files") {
  const TempFolder folder;
  const std::string path = folder / "net.safetensors";
  Random random(1);
  Tensor points = uniform(random, {256, 2}, -1.5, 1.5);
  Tensor inside = to(sum(square(points), 1, true) < 1, float32);

  Net net(random);
  nn::Adam optimizer(net.parameters(), {.lr = 0.05});
  for (int step = 0; step < 200; ++step) {
    Tape tape;
    Tensor loss = bce_with_logits(net(points), inside);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  }

  nn::save_safetensors(path, net.state());
  Net other(random);
  other.load_state(nn::load_safetensors(path));

  nn::save_npz(path + ".npz", {{"points", points}, {"inside", inside}});  // numpy.savez
  nn::save_pytorch(path + ".pt", net.state());                            // torch.save(net.state_dict(), path)
  std::vector<nn::NamedTensor> arrays = nn::load_npz(path + ".npz");
  nn::StateReport report = other.load_state(nn::load_pytorch(path + ".pt"), false);

  nn::save_onnx(path + ".onnx", net, points);

  nn::TensorDataset samples(arrays[0].tensor, arrays[1].tensor);
  nn::DataLoader loader(samples, {.batch_size = 100, .shuffle = true, .seed = 1, .workers = 2});
  double total = 0;
  for (auto [x, y] : loader.epoch(0)) total += sum(y).item();

  CHECK(report.fits());
  CHECK(total == sum(inside).item());
  CHECK(net.named_parameters()[0].name == "near.centers");
  CHECK(net.parameters().size() == 3);
  CHECK(bce_with_logits(net(points), inside).item() < 0.2);
  CHECK(other(points).to_vector<float>() == net(points).to_vector<float>());
}

TEST_CASE("guide: layers") {
  Random random(1);
  nn::Sequential digits{nn::Conv2d(1, 8, 3, random, {.padding = 1}),
                        nn::BatchNorm2d(8),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Flatten(),
                        nn::Dropout(0.5, random),
                        nn::Linear(8 * 14 * 14, 10, random)};
  std::cout << digits << "\n" << nn::summary(digits, {1, 1, 28, 28});  // as a tree; as a table with the shapes
  digits.freeze("0.*");                                                // the convolution takes no gradient now
  digits.eval();                                                       // and dropout does nothing

  CHECK_FALSE(digits.get<nn::Conv2d>(0).weight.requires_grad());
  CHECK(to_string(digits).starts_with("Sequential, 15,786 parameters\n  0: Conv2d(stride 1, padding 1, weight"));
  Tensor rows = zeros({28, 2, 28});
  nn::LSTM lstm(28, 64, random, {.num_layers = 2, .bidirectional = true});
  Tensor outputs = lstm(rows);                      // rows (T, N, 28), outputs (T, N, 128)
  auto [all, state] = lstm(rows, nn::LstmState{});  // and the last h and c of each layer, from zeros
  nn::MultiheadAttention attention(128, 4, random);
  Tensor mixed = attention(all, all, all, {.is_causal = true});

  CHECK(outputs.shape() == Shape{28, 2, 128});
  CHECK(state.c.shape() == Shape{4, 2, 64});
  CHECK(mixed.shape() == all.shape());
}

TEST_CASE("guide: training parts") {
  Random random(1);
  Tensor points = uniform(random, {64, 2}, -1.5, 1.5);
  Tensor inside = to(sum(square(points), 1, true) < 1, float32);
  Net net(random);
  const double before = bce_with_logits(net(points), inside).item();

  nn::AdamW optimizer({{net.near.parameters(), {.lr = 0.01}}, {net.out.parameters(), {.lr = 0.05, .weight_decay = 0}}});
  nn::LinearLR warm_up(optimizer, {.start_factor = 0.1, .total_iters = 10});
  nn::CosineAnnealingLR cosine(optimizer, {.t_max = 90});
  nn::SequentialLR schedule(optimizer, {&warm_up, &cosine}, {10});
  nn::ExponentialMovingAverage average(net.parameters(), 0.9);
  for (int step = 0; step < 100; ++step) {
    for (int part = 0; part < 4; ++part) {  // backward() adds up: four parts of a batch, one step
      Tape tape;
      const Slice rows(16 * part, 16 * part + 16);
      (bce_with_logits(net(slice(points, {rows})), slice(inside, {rows})) / 4).backward();
    }
    nn::clip_grad_norm_(net.parameters(), 1);
    optimizer.step();
    optimizer.zero_grad();
    schedule.step();
    average.update();
  }
  average.swap();  // the net has the averages; once more, and it has its weights

  CHECK(optimizer.lr(1) < 1e-3);
  const double after = bce_with_logits(net(points), inside).item();
  CHECK(after < before);

  nn::LBFGS lbfgs(net.parameters(), {.strong_wolfe = true});
  lbfgs.step([&] {
    lbfgs.zero_grad();
    Tape tape;
    Tensor loss = bce_with_logits(net(points), inside);
    loss.backward();
    return loss;
  });

  CHECK(bce_with_logits(net(points), inside).item() < after);

  std::vector<nn::NamedTensor> kept = optimizer.state(), place = schedule.state();
  optimizer.load_state(kept);
  schedule.load_state(place);

  CHECK(kept.size() == 2 + 3 * 3);
}

TEST_CASE("guide: checkpoints") {
  Random random(1);
  Tensor points = uniform(random, {64, 2}, -1.5, 1.5);
  Tensor inside = to(sum(square(points), 1, true) < 1, float32);
  const nn::TensorDataset samples(points, inside);
  const TempFolder temporary;
  const std::string folder = temporary / "run";
  const auto train = [&](std::int64_t epochs) {
    Net net(random);
    nn::Adam optimizer(net.parameters(), {.lr = 0.01});
    nn::DataLoader loader(samples, {.batch_size = 16, .shuffle = true, .seed = 1});
    nn::TrainingState state{
        .module = &net, .optimizer = &optimizer, .loader = &loader, .randoms = {{"noise", &random}}};
    state.configuration = {{"lr", "0.01"}};
    state.history = {{"loss", {}}};

    nn::Checkpoints checkpoints(folder, 3);  // keeps the last three
    std::string refused;
    if (checkpoints.resume(state, &refused)) std::cout << "goes on from epoch " << state.epoch << "\n";
    if (!refused.empty()) std::cout << "damaged, so one before was taken:\n" << refused << "\n";
    for (; state.epoch < epochs; ++state.epoch, checkpoints.save(state)) {
      double total = 0;
      for (auto [x, y] : loader) {
        Tape tape;
        Tensor loss = bce_with_logits(net(x + 0.01 * normal(random, x.shape())), y);
        loss.backward();
        optimizer.step();
        optimizer.zero_grad();
        ++state.step;
        total += loss.item();
      }
      state.history[0].values.push_back(total / 4);
    }
    return state.history[0].values;
  };
  const Random start = random;
  train(2);
  random.bits();  // what happens in between has no say
  const std::vector<double> in_two_parts = train(4);
  std::filesystem::remove_all(folder);
  random = start;
  CHECK(train(4) == in_two_parts);

  nn::TrainingState told = nn::describe_checkpoint(folder + "/checkpoint-000004.safetensors");
  CHECK(told.step == 16);
  CHECK(nn::Checkpoints(folder).files().size() == 3);
}

TEST_CASE("guide: a trainer") {
  const TempFolder temporary;
  const std::string folder = temporary.path();
  Random random(1);
  Tensor points = uniform(random, {512, 2}, -1.5, 1.5), inside = to(sum(square(points), 1) < 1, int64);
  const Slice most(0, 384), rest(384, 512);
  nn::TensorDataset seen(slice(points, {most}), slice(inside, {most}));
  nn::TensorDataset unseen(slice(points, {rest}), slice(inside, {rest}));
  nn::Sequential net{nn::Linear(2, 16, random), nn::Tanh(), nn::Linear(16, 2, random)};

  nn::DataLoader loader(seen, {.batch_size = 32, .shuffle = true, .seed = 1}), held_out(unseen, {.batch_size = 128});
  nn::Adam adam(net.parameters(), {.lr = 0.02});
  nn::CosineAnnealingLR cosine(adam, {.t_max = 12 * 30});
  nn::TrainingState state{.module = &net, .optimizer = &adam, .schedule = &cosine, .loader = &loader};
  nn::Checkpoints checkpoints(folder);
  checkpoints.resume(state, nullptr);  // if there are some

  auto loss = [](const Tensor& scores, const Tensor& labels) { return cross_entropy(scores, labels); };
  nn::Trainer trainer(
      state, loss,
      {.epochs = 30, .validation = &held_out, .clip_norm = 1, .patience = 10, .checkpoints = &checkpoints});
  nn::Progress progress;
  nn::CsvLog log(folder + "/log.csv");
  trainer.add(progress);
  trainer.add(log);
  nn::Interrupt interrupt;  // ^C ends the run after the step at hand, and a checkpoint is written
  nn::TrainingResult result = trainer.run();

  nn::ConfusionMatrix matrix(2);
  nn::Evaluation last = nn::evaluate(net, loss, held_out, {.confusion = &matrix});
  std::cout << to_string(matrix, {"outside", "inside"});  // precision, recall and F1 of each class

  nn::HtmlReport report("Inside the circle");
  report.add_run(result);
  report.add_curves(state.history);
  report.add_confusion(matrix, {"outside", "inside"});
  report.save(folder + "/report.html");

  CHECK(last.accuracy > 0.9);
  CHECK(result.steps == 12 * result.epochs);
  CHECK(read_file(folder + "/report.html").size() > 1000);
}

// Draws the loss after each epoch as a bar.
struct Bars : nn::Callback {
  void on_epoch(const nn::EpochFigures& e) override {
    std::cout << std::string(static_cast<std::size_t>(60 * e.loss), '#') << '\n';
  }
};

TEST_CASE("guide: compile") {
  Random random(1);
  Tensor points = uniform(random, {256, 2}, -1.5, 1.5);
  Tensor inside = to(sum(square(points), 1, true) < 1, float32);
  nn::Sequential net{nn::Linear(2, 16, random), nn::Tanh(), nn::Linear(16, 1, random)};
  nn::SGD optimizer(net.parameters(), {.lr = 0.5});
  auto step = compile([&](const Tensor& x, const Tensor& labels) {
    Tape tape;
    Tensor loss = bce_with_logits(net(x), labels);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
    return loss;
  });
  for (int i = 0; i < 100; ++i) step(points, inside);

  CHECK(step.report().replayed == 99);
  CHECK(step(points, inside).item() < 0.5);
}

TEST_CASE("guide: xtensor") {
  xt::xarray<double> data = {{1, 2}, {3, 4}};
  Tensor x = from_xtensor(2 * data);   // any expression, copied
  auto view = as_xtensor<double>(x);   // the tensor's own elements
  auto part = xt::view(view, 1);       // {6, 8}
  as_mutable_xtensor<double>(x) += 1;  // for writing

  CHECK(x.to_vector<double>() == Doubles{3, 5, 7, 9});
  CHECK(part(1) == 9);
}

TEST_CASE("guide: gradcheck") {
  auto f = [](const std::vector<Tensor>& in) { return tanh(in[0]) * in[1]; };
  Tensor a = variable(tensor({0.5, -1}, float64)), b = variable(2, float64);
  GradcheckReport report = gradcheck(f, {a, b}, {.order = 2});

  INFO(report.text);
  CHECK(report.ok);

  auto cube = custom_vjp([](const Tensor& x) { return x * x * x; },
                         [](const Tensor& x, const Tensor&, const Tensor& g) { return 2 * x * x * g; }, "cube");
  GradcheckReport wrong = gradcheck([&](const std::vector<Tensor>& in) { return cube(in[0]); }, {a});
  // gradcheck, order 1: the derivative of result[1] with respect to input 0[1], float64 (2,), is 2 by reverse mode,
  // 2 by forward mode and 3 by finite differences (relative error 0.33); wrong are 2 of 4 for input 0; probable cause:
  // it is 0.666667 times the right one

  CHECK(
      wrong.text ==
      "gradcheck, order 1: the derivative of result[1] with respect to input 0[1], float64 (2,), is 2 by reverse mode, "
      "2 by forward mode and 3 by finite differences (relative error 0.33); wrong are 2 of 4 for input 0; probable "
      "cause: it is 0.666667 times the right one");
  Random random(1);
  nn::Linear layer(3, 2, random);
  layer.to(float64);
  CHECK_THAT(nn::gradcheck(layer, ones({4, 3}, float64)), is_right_derivative());
}
