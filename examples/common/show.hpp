#pragma once
#include <string>

#include <xgrad/engine/tensor.hpp>

namespace xgrad::examples {

/// The elements as numpy prints them, without dtype and shape.
std::string numbers(const Tensor& x);

/// A grey image (rows, columns) of numbers from 0 (black) to 1 (white), two rows of it in a line of text, for a
/// terminal with a dark background.
std::string picture(const Tensor& image);

}  // namespace xgrad::examples
