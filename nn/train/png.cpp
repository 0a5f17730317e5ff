#include <zlib.h>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/train/internal/png.hpp>

namespace xgrad::nn::detail {
namespace {

void put(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

void put_chunk(std::string& out, const char* type, const std::string& content) {
  const std::string checked = type + content;
  put(out, static_cast<std::uint32_t>(content.size()));
  out += checked;
  put(out, static_cast<std::uint32_t>(
               ::crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()))));
}

std::string deflated(const std::string& bytes) {
  uLongf size = ::compressBound(bytes.size());
  std::string out(size, '\0');
  if (::compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                  bytes.size(), Z_BEST_COMPRESSION) != Z_OK)
    throw std::bad_alloc();
  out.resize(size);
  return out;
}

std::string base64(const std::string& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
    for (int k = 0; k < 4; ++k)
      out.push_back(i + static_cast<std::size_t>(k) > bytes.size() ? '=' : digits[three >> (18 - 6 * k) & 63]);
  }
  return out;
}

}  // namespace

std::string to_png(const Picture& picture) {
  std::string header, rows;
  put(header, static_cast<std::uint32_t>(picture.columns));
  put(header, static_cast<std::uint32_t>(picture.rows));
  header += {8, static_cast<char>(picture.channels == 3 ? 2 : 0), 0, 0, 0};  // 8 bits, colour or grey, not interlaced
  const auto width = static_cast<std::size_t>(picture.columns * picture.channels);
  for (std::size_t row = 0; row < static_cast<std::size_t>(picture.rows); ++row) {
    rows.push_back(0);  // no filter
    rows.append(reinterpret_cast<const char*>(picture.bytes.data()) + row * width, width);
  }
  std::string out = "\x89PNG\r\n\x1a\n";
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", deflated(rows));
  put_chunk(out, "IEND", "");
  return out;
}

std::string to_data_uri(const Picture& picture) { return "data:image/png;base64," + base64(to_png(picture)); }

}  // namespace xgrad::nn::detail
