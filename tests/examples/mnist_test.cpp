#include <catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "small_mnist.hpp"

using namespace xgrad::tests;
using nlohmann::json;

namespace {

/// The results of a run over the small MNIST.
json train(const std::string& arguments) {
  const Run result = run("mnist", "--json - --data " + small_mnist().path() + " " + arguments);
  INFO(result.err);
  REQUIRE(result.status == 0);
  return json::parse(result.out);
}

}  // namespace

TEST_CASE("mnist --help names every option and the defaults of each model") {
  const Run help = run("mnist", "--help");
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  for (const char* part : {"--data", "--model two-layer|sigmoid", "--epochs", "--batch-size", "--lr",
                           "--optimizer sgd|momentum|adam", "--schedule constant|cosine", "--seed", "--threads",
                           "--limit-train", "--json", "--save", "two-layer 17", "two-layer 100, sigmoid 1"})
    CHECK_THAT(help.out, contains(part));
}

TEST_CASE("mnist --json says what was done and what came of it") {
  const json two = train("--epochs 2 --batch-size 64 --lr 0.25 --seed 9 --threads 2");
  CHECK(two.at("model") == "two-layer");
  CHECK(two.at("data") == "mnist");
  CHECK(two.at("epochs") == 2);
  CHECK(two.at("batch_size") == 64);
  CHECK(two.at("steps") == 10);
  CHECK(two.at("lr") == 0.25);
  CHECK(two.at("weight_decay") == 0);
  CHECK(two.at("seed") == 9);
  CHECK(two.at("threads") == 2);
  CHECK(two.at("optimizer") == "sgd");
  CHECK(two.at("schedule") == "constant");
  CHECK(two.at("train_images") == 300);
  CHECK(two.at("test_images") == 100);
  CHECK_FALSE(two.at("blas_core").get<std::string>().empty());
  CHECK_FALSE(two.at("instruction_set").get<std::string>().empty());
  CHECK(two.at("weights_sha256").get<std::string>().size() == 64);
  for (const char* part : {"train_accuracy", "test_accuracy"}) {
    CHECK(two.at(part).get<double>() > 0.1);
    CHECK(two.at(part).get<double>() <= 1);
  }
  CHECK(two.at("final_loss").get<double>() > 0);
  CHECK(two.at("seconds").get<double>() >= 10 * 0.5 * two.at("median_step_seconds").get<double>());
  CHECK(two.at("median_step_seconds").get<double>() > 0);

  const json one = train("--model sigmoid --epochs 1 --limit-train 50");
  CHECK(one.at("model") == "sigmoid");
  CHECK(one.at("batch_size") == 1);
  CHECK(one.at("steps") == 50);
  CHECK(one.at("lr") == 0.1);
  CHECK(one.at("train_images") == 50);

  const std::string momentum = "--optimizer momentum --epochs 1 --limit-train 100";
  CHECK(train(momentum).at("weight_decay") == 1e-4);
  const json strong = train(momentum + " --weight-decay 0.5");
  CHECK(strong.at("weight_decay") == 0.5);
  CHECK(strong.at("weights_sha256") != train(momentum).at("weights_sha256"));
}

TEST_CASE("every optimizer and schedule learns") {
  for (const char* model : {"two-layer --epochs 16 --batch-size 10", "sigmoid --epochs 8"})
    for (const char* optimizer : {"sgd", "momentum --lr 0.02", "adam"}) {
      std::set<std::string> weights;
      for (const char* schedule : {"constant", "cosine"}) {
        const json result =
            train(std::string("--model ") + model + " --optimizer " + optimizer + " --schedule " + schedule);
        INFO(result.dump());
        CHECK(result.at("train_accuracy").get<double>() > 0.6);
        weights.insert(result.at("weights_sha256"));
      }
      CHECK(weights.size() == 2);
    }
}

TEST_CASE("the weights depend on the seed, and not on threads or on the run") {
  for (const char* model : {"--model two-layer --epochs 3", "--model sigmoid --epochs 1"}) {
    std::set<std::string> sums;
    for (const char* threads : {"1", "1", "2", "3", "4", "8"})
      sums.insert(train(std::string(model) + " --threads " + threads).at("weights_sha256"));
    CHECK(sums.size() == 1);
    sums.insert(train(std::string(model) + " --seed 2").at("weights_sha256"));
    CHECK(sums.size() == 2);
  }
  // Steps too small to change a weight: what is left is how they start.
  const std::string start = "--model sigmoid --limit-train 1 --epochs 1 --lr 1e-30 --seed ";
  CHECK(train(start + "1").at("weights_sha256") != train(start + "2").at("weights_sha256"));
}

