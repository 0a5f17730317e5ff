#pragma once
#include <cstdint>
#include <string>

#include <xgrad/engine/site.hpp>
#include <xgrad/nn/data/images.hpp>

namespace xgrad::nn {

/// Reads the MNIST training and test sets from a folder that holds either the four IDX files
/// (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
/// `t10k-labels-idx1-ubyte`, each plain or with `.gz` behind its name) or `mnist_train.csv` and `mnist_test.csv`.
/// IoError: a missing or unusable file, or images that are not 28x28; ValueError: a pixel or label out of range.
TrainTest load_mnist(const std::string& directory, Site site = Site::here());

/// Fashion-MNIST (github.com/zalandoresearch/fashion-mnist): the same files, with clothes in them.
inline TrainTest load_fashion_mnist(const std::string& directory, Site site = Site::here()) {
  return load_mnist(directory, site);
}
inline constexpr const char* fashion_mnist_classes[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                                        "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

/// Reads an IDX image file and its label file, each plain or gzip'd (told by content, not by name).
/// Memory grows with the data that arrives, never with what a header claims.
/// IoError: what is wrong, with the file and the byte; ValueError: a label >= classes, with its index.
Images read_idx(const std::string& images, const std::string& labels, std::int64_t classes = 10,
                Site site = Site::here());

/// Reads lines of `label,pixel,pixel,...` with 784 pixels 0 .. 255, plain or gzip'd; LF or CRLF.
/// A first line whose first two fields are no numbers is a header.
/// IoError: a line of the wrong length or with text in it; ValueError: a label or pixel out of range; both name
/// line and column.
Images read_csv(const std::string& path, Site site = Site::here());

}  // namespace xgrad::nn
