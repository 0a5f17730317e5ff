#pragma once
#include <stdexcept>
#include <string>

#include <xgrad/engine/site.hpp>

namespace xgrad {

/// Base of every error xgrad throws. what() reads
/// `op: what is wrong, with the shapes or values at hand [at file:line]`.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes, ranks, axes or sizes that do not fit together.
class ShapeError : public Error {
  using Error::Error;
};
/// An element type an operation does not take, or two that differ.
class DTypeError : public Error {
  using Error::Error;
};
/// A value outside its domain: an index, a label, an option, a rate.
class ValueError : public Error {
  using Error::Error;
};
/// A misuse of the graph: a tape that is gone, buffers released, a saved value changed since.
class GraphError : public Error {
  using Error::Error;
};
/// A file that cannot be read or written, or whose content is not what it should be.
class IoError : public Error {
  using Error::Error;
};

}  // namespace xgrad
