#pragma once
#include <xgrad/nn/data/digits.hpp>

#include "run.hpp"

namespace xgrad::tests {

/// A folder with a small MNIST: drawn digits in the files' own format.
class SmallMnist : public TempFolder {
 public:
  SmallMnist(std::int64_t train, std::int64_t test) {
    const xgrad::nn::TrainTest digits = xgrad::nn::synthetic_digits(train, test);
    write_set("train", digits.train);
    write_set("t10k", digits.test);
  }

 private:
  void write_set(const std::string& name, const xgrad::nn::Images& set) const {
    const std::string count = big_endian(static_cast<std::uint32_t>(set.size()));
    write(name + "-images-idx3-ubyte", big_endian(0x803) + count + big_endian(28) + big_endian(28) +
                                           std::string(set.pixels.begin(), set.pixels.end()));
    write(name + "-labels-idx1-ubyte", big_endian(0x801) + count + std::string(set.labels.begin(), set.labels.end()));
  }
};

inline const SmallMnist& small_mnist() {
  static const SmallMnist files(300, 100);
  return files;
}

}  // namespace xgrad::tests
