#include <catch.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "images.hpp"
#include "small_mnist.hpp"

using namespace xgrad::tests;

namespace {

/// Weights of a network that has learned drawn digits, and digits that it has not seen.
struct Trained {
  TempFolder folder;
  std::string weights = folder / "weights";
  xgrad::nn::Images unseen = xgrad::nn::synthetic_digits(1, 40).test;

  Trained() {
    const Run result = run("mnist", "--limit-train 4000 --batch-size 10 --epochs 5 --save " + weights);
    INFO(result.err);
    REQUIRE(result.status == 0);
  }
  Picture picture(std::int64_t index) const {
    const std::uint8_t* pixels = unseen.image(index);
    return {28, 28, {pixels, pixels + 784}};
  }
  Run predict(const std::string& files) const { return run("mnist", "predict --weights " + weights + " " + files); }
};

const Trained& trained() {
  static const Trained once;
  return once;
}

/// What a network says of the image in a file: the answer, the picture and the probabilities, without the name.
std::string said_of(const std::string& content) {
  const TempFolder folder;
  const Run result = trained().predict(folder.write("image", content));
  INFO(result.err);
  REQUIRE(result.status == 0);
  return result.out.substr(result.out.find("): ") + 3);
}

/// A ring of 5x4 pixels, the corners fainter: no digit of MNIST's, and no two sides alike.
const Picture small{5, 4, {90, 255, 255, 40, 255, 0, 0, 255, 255, 0, 0, 200, 255, 0, 0, 255, 20, 255, 255, 90}};

std::string damaged(std::string content, std::size_t at, int change) {
  content[at] = static_cast<char>(content[at] ^ change);
  return content;
}

}  // namespace

TEST_CASE("mnist predict reads unseen digits, however they were written down") {
  const TempFolder folder;
  std::string files;
  int right = 0;
  for (int i = 0; i < 10; ++i) {
    const Picture picture = trained().picture(i);
    const std::string name = std::to_string(i);
    files += " " + folder.write(name + ".pgm", pgm(picture));
    files += " " + folder.write(name + ".png", png(picture.inverted().enlarged(9)));
  }
  const Run result = trained().predict(files);
  INFO(result.out << result.err);
  REQUIRE(result.status == 0);
  for (std::size_t i = 0; i < 10; ++i)
    for (const char* kind : {".pgm (28x28): ", ".png (252x252): "}) {
      const std::string name = std::to_string(i) + kind;
      const std::size_t at = result.out.find(name);
      REQUIRE(at != std::string::npos);
      right += result.out[at + name.size()] - '0' == trained().unseen.labels[i];
    }
  CHECK(right >= 15);
}

TEST_CASE("one image is the same digit in every format, size and on either background") {
  const Picture ring = small.enlarged(1, 3);
  const std::string expected = said_of(pgm(ring));
  CHECK_THAT(expected, contains("█"));
  CHECK(said_of(text_pgm(ring)) == expected);
  CHECK(said_of(wide_pgm(ring)) == expected);
  CHECK(said_of(png(ring)) == expected);
  CHECK(said_of(png(ring.inverted())) == expected);
  CHECK(said_of(pgm(small.enlarged(1, 40))) == expected);
  CHECK(said_of(png(small.enlarged(4, 12))) == expected);
  CHECK(said_of(png(small.enlarged(37, 5))) == expected);
  const auto twice = [](char light) { return std::string(2, light); };
  CHECK(said_of(png(ring, 16, 0, twice)) == expected);
  const auto rgb = [](char light) { return std::string(3, light); };
  CHECK(said_of(png(ring.inverted(), 8, 2, rgb)) == expected);
  // Ink on nothing: white, black, and black with a background that is only invisible.
  const auto white = [](char light) { return std::string("\xff") + light; };
  CHECK(said_of(png(ring, 8, 4, white)) == expected);
  const auto black = [](char light) { return std::string(1, '\0') + light; };
  CHECK(said_of(png(ring, 8, 4, black)) == expected);
}

TEST_CASE("a digit that is as MNIST has it stays as it is") {
  // 20 rows, its mass in the middle: nothing is to be scaled or moved.
  Picture bar{28, 28, std::vector<int>(784)};
  for (int row = 4; row < 24; ++row)
    for (int column = 12; column < 16; ++column) bar.pixels[static_cast<std::size_t>(28 * row + column)] = 255;
  const std::string said = said_of(pgm(bar));
  // Ten lines, each of two rows.
  const std::string bar_in_line = "\n" + std::string(12, ' ') + "████";
  int lines = 0;
  for (std::size_t at = 0; (at = said.find(bar_in_line, at)) != said.npos; ++at) ++lines;
  CHECK(lines == 10);
  CHECK_THAT(said, contains("\n            ████              0  0."));
  CHECK_THAT(said, contains("\n\n            ████"));
}

