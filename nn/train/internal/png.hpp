#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace xgrad::nn::detail {

/// A picture of bytes, row by row: 1 channel is grey, 3 are red, green and blue.
struct Picture {
  std::int64_t rows = 0, columns = 0;
  int channels = 1;
  std::vector<std::uint8_t> bytes;
};
/// The picture as a PNG file (ISO/IEC 15948).
std::string to_png(const Picture& picture);
/// "data:image/png;base64,..."
std::string to_data_uri(const Picture& picture);

}  // namespace xgrad::nn::detail