TEST_CASE("--save writes the weights that weights_sha256 is about, by PyTorch's names") {
  const TempFolder folder;
  const std::string path = folder / "w.safetensors";
  const json result = train("--epochs 1 --save " + path + " --limit-train 100");
  const auto weights = xgrad::nn::load_safetensors(path);
  xgrad::nn::Sha256 sum;
  for (const char* name : {"0.bias", "0.weight", "2.bias", "2.weight"})
    for (const auto& [saved_name, tensor] : weights)
      if (saved_name == name) sum.update(tensor);
  CHECK(weights.size() == 4);
  CHECK(sum.hex() == result.at("weights_sha256"));
}

TEST_CASE("without --json - lines go to stdout, and --json writes a file") {
  const TempFolder folder;
  const Run result = run("mnist", "--epochs 2 --data " + small_mnist().path() + " --json " + folder / "r.json");
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK_THAT(result.out, contains("MNIST from " + small_mnist().path()));
  CHECK_THAT(result.out, contains("epoch  1/2  loss "));
  CHECK_THAT(result.out, contains("epoch  2/2  loss "));
  CHECK(result.out.find('\r') == std::string::npos);  // the bar is for terminals
  CHECK(json::parse(read_file(folder / "r.json")).at("steps") == 6);
}

TEST_CASE("on a terminal a bar shows loss, accuracy and time left") {
  if (run("script", "-qc true /dev/null").status != 0) {
    WARN("no pseudo-terminal to be had here (a bare folder without /dev/pts): not tested");
    return;
  }
  const Run result =
      run("script", "-qc '" XGRAD_PROGRAMS "/mnist --epochs 2 --data " + small_mnist().path() + "' /dev/null");
  REQUIRE(result.status == 0);
  CHECK_THAT(result.out, contains("\r[########........]  50%  epoch 1/2  loss "));
  CHECK_THAT(result.out, contains("100%  epoch 2/2  loss "));
  CHECK_THAT(result.out, contains("  accuracy 0."));
  CHECK_THAT(result.out, contains(" s left"));
}

TEST_CASE("where there is no MNIST it says so in one line, and learns drawn digits") {
  const Run result = run("mnist", "--epochs 1 --limit-train 200 --json -");
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(json::parse(result.out).at("data") == "synthetic");
  CHECK_THAT(result.err.substr(0, result.err.find('\n')), contains("no MNIST here"));
}

TEST_CASE("what mnist cannot do it says in one line, with exit status 2, before it trains") {
  const TempFolder folder;
  const std::string kept = folder.write("kept", "before"), data = " --data " + small_mnist().path();
  struct Bad {
    std::string arguments, part;
  };
  const Bad table[] = {
      {"--bogus", "--bogus"},
      {"stray", "stray"},
      {"--model three-layer", "'three-layer' is not one of two-layer|sigmoid"},
      {"--model ''", "--model"},
      {"--optimizer 'sgd|momentum'", "--optimizer"},
      {"--schedule linear", "constant|cosine"},
      {"--epochs 0", "'0' is not a number from 1"},
      {"--epochs -3", "'-3'"},
      {"--epochs 1.5", "'1.5'"},
      {"--epochs 99999999999999999999", "--epochs"},
      {"--epochs ''", "--epochs"},
      {"--epochs 1 --epochs 2", "--epochs"},
      {"--batch-size 0", "--batch-size"},
      {"--lr 0", "'0' is not a number above 0"},
      {"--lr nan", "--lr"},
      {"--weight-decay -1", "'-1' is not a number from 0"},
      {"--lr inf", "--lr"},
      {"--lr fast", "--lr"},
      {"--lr", "--lr"},
      {"--seed -1", "--seed"},
      {"--seed 18446744073709551616", "--seed"},
      {"--threads 0", "--threads"},
      {"--threads 1000000", "--threads"},
      {"--limit-train 0", "--limit-train"},
      {"--data ''", "--data"},
      {"--data " + folder / "none", "none"},
      {"--data " + kept, "kept"},
      {"--data " + folder.path(), folder.path()},
      {"--json ''" + data, "--json"},
      {"--json " + folder / "no/such" + data, "no/such cannot be written: No such file or directory"},
      {"--json " + folder.path() + data, "Is a directory"},
      {"--save " + folder / "no/such" + data, "no/such cannot be written: No such file or directory"},
      {"--save " + folder.path() + data, "Is a directory"},
      {"--save " + kept + " --json " + kept + data, "same file"},
      {"--save ./x --json x" + data, "same file"},
      {"--save " + kept + " --lr" + data, "--lr"},
      {"$(printf -- '--a\\nb')", "--a"},
  };
  for (const auto& [arguments, part] : table) {
    const Run result = run("mnist", arguments);
    INFO(arguments << "\n" << result.err);
    CHECK(is_one_complaint(result, "mnist"));
    CHECK_THAT(result.err, contains(part));
    CHECK(result.err.find("[at ") == std::string::npos);
    CHECK(result.out.empty());
  }
  CHECK(read_file(kept) == "before");
  const Run full = run("mnist", "--save /dev/full --epochs 1" + data);
  CHECK(is_one_complaint(full, "mnist"));
  CHECK_THAT(full.err, contains("/dev/full cannot be written: No space left on device"));
}

