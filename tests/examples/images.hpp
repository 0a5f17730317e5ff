#pragma once
// Grey images in files, as test programs want them.
#include <cstdint>
#include <string>
#include <vector>

#include "../nn/data_files.hpp"

namespace xgrad::tests {

/// Light, 0 to 255, of rows x columns pixels.
struct Picture {
  int rows, columns;
  std::vector<int> pixels;

  int at(int row, int column) const { return pixels[static_cast<std::size_t>(row * columns + column)]; }
  Picture inverted() const {
    Picture other = *this;
    for (int& pixel : other.pixels) pixel = 255 - pixel;
    return other;
  }
  /// Each pixel `times` as large in both directions, with a margin around all.
  Picture enlarged(int times, int margin = 0) const {
    Picture other{rows * times + 2 * margin, columns * times + 2 * margin, {}};
    for (int row = -margin; row < rows * times + margin; ++row)
      for (int column = -margin; column < columns * times + margin; ++column) {
        const bool inside = row >= 0 && column >= 0 && row < rows * times && column < columns * times;
        other.pixels.push_back(inside ? at(row / times, column / times) : 0);
      }
    return other;
  }
};

inline std::string pgm_head(const char* kind, const Picture& p, int white) {
  return std::string(kind) + "\n# a comment\n" + std::to_string(p.columns) + " " + std::to_string(p.rows) + "\n" +
         std::to_string(white) + "\n";
}
inline std::string pgm(const Picture& p) {
  std::string text = pgm_head("P5", p, 255);
  for (const int pixel : p.pixels) text += static_cast<char>(pixel);
  return text;
}
inline std::string wide_pgm(const Picture& p) {
  std::string text = pgm_head("P5", p, 65535);
  for (const int pixel : p.pixels) text += std::string(2, static_cast<char>(pixel));
  return text;
}
inline std::string text_pgm(const Picture& p) {
  std::string text = pgm_head("P2", p, 255);
  for (const int pixel : p.pixels) text += std::to_string(pixel) + (pixel % 3 == 0 ? "\n" : " ");
  return text;
}

inline std::string png_chunk(const std::string& type, const std::string& content) {
  const std::string both = type + content;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(both.data()), static_cast<uInt>(both.size()));
  return big_endian(static_cast<std::uint32_t>(content.size())) + both + big_endian(static_cast<std::uint32_t>(sum));
}
/// A PNG of these rows (each behind a 0, "no filter") in PNG's colour type: 0 grey, 2 RGB, 4 grey and opacity.
inline std::string png_of(std::uint32_t columns, std::uint32_t rows, int depth, int colour,
                          const std::string& content) {
  uLongf size = compressBound(content.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(content.data()),
           content.size());
  packed.resize(size);
  const std::string head = big_endian(columns) + big_endian(rows) + static_cast<char>(depth) +
                           static_cast<char>(colour) + std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", head) + png_chunk("IDAT", packed) + png_chunk("IEND", "");
}
/// `bytes` says how a pixel is written.
template <class Bytes> std::string png(const Picture& p, int depth, int colour, const Bytes& bytes) {
  std::string content;
  for (int row = 0; row < p.rows; ++row) {
    content += '\0';
    for (int column = 0; column < p.columns; ++column) content += bytes(static_cast<char>(p.at(row, column)));
  }
  return png_of(static_cast<std::uint32_t>(p.columns), static_cast<std::uint32_t>(p.rows), depth, colour, content);
}
inline std::string png(const Picture& p) {
  return png(p, 8, 0, [](char light) { return std::string(1, light); });
}

}  // namespace xgrad::tests
