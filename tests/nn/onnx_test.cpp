#include <catch.hpp>

#include <cstdlib>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "data_files.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

/// A field of a protobuf message: a number, or bytes.
struct Field {
  std::uint64_t number, value;
  std::string bytes;
};
std::vector<Field> fields(const std::string& message) {
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= std::uint64_t{byte & 127u} << shift;
      if (byte < 128) return value;
    }
  };
  std::vector<Field> all;
  while (at < message.size()) {
    const std::uint64_t key = varint();
    Field field{key >> 3, 0, {}};
    if ((key & 7) == 0) field.value = varint();
    else {
      const std::size_t size = (key & 7) == 5 ? 4 : varint();
      field.bytes = message.substr(at, size);
      at += size;
    }
    all.push_back(field);
  }
  return all;
}
/// The texts (or messages) of one number.
std::vector<std::string> texts(const std::string& message, std::uint64_t number) {
  std::vector<std::string> found;
  for (const Field& field : fields(message))
    if (field.number == number) found.push_back(field.bytes);
  return found;
}
std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

/// The types of a file's nodes, and the names of its constants, in a line each.
struct Contents {
  std::string nodes, constants;
};
Contents contents(const std::string& path) {
  const std::string graph = texts(content_of(path), 7).at(0);
  std::vector<std::string> types, names;
  for (const std::string& node : texts(graph, 1)) types.push_back(texts(node, 4).at(0));
  for (const std::string& tensor : texts(graph, 5)) names.push_back(texts(tensor, 8).at(0));
  return {joined(types), joined(names)};
}

/// A module that is a function.
struct Do : nn::Module {
  using Function = Tensor (*)(const Tensor& x);
  explicit Do(Function f) : f_(f) {}
  Tensor forward(const Operand& x) override { return f_(*x.tensor); }

 private:
  Function f_;
};

struct Residual : nn::Module {
  nn::Conv2d first, second;
  nn::BatchNorm2d norm;
  Residual(std::int64_t channels, Random& random)
      : first(channels, channels, 3, random, {.padding = 1}),
        second(channels, channels, 3, random, {.padding = 1, .groups = 2, .bias = false}),
        norm(channels) {
    norm.running_mean.assign(normal(random, {channels}));
    norm.running_var.assign(uniform(random, {channels}, 0.5, 2));
    norm.weight.assign(normal(random, {channels}));
  }
  Tensor forward(const Operand& x) override { return relu(norm(second(silu(first(x)))) + *x.tensor); }
  void members(nn::Members& m) override {
    m("first", first);
    m("second", second);
    m("norm", norm);
  }
};

struct Model {
  std::string name;
  nn::AnyModule module;
  Shape row;
};
Tensor activations(const Tensor& x) {
  return concatenate({relu(x),
                      leaky_relu(x, 0.2),
                      elu(x, 0.7),
                      selu(x),
                      celu(x, 1.5),
                      gelu(x),
                      gelu_tanh(x),
                      silu(x),
                      mish(x),
                      softplus(x),
                      softplus(x, 2.0),
                      softsign(x),
                      sigmoid(x),
                      tanh(x),
                      hardtanh(x),
                      relu6(x * 4),
                      hardsigmoid(x * 2),
                      hardswish(x * 2),
                      log_sigmoid(x),
                      tanhshrink(x),
                      softshrink(x),
                      hardshrink(x),
                      threshold(x, 0.1, 20),
                      step(x),
                      identity(x),
                      softmax(x, 1),
                      log_softmax(x, -1)},
                     1);
}
Tensor arithmetic(const Tensor& x) {
  const Tensor y = square(x) + 0.5;
  return stack({1 - x,
                -x * 2,
                x / y,
                sqrt(y),
                rsqrt(y),
                log(y),
                exp(x),
                expm1(x),
                log1p(y),
                abs(x),
                sign(x),
                pow(y, 1.5),
                reciprocal(y),
                floor(x),
                ceil(x),
                round(x * 3),
                erf(x),
                normal_cdf(x),
                sin(x),
                cos(x),
                maximum(x, y - 1),
                minimum(x, 0.3),
                clamp(x, -0.2, 0.4),
                where(x > 0, x, y),
                masked_fill(x, isnan(x), 0),
                to(x >= 0.1, float32),
                where(logical_and(x < 0, y < 1), x, 2.0)},
               1);
}
Tensor shapes(const Tensor& x) {  // (N, 4, 6)
  const std::int64_t n = x.shape()[0];
  const Tensor turned = transpose(x, {0, 2, 1}), flat = reshape(turned, {n, 24}),
               part = slice(x, {{}, {1, none, 2}, {none, none, -1}});
  const Tensor sums = sum(x, 1) + mean(x, 1) + max(x, 1) - 0.5 * amin(x, 1);
  const Tensor last = slice(x, {{}, -1}), wide = broadcast_to(reshape(last, {n, 1, 6}), {n, 4, 6});
  const Tensor product = matmul(x, turned), vectors = matmul(flat, ones({24}));
  return concatenate({flat, flatten(part, 1), sums, last, flatten(wide, 1), flatten(product, 1),
                      reshape(vectors, {n, 1}), logsumexp(x, 2), flatten(pad(x, {{}, {1, 0}, {0, 2}}), 1),
                      flatten(flip(x, {1}), 1), flatten(unsqueeze(var(x, 2), 1), 1)},
                     1);
}

