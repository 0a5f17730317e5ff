#pragma once
#include <array>
#include <cstdint>

#include "../common/image_file.hpp"

namespace mnist {

/// 28x28 pixels, 0 background to 255 ink.
using Digit = std::array<std::uint8_t, 28 * 28>;

/// A digit in an image of any size as MNIST would have it: light on dark, its box scaled to 20 pixels along the longer
/// side, its centre of mass in the middle. Dark on light is told by the image's border. ValueError: it is blank.
Digit as_mnist(const xgrad::examples::GreyImage& image);

}  // namespace mnist
