#pragma once
#include <string>

#include <xgrad/engine/site.hpp>

namespace xgrad::nn {

/// A folder with MNIST files, and how it was found.
struct FoundData {
  std::string directory;  ///< empty: none was found
  std::string origin;     ///< "--data", "$XGRAD_DATA/mnist", "./data/mnist" or "the cache"
  bool found() const noexcept { return !directory.empty(); }
};

/// Where MNIST is: `explicit_directory` unless it is empty (it must then be a folder: IoError), else the first of
/// $XGRAD_DATA/mnist, ./data/mnist and mnist_cache() that holds MNIST files (the cache: all of them).
FoundData find_mnist(const std::string& explicit_directory = {}, Site site = Site::here());

/// The user's own folder for downloaded MNIST files, there or not: $XDG_CACHE_HOME/xgrad/mnist or
/// ~/.cache/xgrad/mnist; empty if neither $XDG_CACHE_HOME nor $HOME is an absolute path.
std::string mnist_cache();

}  // namespace xgrad::nn
