#include <xgrad/nn/data/fetch.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/stat.h>

#include <xgrad/nn/io/internal/byte_source.hpp>

namespace xgrad::nn {

namespace {

bool exists(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0;
}

struct Holding {
  bool some = false, all = false;
};

Holding mnist_files(const std::string& directory) {
  int idx = 0, csv = 0;
  for (const char* name :
       {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"})
    idx += exists(directory + '/' + name) || exists(directory + '/' + name + ".gz");
  for (const char* name : {"mnist_train.csv", "mnist_test.csv"}) csv += exists(directory + '/' + name);
  return {idx + csv > 0, idx == 4 || csv == 2};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

FoundData find_mnist(const std::string& explicit_directory, Site site) {
  if (!explicit_directory.empty()) {
    struct stat info = {};
    const auto fail = [&](const char* why) {
      xgrad::detail::fail<IoError>("find_mnist", site, "{}: {}, expected a folder with MNIST files",
                                   detail::printable(explicit_directory, 4096), why);
    };
    if (::stat(explicit_directory.c_str(), &info) != 0) fail(std::strerror(errno));
    if (!S_ISDIR(info.st_mode)) fail("not a folder");
    return {explicit_directory, "--data"};
  }
  // A set with a file missing is what somebody meant, and should be complained about; only in the cache is it debris.
  if (const std::string data = variable("XGRAD_DATA"); !data.empty() && mnist_files(data + "/mnist").some)
    return {data + "/mnist", "$XGRAD_DATA/mnist"};
  if (mnist_files("./data/mnist").some) return {"./data/mnist", "./data/mnist"};
  if (const std::string cache = mnist_cache(); !cache.empty() && mnist_files(cache).all) return {cache, "the cache"};
  return {};
}

std::string mnist_cache() {
  const std::string cache = variable("XDG_CACHE_HOME"), home = variable("HOME");
  if (cache.starts_with('/')) return cache + "/xgrad/mnist";
  if (home.starts_with('/')) return home + "/.cache/xgrad/mnist";
  return {};
}

}  // namespace xgrad::nn
