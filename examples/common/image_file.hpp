#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace xgrad::examples {

/// A grey image: rows * columns bytes, row after row, 0 black to 255 white.
struct GreyImage {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::uint8_t> pixels;
};

/// A PNG of any kind, or a PGM (P2, P5), told by its content. Colours become grey; what is transparent is seen on
/// black or white, whichever the image is less like. IoError: no such file, damage, or more than 2^26 pixels or bytes.
/// Memory grows with the file's size, never with what its header claims alone.
GreyImage read_image(const std::string& path);

}  // namespace xgrad::examples
