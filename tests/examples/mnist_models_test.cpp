#include <catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "small_mnist.hpp"

using namespace xgrad::tests;
using nlohmann::json;

namespace {

const char* const models[] = {"two-layer", "sigmoid", "deep", "cnn", "deep-cnn", "lstm", "transformer"};

json train(const std::string& arguments) {
  const Run result = run("mnist", "--json - --data " + small_mnist().path() + " " + arguments);
  INFO(arguments << "\n" << result.err);
  REQUIRE(result.status == 0);
  return json::parse(result.out);
}

/// The number that stands behind a word in a text.
double behind(const std::string& word, const std::string& text) {
  const std::size_t at = text.find(word);
  REQUIRE(at != text.npos);
  return std::stod(text.substr(at + word.size()));
}

}  // namespace

TEST_CASE("each model of mnist trains, and its file alone is enough to test it") {
  const TempFolder folder;
  for (const std::string model : models) {
    const std::string weights = folder / model;
    const json result = train("--epochs 1 --limit-train 96 --batch-size 32 --model " + model + " --save " + weights);
    INFO(model << " " << result.dump());
    CHECK(result.at("model") == model);
    CHECK(result.at("final_loss").get<double>() > 0);
    CHECK(result.at("processor_seconds").get<double>() > 0);
    xgrad::nn::Metadata metadata;
    CHECK(xgrad::nn::load_safetensors(weights, metadata).size() > 1);
    CHECK(metadata == xgrad::nn::Metadata{{"model", model}});

    const Run eval = run("mnist", "eval --weights " + weights + " --data " + small_mnist().path());
    INFO(eval.out << eval.err);
    CHECK(eval.status == 0);
    CHECK_THAT(eval.out, contains(weights + ": " + model + " with "));
    CHECK_THAT(eval.out, contains("100 test images"));
    CHECK(behind("test accuracy ", eval.out) == Approx(result.at("test_accuracy").get<double>()).margin(1e-9));
    CHECK(behind(", ", eval.out.substr(eval.out.find("test accuracy"))) ==
          Approx(100 - 100 * result.at("test_accuracy").get<double>()));
  }
}

TEST_CASE("mnist eval counts what is taken for what") {
  const TempFolder folder;
  train("--epochs 10 --batch-size 10 --save " + folder / "w");
  const Run eval = run("mnist", "eval --threads 1 --weights " + folder / "w" + " --data " + small_mnist().path());
  INFO(eval.out);
  REQUIRE(eval.status == 0);
  // Ten rows of a digit, ten counts and a percentage.
  std::istringstream table(eval.out.substr(eval.out.find("right\n", eval.out.find("taken for a")) + 6));
  int all = 0, right = 0;
  for (int digit = 0; digit < 10; ++digit) {
    int row = -1;
    table >> row;
    CHECK(row == digit);
    for (int answer = 0; answer < 10; ++answer) {
      std::string cell;
      table >> cell;
      const int count = cell == "." ? 0 : std::stoi(cell);
      all += count;
      if (answer == digit) right += count;
    }
    std::string percent;
    table >> percent;
    CHECK(percent.ends_with('%'));
  }
  CHECK(all == 100);
  CHECK(right == Approx(100 * behind("test accuracy ", eval.out)));
}

TEST_CASE("each model has a recipe of its own, and every part of it can be told otherwise") {
  const json deep = train("--model deep --limit-train 50 --epochs 1");
  CHECK(deep.at("optimizer") == "adamw");
  CHECK(deep.at("schedule") == "one-cycle");
  CHECK(deep.at("batch_size").get<int>() > 50);
  CHECK(deep.at("augment").get<std::string>().starts_with("shift="));
  CHECK(deep.at("warm_up") == 0);

  const json other = train(
      "--model deep --limit-train 50 --epochs 1 --optimizer nesterov --schedule cosine --augment none "
      "--batch-size 7 --warm-up 0.5");
  CHECK(other.at("optimizer") == "nesterov");
  CHECK(other.at("lr") == 0.1);
  CHECK(other.at("weight_decay") == 1e-4);
  CHECK(other.at("schedule") == "cosine");
  CHECK(other.at("augment") == "none");
  CHECK(other.at("warm_up") == 0.5);
  CHECK(other.at("steps") == 8);
  CHECK(train("--limit-train 50 --epochs 1").at("augment") == "none");
  CHECK(train("--limit-train 50 --epochs 1 --augment elastic=20,smoothness=3.5").at("augment") ==
        "elastic=20,smoothness=3.5");
}

TEST_CASE("schedules, warm-up and augmentation each make a difference") {
  std::set<std::string> weights;
  std::size_t runs = 0;
  const auto add = [&](const std::string& arguments) {
    weights.insert(train("--limit-train 100 --batch-size 10 --epochs 3 " + arguments).at("weights_sha256"));
    CHECK(weights.size() == ++runs);
  };
  for (const char* schedule : {"constant", "cosine", "one-cycle", "step", "exponential"}) {
    add(std::string("--schedule ") + schedule);
    if (std::string(schedule) != "one-cycle") add(std::string("--warm-up 1 --schedule ") + schedule);
  }
  for (const char* augment : {"shift=1", "rotate=5", "elastic=20", "shift=1,rotate=5"})
    add(std::string("--augment ") + augment);
}

TEST_CASE("every optimizer of mnist learns") {
  for (const char* optimizer : {"sgd", "momentum --lr 0.02", "adam", "adamw", "nesterov --lr 0.02", "amsgrad", "nadam",
                                "radam", "adamax", "rmsprop", "adagrad", "adadelta", "lion"}) {
    const json result = train(std::string("--epochs 16 --batch-size 10 --optimizer ") + optimizer);
    INFO(result.dump());
    CHECK(result.at("train_accuracy").get<double>() > 0.6);
  }
}

TEST_CASE("the weights of every model depend on the seed, and not on threads") {
  for (const char* model : {"deep", "cnn", "deep-cnn", "lstm", "transformer"}) {
    const std::string common = std::string("--epochs 1 --limit-train 60 --batch-size 40 --model ") + model;
    std::set<std::string> sums;
    for (const char* threads : {"1", "2", "3"})
      sums.insert(train(common + " --threads " + threads).at("weights_sha256"));
    INFO(model);
    CHECK(sums.size() == 1);
    sums.insert(train(common + " --seed 2").at("weights_sha256"));
    CHECK(sums.size() == 2);
  }
}
