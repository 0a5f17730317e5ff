// The study programs print what their pages in docs/ say.
#include <catch.hpp>
#include <cmath>
#include <cstdlib>

#include "run.hpp"

using namespace xgrad::tests;

namespace {

void check_lines(const std::string& out, std::initializer_list<const char*> lines) {
  for (const char* line : lines) {
    INFO("wanted: " << line << "\nprinted: " << out);
    CHECK(out.find(line) != std::string::npos);
  }
}

/// The number behind the last `label`.
double last_number(const std::string& out, const std::string& label) {
  const std::size_t place = out.rfind(label);
  REQUIRE(place != std::string::npos);
  return std::stod(out.substr(place + label.size()));
}

/// Where the real MNIST is; empty where it is not.
std::string mnist() {
  const char* const data = std::getenv("XGRAD_DATA");
  return data ? std::string("XGRAD_DATA=") + data : "";
}

}  // namespace

TEST_CASE("forward_propagation: the book's numbers") {
  const Run result = run("forward_propagation", "");
  REQUIRE(result.status == 0);
  check_lines(result.out,
              {"step      [0, 1, 1]\n", "sigmoid   [0.26894142, 0.73105858, 0.88079708]\n", "relu      [0, 1, 2]\n",
               "identity  [-1,  1,  2]\n", "  [0.018211273,  0.24519181,  0.73659691], sum 1\n",
               "as it is written       [nan, nan, nan]\n",
               "less the largest score [    0.9999546, 4.5397869e-05,   2.06106e-09]\n",
               "softmax()              [    0.9999546, 4.5397869e-05,   2.06106e-09]\n",
               "x W1 + b1 = [0.3, 0.7, 1.1], its sigmoid [0.57444252, 0.66818777, 0.75026011]\n",
               "output: [0.31682708, 0.69627909]\n", "(4, 2) x (2, 3) + (3,) -> (4, 2)\n"});
}

TEST_CASE("pretrained: the fixed weights' numbers, and the book's 9,352 digits") {
  check_lines(run("pretrained", "").out, {"x = [1.0, 0.5]: [0.31682708, 0.69627909]\n", "give them with --weights\n"});
  if (mnist().empty()) {
    WARN("no $XGRAD_DATA: not run");
    return;
  }
  const Run result = run("pretrained", "--image 3", mnist());
  REQUIRE(result.status == 0);
  check_lines(result.out, {"one at a time: 9352 of 10000 right\n", "in batches of 100: 9352 of 10000 right\n",
                           "test image 3, a 0:\n", "taken for a 0;", "▒████▓░░ ░██▓░\n"});
  CHECK(is_one_complaint(run("pretrained", "--image 10000", mnist()), "pretrained"));
  CHECK(is_one_complaint(run("pretrained", "--weights /nonexistent.npz", mnist()), "pretrained"));
}

TEST_CASE("two_layer_net: nodes, the gradient check, and learning") {
  const Run result = run("two_layer_net", "--steps 400");
  REQUIRE(result.status == 0);
  check_lines(result.out, {"Relu\n  forward  [[1, 0],\n [0, 3]]\n  back to x [[1, 0],\n [0, 1]]\n",
                           "back to b [5, 7, 9]\n", "softmax [[0.018211273,  0.24519181,  0.73659691]]\n",
                           "forward  0.30571446\n  back to x [[0.018211273,  0.24519181, -0.26340309]]\n"});
  for (const char* name : {"  W1: ", "  b1: ", "  W2: ", "  b2: "}) CHECK(last_number(result.out, name) < 1e-8);
  CHECK(std::stod(result.out.substr(result.out.rfind(' '))) > 0.8);
}

TEST_CASE("two_layer_net on MNIST: the book's 0.97", "[long]") {
  if (mnist().empty()) {
    WARN("no $XGRAD_DATA/mnist: not run");
    return;
  }
  const Run result = run("two_layer_net", "", mnist());
  REQUIRE(result.status == 0);
  INFO(result.out);
  CHECK(std::abs(std::stod(result.out.substr(result.out.rfind(' '))) - 0.9715) < 0.004);
}