std::vector<Model> models() {
  Random random(7);
  std::vector<Model> all;
  const auto add = [&](const std::string& name, nn::AnyModule module, const Shape& row) {
    all.push_back({name, std::move(module), row});
  };
  add("linear", nn::Sequential{nn::Linear(5, 7, random), nn::Tanh(), nn::Linear(7, 3, random, {.bias = false})}, {5});
  add("affine", nn::Sequential{nn::Affine(12, 7, random), nn::Sigmoid()}, {3, 4});
  add("rows",
      nn::Sequential{nn::Linear(5, 7, random), nn::LayerNorm({7}),
                     nn::LayerNorm({3, 7}, {.elementwise_affine = false})},
      {3, 5});
  add("conv1d",
      nn::Sequential{nn::Conv1d(4, 6, 3, random, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2}),
                     nn::BatchNorm1d(6), nn::MaxPool1d(2), nn::AvgPool1d(2, {.stride = 1, .padding = 1})},
      {4, 30});
  add("conv2d",
      nn::Sequential{nn::Conv2d(3, 8, {3, 5}, random, {.stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 1}}),
                     nn::ReLU(), nn::MaxPool2d(3, {.stride = 2, .padding = 1, .dilation = 2}),
                     nn::AvgPool2d({2, 1}, {.padding = {1, 0}, .count_include_pad = false}), nn::GroupNorm(2, 8),
                     nn::AdaptiveAvgPool2d({3, 2}), nn::Flatten(), nn::Dropout(0.5, random), nn::RMSNorm({48})},
      {3, 17, 19});
  add("many_channels", nn::Sequential{nn::Conv2d(64, 64, 3, random), nn::Flatten()}, {64, 5, 5});
  add("transposed", nn::ConvTranspose2d(4, 6, 3, random, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2}),
      {4, 5, 6});
  add("residual", nn::Sequential{Residual(4, random), Residual(4, random)}, {4, 8, 8});
  add("activations", Do(activations), {6});
  add("arithmetic", Do(arithmetic), {6});
  add("shapes", Do(shapes), {4, 6});
  add("itself", Do([](const Tensor& x) { return Tensor(x); }), {2});
  for (const Model& model : all) model.module->eval();
  return all;
}

}  // namespace