TEST_CASE("a margin of noise is not ink") {
  Picture noisy = small.enlarged(12, 60);
  for (std::size_t i = 0; i < noisy.pixels.size(); ++i)
    noisy.pixels[i] = std::clamp(noisy.pixels[i] + static_cast<int>(i * 7919 % 13), 0, 255);
  const std::string clean = said_of(png(small.enlarged(12, 60))), said = said_of(png(noisy));
  CHECK(said[0] == clean[0]);
}

TEST_CASE("images that cannot be read are told by name, in one line, with exit status 2") {
  const TempFolder folder;
  const Picture ring = small.enlarged(1, 3);
  const std::string good = png(ring), idat = "IDAT";
  const std::string huge = png_of(100'000, 100'000, 8, 0, "x");
  struct Bad {
    const char* name;
    std::string content, part;
  };
  const Bad table[] = {
      {"empty", "", "neither a PNG nor a PGM"},
      {"text", "hello", "neither a PNG nor a PGM"},
      {"jpeg", "\xff\xd8\xff\xe0", "neither a PNG nor a PGM"},
      {"p6", "P6\n1 1\n255\nabc", "neither a PNG nor a PGM"},
      {"signature", good.substr(0, 8), "a damaged PNG"},
      {"cut", good.substr(0, good.size() / 2), "a damaged PNG"},
      {"sum", damaged(good, good.find(idat) + 8, 0x10), "a damaged PNG"},
      {"huge", huge, "100000x100000 pixels, expected at most"},
      {"claim", png_of(8000, 8000, 8, 0, "x"), "too short for its 8000x8000 pixels"},
      {"few", png_of(10, 10, 8, 0, "x"), "a damaged PNG"},
      {"nothing", "P5", "the width"},
      {"word", "P5 x 3 255\n", "the width"},
      {"minus", "P5 -1 3 255\n", "the width"},
      {"zero", "P5 0 3 255\n", "has none"},
      {"wide", "P5 99999999999999999999 3 255\n", "the width is more than"},
      {"large", "P5 60000 60000 255\n", "60000x60000 pixels, expected at most"},
      {"short", "P5 60 60 255\nabc", "too short for its 60x60 pixels"},
      {"white", "P5 1 1 0\na", "white is 0"},
      {"white2", "P5 1 1 65536\na", "the value of white is more than 65535"},
      {"beyond", "P5 1 1 100\n\xff", "a pixel is 255, where white is 100"},
      {"beyond2", "P2 1 1 100\n101", "a pixel is more than 100"},
      {"letters", "P2 2 1 100\n10 a", "at a pixel"},
      {"comment", "P2 # no end", "the width"},
      {"blank", pgm({9, 9, std::vector<int>(81, 255)}), "there is nothing in it but background"},
      {"one", pgm({1, 1, {7}}), "there is nothing in it but background"},
  };
  const std::string fine = folder.write("fine", good);
  for (const auto& [name, content, part] : table) {
    const std::string path = folder.write(name, content);
    const Run result = trained().predict(fine + " " + path);
    INFO(name << "\n" << result.err << result.out);
    CHECK(is_one_complaint(result, "mnist"));
    CHECK_THAT(result.err, contains(path + ": "));
    CHECK_THAT(result.err, contains(part));
    CHECK(result.out.empty());
  }
  for (const std::string& path : {folder / "none", folder.path(), std::string("/dev/zero")}) {
    const Run result = trained().predict(path);
    CHECK(is_one_complaint(result, "mnist"));
    CHECK_THAT(result.err, contains(path + ": "));
  }
}

TEST_CASE("every damaged form of a small PNG is refused or harmless") {
  const TempFolder folder;
  const std::string good = png(small.enlarged(1, 2));
  const auto tried = [&](const std::string& content) {
    const Run result = trained().predict(folder.write("image", content));
    INFO(result.err);
    CHECK((result.status == 0 || is_one_complaint(result, "mnist")));
  };
  for (std::size_t i = 0; i < good.size(); i += 3) {
    tried(good.substr(0, i));
    tried(damaged(good, i, 0xff));
  }
}

