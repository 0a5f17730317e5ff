#pragma once
#include <string>

namespace xgrad::examples {

/// Whether all four files are there, and otherwise why not, in one line.
struct Download {
  bool ok = false;
  std::string message;  ///< where from and how much, or the reason
};

/// Brings the four gzip'd MNIST files into `directory` (made if need be) from $XGRAD_MNIST_URL, or where that is not
/// set from one of the public mirrors; set but empty, it turns downloads off. All four are checked by the
/// SHA-256 of their content before any is written, and each appears whole under its name or not at all.
Download download_mnist(const std::string& directory) noexcept;

}  // namespace xgrad::examples