TEST_CASE("onnx: nodes, names and shapes of a network") {
  const TempFolder folder;
  const std::string path = folder / "net.onnx";
  Random random(1);
  nn::Sequential net{
      nn::Conv2d(1, 4, 3, random), nn::BatchNorm2d(4),        nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
      nn::Dropout(0.5, random),    nn::Linear(16, 10, random)};
  const auto before = random.position();
  nn::save_onnx(path, net, zeros({5, 1, 6, 6}), {.output = "logits"});
  CHECK(random.position() == before);
  CHECK(net.training());
  const Contents c = contents(path);
  CHECK(c.nodes == "Conv BatchNormalization Relu MaxPool Reshape Gemm");
  CHECK_THAT(c.constants, contains("0.bias 0.weight 1.bias 1.running_mean 1.running_var 1.weight 6.bias 6.weight"));

  const std::string file = content_of(path), graph = texts(file, 7).at(0);
  CHECK(fields(file).at(0).value == 8);
  CHECK(texts(file, 2).at(0) == "xgrad");
  CHECK(fields(texts(file, 8).at(0)).at(1).value == 17);
  const std::string output = texts(graph, 12).at(0), type = texts(texts(output, 2).at(0), 1).at(0);
  CHECK(texts(output, 1).at(0) == "logits");
  CHECK(fields(type).at(0).value == 1);
  const std::vector<std::string> extents = texts(texts(type, 2).at(0), 1);
  REQUIRE(extents.size() == 2);
  CHECK(texts(extents[0], 2).at(0) == "batch");
  CHECK(fields(extents[1]).at(0).value == 10);
  for (const std::string& tensor : texts(graph, 5))
    if (texts(tensor, 8).at(0) == "6.bias")
      CHECK(texts(tensor, 9).at(0) ==
            std::string(reinterpret_cast<const char*>(net.get<nn::Linear>(6).bias.data<float>()), 40));
}

TEST_CASE("onnx: a frozen parameter, one used twice and one in another shape keep their names") {
  const TempFolder folder;
  struct Tied : nn::Module {
    nn::Parameter w{ones({3, 3})}, scale{ones({3})}, single{tensor(2)};
    Tensor forward(const Operand& x) override { return linear(linear(x, w), w) * reshape(scale, {1, 3}) * single; }
    void members(nn::Members& m) override {
      m("w", w);
      m("scale", scale);
      m("single", single);
    }
  } tied;
  tied.freeze("w");
  nn::save_onnx(folder / "tied.onnx", tied, ones({1, 3}));
  const Contents c = contents(folder / "tied.onnx");
  CHECK(c.nodes == "Gemm Gemm Reshape Mul Mul");
  CHECK_THAT(c.constants, contains("scale single w"));
}

TEST_CASE("onnx: what cannot be written is refused, by operation and path, and nothing is left behind") {
  const TempFolder folder;
  const std::string path = folder.write("net.onnx", "before");
  const auto refused = [&](Do::Function f) {
    nn::Sequential net{nn::ReLU(), nn::Sequential{Do(f)}};
    return error_of<ValueError>([&] { nn::save_onnx(path, net, ones({4, 3})); });
  };
  const std::string sorted = refused([](const Tensor& x) { return cumsum(x, 1); });
  CHECK_THAT(sorted, contains("1.0 (Do): cumsum: has no counterpart in ONNX") && contains("onnx_test.cpp:"));
  CHECK_THAT(refused([](const Tensor& x) { return sum(x) * x; }), contains("sum: makes a single number"));
  CHECK_THAT(refused([](const Tensor& x) { return x - mean(x, 0); }), contains("changes with the batch"));
  CHECK_THAT(refused([](const Tensor& x) { return x * x.clone(); }),
             contains("mul: for ONNX, argument 2, float32 (3, 3)"));
  CHECK_THAT(refused([](const Tensor& x) { return x.data<float>()[0] > 0.9 ? x + x : x * x; }),
             contains("does other things"));
  CHECK_THAT(refused([](const Tensor& x) { return x.shape()[0] == 3 ? x + x : (x + x) * x; }), contains("does less"));
  CHECK_THAT(refused([](const Tensor& x) { return slice(x, {{0, x.shape()[0] - 1}}); }), contains("its stop changes"));
  CHECK_THAT(refused([](const Tensor& x) { return x.clone(); }), contains("does not come from its input"));
  CHECK_THAT(refused([](const Tensor& x) {
               return embedding(ones({3, 2}), argmax(x, 1));
             }),
             contains("does not come from"));
  CHECK_THAT(refused([](const Tensor& x) {
               Tensor mean, variance;
               return batch_norm(x, mean, variance, {}, {}, true);
             }),
             contains("batch_norm: has no counterpart in ONNX"));

  Random random(1);
  nn::Linear layer(3, 2, random);
  CHECK_THROWS_AS(nn::save_onnx(path, layer, ones({4, 3}), {.input = "weight"}), ValueError);
  CHECK_THROWS_AS(nn::save_onnx(path, layer, ones({4, 3}), {.output = "input"}), ValueError);
  CHECK_THROWS_AS(nn::save_onnx(path, layer, ones({4, 3}), {.output = ""}), ValueError);
  CHECK_THROWS_AS(nn::save_onnx(path, layer, tensor(1)), ShapeError);
  CHECK_THROWS_AS(nn::save_onnx(path, layer, zeros({0, 3})), ShapeError);
  CHECK_THROWS_AS(nn::save_onnx(path, layer, ones({4, 4})), ShapeError);
  CHECK_THROWS_AS(nn::save_onnx(path, layer, ones({4, 3}, boolean)), DTypeError);
  CHECK_THROWS_AS(nn::save_onnx(folder / "no/such.onnx", layer, ones({4, 3})), IoError);
  CHECK(content_of(path) == "before");
}

