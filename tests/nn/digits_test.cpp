#include "catch.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <xgrad/nn/data/digits.hpp>
#include <xgrad/nn/data/fetch.hpp>
#include <xgrad/nn/data/sha256.hpp>

#include "data_files.hpp"

using namespace xgrad;
using namespace xgrad::nn;
using namespace xgrad::tests;

namespace {

// The share of test images whose nearest class mean is their own class.
double nearest_mean_accuracy(const TrainTest& data) {
  std::vector<double> mean(10 * 784), count(10);
  for (std::int64_t i = 0; i < data.train.size(); ++i) {
    const std::size_t label = data.train.labels[static_cast<std::size_t>(i)];
    count[label] += 1;
    for (std::size_t k = 0; k < 784; ++k) mean[label * 784 + k] += data.train.image(i)[k];
  }
  int right = 0;
  for (std::int64_t i = 0; i < data.test.size(); ++i) {
    double distance[10] = {};
    for (std::size_t c = 0; c < 10; ++c)
      for (std::size_t k = 0; k < 784; ++k) {
        const double d = mean[c * 784 + k] / count[c] - data.test.image(i)[k];
        distance[c] += d * d;
      }
    right += std::min_element(distance, distance + 10) - distance == data.test.labels[static_cast<std::size_t>(i)];
  }
  return right / static_cast<double>(data.test.size());
}

/// Sets an environment variable, or unsets it, until the end of the block.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old, was_set_ = true;
    set(value);
  }
  ~Environment() { set(was_set_ ? old_.c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) { value ? setenv(name_, value, 1) : unsetenv(name_); }
  const char* name_;
  std::string old_;
  bool was_set_ = false;
};

struct WorkingFolder {
  std::filesystem::path old = std::filesystem::current_path();
  explicit WorkingFolder(const std::string& path) { std::filesystem::current_path(path); }
  ~WorkingFolder() { std::filesystem::current_path(old); }
};

}  // namespace

TEST_CASE("synthetic digits are a function of seed, set and index") {
  const TrainTest data = synthetic_digits(1000, 200, 1);
  REQUIRE(data.train.size() == 1000);
  REQUIRE(data.test.size() == 200);
  REQUIRE(data.train.pixels.size() == 1000 * 784);
  const TrainTest again = synthetic_digits(400, 300, 1), other = synthetic_digits(400, 300, 2);
  CHECK(std::equal(again.train.pixels.begin(), again.train.pixels.end(), data.train.pixels.begin()));
  CHECK(std::equal(again.train.labels.begin(), again.train.labels.end(), data.train.labels.begin()));
  CHECK(std::equal(data.test.pixels.begin(), data.test.pixels.end(), again.test.pixels.begin()));
  CHECK((other.train.pixels != again.train.pixels));
  CHECK((other.train.labels != again.train.labels));
  CHECK_FALSE(std::equal(again.test.pixels.begin(), again.test.pixels.end(), again.train.pixels.begin()));
  // The same on every machine.
  CHECK(sha256(data.train.pixels.data(), data.train.pixels.size()) ==
        "2814cb744667337cb43cb7462bbc05fdf88d428dc98dd2c0e3323fc8f011424f");
  CHECK_THAT(error_of<ValueError>([] { synthetic_digits(0, 5); }), contains("synthetic_digits: the count is 0"));
  CHECK_THAT(error_of<ValueError>([] { synthetic_digits(5, -1); }), contains("the count is -1"));
}

TEST_CASE("synthetic digits can be learned, but not by their means") {
  const TrainTest data = synthetic_digits(4000, 1000, 5);
  for (int digit = 0; digit < 10; ++digit) {
    const auto count = std::count(data.train.labels.begin(), data.train.labels.end(), digit);
    CHECK(std::abs(count - 400) < 100);
  }
  int dark = 0, full = 0;
  for (std::uint8_t pixel : data.train.pixels) dark += pixel == 0, full += pixel > 128;
  CHECK(dark > 4000 * 784 * 0.6);
  CHECK(full > 4000 * 784 * 0.04);
  const double accuracy = nearest_mean_accuracy(data);
  CHECK(accuracy > 0.6);
  CHECK(accuracy < 0.9);
}

TEST_CASE("SHA-256 gives the sums of FIPS 180-4") {
  CHECK(sha256("", 0) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc", 3) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 sum;
  for (int i = 0; i < 1000; ++i) sum.update(std::string(1000, 'a').data(), 1000);
  CHECK(sum.hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(sum.hex() == sum.hex());
  CHECK(Sha256(sum).update("b", 1).hex() != sum.hex());

  const float values[] = {1.5f, -2.0f, 0.25f};
  CHECK(Sha256().update(from_data(values, {3})).hex() == sha256(values, sizeof values));
  CHECK(Sha256().update(tensor(2.5, float64)).hex() == Sha256().update(full({1}, 2.5, float64)).hex());
}

TEST_CASE("MNIST is looked for in four places, in order") {
  const TempFolder root;
  const auto place = [&](const std::string& folder, const std::string& file) {
    std::filesystem::create_directories(root / folder);
    root.write(folder + '/' + file, "x");
  };
  std::filesystem::create_directories(root / "work");
  const WorkingFolder inside(root / "work");
  const Environment home("HOME", (root / "home").c_str()), cache("XDG_CACHE_HOME", nullptr);
  const Environment data("XGRAD_DATA", (root / "shared").c_str());
  CHECK_FALSE(find_mnist().found());
  CHECK(mnist_cache() == root / "home/.cache/xgrad/mnist");

  // In the cache, a set that is not whole is passed over; elsewhere it is what was meant.
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"})
    place("home/.cache/xgrad/mnist", name);
  CHECK_FALSE(find_mnist().found());
  place("home/.cache/xgrad/mnist", "t10k-labels-idx1-ubyte");
  CHECK(find_mnist().directory == root / "home/.cache/xgrad/mnist");
  CHECK(find_mnist().origin == "the cache");
  place("work/data/mnist", "t10k-images-idx3-ubyte.gz");
  CHECK(find_mnist().directory == "./data/mnist");
  place("shared/mnist", "README");
  CHECK(find_mnist().directory == "./data/mnist");
  place("shared/mnist", "mnist_test.csv");
  CHECK(find_mnist().directory == root / "shared/mnist");
  CHECK(find_mnist().origin == "$XGRAD_DATA/mnist");

  CHECK(find_mnist(root / "work").directory == root / "work");
  CHECK(find_mnist(root / "work").origin == "--data");
  const std::string missing = root / "missing", file = root.write("file", "x");
  CHECK_THAT(error_of<IoError>([&] { find_mnist(missing); }), contains(missing + ": No such file or directory"));
  CHECK_THAT(error_of<IoError>([&] { find_mnist(file); }), contains(file + ": not a folder"));
}

TEST_CASE("the cache follows XDG_CACHE_HOME where that is an absolute path") {
  const Environment home("HOME", "/home/somebody");
  {
    const Environment cache("XDG_CACHE_HOME", "/var/tmp/cache");
    CHECK(mnist_cache() == "/var/tmp/cache/xgrad/mnist");
  }
  {
    const Environment cache("XDG_CACHE_HOME", "relative");
    CHECK(mnist_cache() == "/home/somebody/.cache/xgrad/mnist");
    const Environment nowhere("HOME", nullptr);
    CHECK(mnist_cache().empty());
  }
}
