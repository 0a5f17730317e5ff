#include "image_file.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <png.h>

#include <xgrad/engine/error.hpp>

namespace xgrad::examples {

namespace {

constexpr std::uint64_t most = std::uint64_t{1} << 26, most_bytes = 4 * most;  // pixels of an image, bytes of a file

template <class... Args>
[[noreturn]] void fail(const std::string& path, fmt::format_string<Args...> text, Args&&... args) {
  throw IoError(path + ": " + fmt::format(text, std::forward<Args>(args)...));
}

std::string content_of(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) fail(path, "there is no such file");
  if (error) fail(path, "{}", error.message());
  if (!is_regular_file(status)) fail(path, "not a regular file");
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) fail(path, "{}", error.message());
  if (size > most_bytes) fail(path, "{} bytes, expected an image of at most {}", size, most_bytes);
  std::string content(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(content.data(), std::ssize(content))) fail(path, "cannot be read");
  return content;
}

/// No more pixels than `room`, which is as many as the bytes can hold.
void check_size(const std::string& path, std::uint64_t rows, std::uint64_t columns, std::uint64_t room) {
  if (rows == 0 || columns == 0) fail(path, "an image of {}x{} pixels has none", columns, rows);
  if (rows > most / columns) fail(path, "{}x{} pixels, expected at most {}", columns, rows, most);
  if (rows * columns > room) fail(path, "damaged: too short for its {}x{} pixels", columns, rows);
}

/// Pixels (grey, opacity) on black or white, whichever their own mean is farther from.
std::vector<std::uint8_t> on_background(const std::vector<std::uint8_t>& pairs) {
  double light = 0, opaque = 0;
  for (std::size_t i = 0; i < pairs.size(); i += 2) light += pairs[i] * pairs[i + 1], opaque += pairs[i + 1];
  const int background = light < 127.5 * opaque ? 255 : 0;
  std::vector<std::uint8_t> pixels(pairs.size() / 2);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const int grey = pairs[2 * i], opacity = pairs[2 * i + 1];
    pixels[i] = static_cast<std::uint8_t>((grey * opacity + background * (255 - opacity) + 127) / 255);
  }
  return pixels;
}

GreyImage read_png(const std::string& path, const std::string& content) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, decltype(&png_image_free)> freed(&image, png_image_free);
  const auto check = [&](int ok) {
    if (!ok || PNG_IMAGE_FAILED(image)) fail(path, "a damaged PNG: {}", image.message);
  };
  check(png_image_begin_read_from_memory(&image, content.data(), content.size()));
  constexpr std::uint64_t pixels_in_a_byte = 8 * 1032;  // zlib packs 1,032 bytes into one at most
  check_size(path, image.height, image.width, pixels_in_a_byte * content.size());
  image.format = PNG_FORMAT_GA;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  std::vector<std::uint8_t> pairs(std::size_t{2} * image.width * image.height);
  check(png_image_finish_read(&image, nullptr, pairs.data(), 0, nullptr));
  return {image.height, image.width, on_background(pairs)};
}

/// Reads the header and the numbers of a PGM.
class PgmReader {
 public:
  PgmReader(const std::string& path, std::string_view content) : path_(path), left_(content.substr(2)) {}

  /// The next number, behind white space and comments.
  std::uint64_t number(const char* what, std::uint64_t largest) {
    skip_space();
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; digits < left_.size() && std::isdigit(static_cast<unsigned char>(left_[digits])); ++digits) {
      value = 10 * value + static_cast<std::uint64_t>(left_[digits] - '0');
      if (value > largest) fail(path_, "a damaged PGM: {} is more than {}", what, largest);
    }
    if (digits == 0) fail(path_, "a damaged PGM: it ends or goes wrong at {}", what);
    left_.remove_prefix(digits);
    return value;
  }
  /// What is left behind the one white space after the header.
  std::string_view bytes() const { return left_.substr(std::min<std::size_t>(left_.size(), 1)); }

 private:
  void skip_space() {
    while (!left_.empty()) {
      if (left_[0] == '#') left_.remove_prefix(std::min(left_.find('\n'), left_.size()));
      else if (std::isspace(static_cast<unsigned char>(left_[0]))) left_.remove_prefix(1);
      else return;
    }
  }

  const std::string& path_;
  std::string_view left_;
};

GreyImage read_pgm(const std::string& path, const std::string& content) {
  const bool text = content[1] == '2';
  PgmReader reader(path, content);
  const std::uint64_t columns = reader.number("the width", most), rows = reader.number("the height", most),
                      white = reader.number("the value of white", 65535);
  if (white == 0) fail(path, "a damaged PGM: white is 0");
  const std::string_view bytes = reader.bytes();
  const std::uint64_t wide = white > 255 ? 2 : 1;
  check_size(path, rows, columns, text ? (bytes.size() + 2) / 2 : bytes.size() / wide);
  GreyImage image{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), {}};
  image.pixels.resize(rows * columns);
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(bytes[i])}; };
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const std::uint64_t value = text        ? reader.number("a pixel", white)
                                : wide == 2 ? 256 * byte(2 * i) + byte(2 * i + 1)
                                            : byte(i);
    if (value > white) fail(path, "a damaged PGM: a pixel is {}, where white is {}", value, white);
    image.pixels[i] = static_cast<std::uint8_t>((value * 255 + white / 2) / white);
  }
  return image;
}

}  // namespace

GreyImage read_image(const std::string& path) {
  const std::string content = content_of(path);
  if (content.starts_with("\x89PNG")) return read_png(path, content);
  if (content.starts_with("P2") || content.starts_with("P5")) return read_pgm(path, content);
  fail(path, "neither a PNG nor a PGM (P2 or P5)");
}

}  // namespace xgrad::examples
