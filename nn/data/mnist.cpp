#include <xgrad/nn/data/mnist.hpp>

#include <sys/stat.h>

#include <xgrad/nn/io/internal/byte_source.hpp>

namespace xgrad::nn {

namespace {

bool exists(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0;
}

Images load_set(const std::string& directory, const char* idx, const char* csv, Site site) {
  const auto file = [&](const char* what) {
    const std::string plain = directory + '/' + idx + what;
    return exists(plain) ? plain : plain + ".gz";
  };
  const std::string images = file("-images-idx3-ubyte"), labels = file("-labels-idx1-ubyte");
  const std::string table = directory + '/' + csv;
  const bool use_idx = exists(images) || exists(labels);
  if (!use_idx && !exists(table))
    xgrad::detail::fail<IoError>("load_mnist", site,
                                 "{}: found neither {}-images-idx3-ubyte[.gz] with {}-labels-idx1-ubyte[.gz] nor {}",
                                 detail::printable(directory, 4096), idx, idx, csv);
  Images set = use_idx ? read_idx(images, labels, 10, site) : read_csv(table, site);
  if (set.rows != 28 || set.columns != 28)
    xgrad::detail::fail<IoError>("load_mnist", site, "{}: images of {}x{} pixels, expected 28x28",
                                 detail::printable(images, 4096), set.rows, set.columns);
  return set;
}

}  // namespace

TrainTest load_mnist(const std::string& directory, Site site) {
  return {load_set(directory, "train", "mnist_train.csv", site), load_set(directory, "t10k", "mnist_test.csv", site)};
}

}  // namespace xgrad::nn