TEST_CASE("onnx: every model of the comparison with onnxruntime can be written") {
  const TempFolder folder;
  for (const Model& model : models()) {
    INFO(model.name);
    Shape shape{1};
    for (const std::int64_t extent : model.row) shape.push_back(extent);
    nn::save_onnx(folder / "m.onnx", *model.module, ones(shape));
    CHECK(fields(content_of(folder / "m.onnx")).size() == 4);
  }
}

// The C++ half of onnx.py: writes models to the folder that it names, and what they make of an input.
TEST_CASE("models go to onnxruntime", "[python]") {
  const char* const name = std::getenv("XGRAD_ONNX");
  if (name == nullptr) return;
  const std::string folder = std::string(name) + "/";
  Random random(3);
  const auto write = [&](const std::string& model, nn::Module& module, const Tensor& x, const Tensor& y) {
    nn::save_onnx(folder + model + ".onnx", module, slice(x, {{0, 1}}));
    nn::save_npz(folder + model + ".npz", {{"x", x}, {"y", y}});
  };
  for (const Model& model : models()) {
    Shape shape{4};
    for (const std::int64_t extent : model.row) shape.push_back(extent);
    const Tensor x = normal(random, shape);
    write(model.name, *model.module, x, (*model.module)(x));
  }

  const char* const data = std::getenv("XGRAD_DATA");
  if (data == nullptr) return;
  const nn::Images images = nn::load_mnist(std::string(data) + "/mnist").test;
  const Tensor pixels =
      to(from_vector(std::vector<std::int64_t>(images.pixels.begin(), images.pixels.end()), {images.size(), 1, 28, 28}),
         float32) /
      255;
  const Tensor labels =
      from_vector(std::vector<std::int64_t>(images.labels.begin(), images.labels.end()), {images.size()});
  const auto compare = [&](const std::string& model, nn::Sequential net) {
    nn::Adam optimizer(net.parameters(), {.lr = 0.002});
    for (std::int64_t step = 0; step < 100; ++step) {
      Tape tape;
      const Slice rows(step * 64, step * 64 + 64);
      cross_entropy(net(slice(pixels, {rows})), slice(labels, {rows})).backward();
      optimizer.step();
      optimizer.zero_grad();
    }
    net.eval();
    std::vector<Tensor> outputs;
    for (std::int64_t i = 0; i < images.size(); i += 1000) outputs.push_back(net(slice(pixels, {{i, i + 1000}})));
    write(model, net, pixels, concatenate(outputs));
  };
  compare("mnist_mlp",
          nn::Sequential{nn::Flatten(), nn::Linear(784, 100, random), nn::ReLU(), nn::Linear(100, 10, random)});
  compare("mnist_cnn",
          nn::Sequential{nn::Conv2d(1, 16, 3, random, {.padding = 1}), nn::BatchNorm2d(16), nn::ReLU(),
                         nn::MaxPool2d(2), nn::Conv2d(16, 32, 3, random), nn::BatchNorm2d(32), nn::GELU(),
                         nn::MaxPool2d(2), nn::Flatten(), nn::Dropout(0.25, random), nn::Linear(1152, 10, random)});
}
