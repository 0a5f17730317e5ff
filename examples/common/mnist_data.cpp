#include "mnist_data.hpp"

#include <fmt/format.h>

#include <xgrad/nn/data/digits.hpp>
#include <xgrad/nn/data/fetch.hpp>
#include <xgrad/nn/data/mnist.hpp>

#include "download.hpp"

namespace xgrad::examples {

MnistData obtain_mnist(const std::string& directory) {
  if (const nn::FoundData found = nn::find_mnist(directory); found.found())
    return {nn::load_mnist(found.directory), "mnist", fmt::format("MNIST from {} ({})", found.directory, found.origin)};

  const std::string cache = nn::mnist_cache();
  std::string why = "there is no folder to keep a download in";
  if (!cache.empty()) {
    const Download download = download_mnist(cache);
    if (download.ok) return {nn::load_mnist(cache), "mnist", "MNIST, " + download.message};
    why = download.message;
  }
  return {nn::synthetic_digits(), "synthetic", fmt::format("no MNIST here ({}): digits drawn by this program", why)};
}

}  // namespace xgrad::examples