TEST_CASE("weights that do not fit are told by name, in one line, with exit status 2") {
  const TempFolder folder;
  const std::string image = folder.write("image", pgm(small.enlarged(1, 3)));
  xgrad::nn::Metadata metadata;
  const auto weights = xgrad::nn::load_safetensors(trained().weights, metadata);
  const auto saved = [&](const char* name, const xgrad::nn::Metadata& says) {
    const std::string path = folder / name;
    xgrad::nn::save_safetensors(path, weights, says);
    return path;
  };
  const std::string whole = content_of(trained().weights);
  struct Bad {
    std::string path, part;
  };
  const Bad table[] = {
      {folder / "none", "there is no file"},
      {folder.path(), "not a regular file"},
      {folder.write("text", "hello"), "too few for a safetensors file"},
      {folder.write("cut", whole.substr(0, whole.size() - 1)), "cut"},
      {image, "safetensors"},
      {saved("anonymous", {}), "does not say which model it is of"},
      {saved("strange", {{"model", "elephant"}}), "of a model 'elephant'"},
      {saved("other", {{"model", "sigmoid"}}), "0.bias"},
      {saved("cnn", {{"model", "cnn"}}), "not the weights of a cnn: "},
  };
  for (const auto& [path, part] : table)
    for (const std::string& command : {"eval --data " + small_mnist().path(), "predict " + image}) {
      const Run result = run("mnist", command + " --weights " + path);
      INFO(path << "\n" << result.err << result.out);
      CHECK(is_one_complaint(result, "mnist"));
      CHECK_THAT(result.err, contains(path));
      CHECK_THAT(result.err, contains(part));
      CHECK(result.err.find("[at ") == std::string::npos);
    }
}

TEST_CASE("what mnist's commands are told wrongly") {
  const std::string& weights = trained().weights;
  struct Bad {
    std::string arguments, part;
  };
  const Bad table[] = {
      {"eval", "eval needs --weights"},
      {"predict", "predict needs --weights"},
      {"predict --weights " + weights, "predict needs an IMAGE"},
      {"eval --weights ''", "--weights"},
      {"eval --weights " + weights + " stray", "stray"},
      {"--epochs 3 eval --weights " + weights, "--epochs is for training"},
      {"eval --epochs 3 --weights " + weights, "--epochs"},
      {"eval predict", "predict"},
      {"--model elephant", "'elephant' is not one of two-layer|sigmoid|deep|cnn"},
      {"--augment 7", "'7' is neither none nor a list"},
      {"--augment ''", "--augment"},
      {"--augment shift", "--augment"},
      {"--augment shift=", "--augment"},
      {"--augment shift=x", "--augment"},
      {"--augment shift=-1", "--augment"},
      {"--augment shift=1,", "--augment"},
      {"--augment shift=1,sheer=2", "--augment"},
      {"--augment none,shift=1", "--augment"},
      {"--warm-up -1", "--warm-up"},
      {"--warm-up 3 --epochs 3", "leave nothing of 3"},
      {"--warm-up 1 --schedule one-cycle", "one-cycle has a warm-up of its own"},
      {"--schedule cosinus", "'cosinus' is not one of constant|cosine"},
      {"--optimizer newton", "'newton' is not one of sgd|momentum|adam"},
  };
  for (const auto& [arguments, part] : table) {
    const Run result = run("mnist", arguments);
    INFO(arguments << "\n" << result.err << result.out);
    CHECK(is_one_complaint(result, "mnist"));
    CHECK_THAT(result.err, contains(part));
    CHECK(result.out.empty());
  }
  CHECK_THAT(run("mnist", "predict --help").out, contains("IMAGE"));
  CHECK_THAT(run("mnist", "eval --help").out, contains("--weights"));
}

TEST_CASE("weights that are not finite are refused by name") {
  const TempFolder folder;
  xgrad::nn::Metadata metadata;
  std::vector<xgrad::nn::NamedTensor> weights = xgrad::nn::load_safetensors(trained().weights, metadata);
  xgrad::nn::NamedTensor& first = weights.at(0);
  first.tensor = first.tensor / 0;
  xgrad::nn::save_safetensors(folder / "w", weights, metadata);
  const std::string image = folder.write("image", pgm(small));
  for (const std::string& use : {std::string("eval"), "predict " + image}) {
    const Run result = run("mnist", use + " --weights " + folder / "w");
    CHECK(is_one_complaint(result, "mnist"));
    CHECK_THAT(result.err, contains(first.name + " has values that are not finite"));
  }
}

TEST_CASE("an error that nobody can read still has its exit status") {
  for (const char* nowhere : {" 2>&-", " 2>/dev/full", " >&- 2>&-"}) {
    const int status = std::system((found("mnist") + " --bogus" + nowhere).c_str());
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 2);
  }
}