TEST_CASE("broken data files are told by name, and nothing is written") {
  struct Bad {
    const char* file;
    std::size_t keep;
    std::string append, part;
  };
  const Bad table[] = {
      {"train-images-idx3-ubyte", 1000, "", "train-images-idx3-ubyte"},
      {"train-images-idx3-ubyte", 0, "", "train-images-idx3-ubyte"},
      {"train-labels-idx1-ubyte", 0, big_endian(0x803), "train-labels-idx1-ubyte"},
      {"t10k-labels-idx1-ubyte", 20, "", "t10k-labels-idx1-ubyte"},
      {"t10k-labels-idx1-ubyte", 107, "\x0b", "t10k-labels-idx1-ubyte"},
      {"t10k-images-idx3-ubyte", 0, big_endian(0x803) + big_endian(~0u) + big_endian(~0u) + big_endian(~0u),
       "t10k-images-idx3-ubyte"},
  };
  for (const auto& [file, keep, append, part] : table) {
    const SmallMnist files(20, 100);
    const std::string whole = read_file(files / file);
    files.write(file, whole.substr(0, keep) + append);
    const Run result = run("mnist", "--data " + files.path() + " --save " + files / "w");
    INFO(result.err);
    CHECK(is_one_complaint(result, "mnist"));
    CHECK_THAT(result.err, contains(part));
    CHECK_FALSE(std::filesystem::exists(files / "w"));
  }
}

TEST_CASE("training that explodes stops with one line") {
  const Run result = run("mnist", "--lr 1e300 --data " + small_mnist().path());
  CHECK(result.status == 1);
  CHECK_THAT(result.err, contains("mnist: the loss is not finite at step"));

  const TempFolder folder;
  const Run last =
      run("mnist", "--lr 1e308 --epochs 1 --limit-train 50 --save " + folder / "w" + " --data " + small_mnist().path());
  CHECK(last.status == 1);
  CHECK_THAT(last.err, contains("is not finite"));
  CHECK_FALSE(std::filesystem::exists(folder / "w"));
}

TEST_CASE("a report that does not arrive is an error") {
  const Run result = run("sh", "-c '" + found("mnist") + " --epochs 1 --limit-train 50 --json - --data " +
                                   small_mnist().path() + " >/dev/full'");
  CHECK(result.status == 2);
  CHECK_THAT(result.err, contains("mnist: standard output cannot be written"));
}

TEST_CASE("drawn digits are learned to 0.95", "[long]") {
  const Run result = run("mnist", "--json -");
  INFO(result.out);
  REQUIRE(result.status == 0);
  const json report = json::parse(result.out);
  CHECK(report.at("test_accuracy").get<double>() >= 0.95);
  CHECK(report.at("seconds").get<double>() < 60);
}

TEST_CASE("a long run has the same weights for any number of threads", "[long]") {
  std::set<std::string> sums;
  for (const char* threads : {"1", "2", "3", "4", "8"}) {
    const Run result = run("mnist", std::string("--json - --threads ") + threads);
    REQUIRE(result.status == 0);
    sums.insert(json::parse(result.out).at("weights_sha256"));
  }
  CHECK(sums.size() == 1);
}

TEST_CASE("real MNIST is learned as well as in the book", "[long]") {
  const char* data = std::getenv("XGRAD_DATA");
  if (!data || !std::filesystem::exists(std::string(data) + "/mnist")) {
    WARN("no $XGRAD_DATA/mnist: not run");
    return;
  }
  const auto accuracy = [&](const std::string& arguments) {
    const Run result = run("mnist", arguments + " --json -", std::string("XGRAD_DATA=") + data);
    INFO(result.err);
    REQUIRE(result.status == 0);
    const json report = json::parse(result.out);
    CHECK(report.at("data") == "mnist");
    return report.at("test_accuracy").get<double>();
  };
  double sum = 0, best = 0;
  for (int seed = 1; seed <= 5; ++seed) {
    const double reached = accuracy("--seed " + std::to_string(seed));
    sum += reached;
    best = std::max(best, reached);
  }
  CHECK(sum / 5 >= 0.970);
  CHECK(best >= 0.9715);
  sum = 0;
  for (int seed = 1; seed <= 3; ++seed)
    sum += accuracy("--optimizer momentum --schedule cosine --seed " + std::to_string(seed));
  CHECK(sum / 3 >= 0.975);
  CHECK(accuracy("--model sigmoid") >= 0.9672);
}