TEST_CASE("sigmoid_net: Xavier's weights learn, equal ones stay one unit; from CSV files as from the others") {
  const TempFolder folder;
  const Run written = run("sigmoid_net", "--limit-train 2000 --write-csv " + folder.path());
  REQUIRE(written.status == 0);
  const Run from_csv = run("sigmoid_net", "--epochs 3 --data " + folder.path());
  REQUIRE(from_csv.status == 0);
  INFO(from_csv.out);
  const std::size_t random = from_csv.out.find("random weights"), zero = from_csv.out.find("zero weights");
  REQUIRE(random != std::string::npos);
  REQUIRE(zero != std::string::npos);
  const char* const accuracy = "accuracy on the test images ";
  CHECK(last_number(from_csv.out.substr(0, random), accuracy) > 0.8);
  CHECK(last_number(from_csv.out.substr(zero), accuracy) < 0.25);
  CHECK_THAT(from_csv.out.substr(0, random), contains("  100 of 100 hidden units differ from all others\n"));
  CHECK_THAT(from_csv.out.substr(zero), contains("  0 of 100 hidden units differ from all others\n"));

  const Run from_drawn = run("sigmoid_net", "--epochs 3 --limit-train 2000");
  REQUIRE(from_drawn.status == 0);
  const auto below_first_line = [](const std::string& text) { return text.substr(text.find('\n')); };
  CHECK(below_first_line(from_csv.out) == below_first_line(from_drawn.out));
}

TEST_CASE("sigmoid_net on MNIST: the source's order", "[long]") {
  if (mnist().empty()) {
    WARN("no $XGRAD_DATA/mnist: not run");
    return;
  }
  const char* const accuracy = "accuracy on the test images ";
  const double xavier = last_number(run("sigmoid_net", "--weights xavier", mnist()).out, accuracy);
  const double random = last_number(run("sigmoid_net", "--weights random", mnist()).out, accuracy);
  const double zero = last_number(run("sigmoid_net", "--weights zero", mnist()).out, accuracy);
  CHECK(xavier > 0.96);
  CHECK(random < 0.9);
  CHECK(random > 0.6);
  CHECK(zero < 0.2);
}

TEST_CASE("two_clusters: all four networks tell the clouds apart, and are drawn") {
  const TempFolder folder;
  const Run result = run("two_clusters", "--svg " + folder.path());
  REQUIRE(result.status == 0);
  INFO(result.out);
  std::size_t networks = 0;
  for (std::size_t at = 0; (at = result.out.find("epoch 16 loss ", at)) != std::string::npos; ++at, ++networks) {
    CHECK(std::stod(result.out.substr(at + 14)) < 0.0041);
    CHECK(last_number(result.out.substr(0, result.out.find('\n', result.out.find("accuracy", at))), "accuracy ") >
          0.99);
  }
  CHECK(networks == 4);
  const std::string losses = read_file(folder / "losses.svg"), regions = read_file(folder / "regions.svg");
  for (const std::string& svg : {losses, regions}) {
    CHECK(svg.starts_with("<svg xmlns="));
    CHECK(svg.ends_with("</svg>\n"));
  }
  for (const char* name : {"sigmoid, shallow", "sigmoid, deep", "ReLU, shallow", "ReLU, deep"}) {
    CHECK_THAT(losses, contains(name));
    CHECK_THAT(regions, contains(name));
  }
}

TEST_CASE("study programs: mistakes are told in one line") {
  for (const char* program : {"forward_propagation", "pretrained", "two_layer_net", "sigmoid_net", "two_clusters"}) {
    CHECK(run(program, "--help").status == 0);
    CHECK(is_one_complaint(run(program, "--nonsense"), program));
  }
  CHECK(is_one_complaint(run("two_layer_net", "--steps 0"), "two_layer_net"));
  CHECK(is_one_complaint(run("two_layer_net", "--data /nonexistent"), "two_layer_net"));
  CHECK(is_one_complaint(run("sigmoid_net", "--weights best"), "sigmoid_net"));
  CHECK(is_one_complaint(run("sigmoid_net", "--limit-train 10 --write-csv /nonexistent"), "sigmoid_net"));
  CHECK(is_one_complaint(run("two_clusters", "--points 1"), "two_clusters"));
  CHECK(is_one_complaint(run("two_clusters", "--epochs 1 --points 10 --svg /nonexistent"), "two_clusters"));
}
