#include "sealed.hpp"

#include <cstdint>

#include <zlib.h>

#include <xgrad/nn/data/sha256.hpp>

namespace xgrad::tests {

namespace {

std::uint64_t number(const std::string& content, std::size_t at, int bytes, bool big_endian = false) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    const auto place = at + static_cast<std::size_t>(big_endian ? i : bytes - 1 - i);
    value = value << 8 | static_cast<unsigned char>(content[place]);
  }
  return value;
}

void put_sum(std::string& content, std::size_t at, std::uint64_t sum, bool big_endian = false) {
  for (std::size_t i = 0; i < 4; ++i) content[at + (big_endian ? 3 - i : i)] = static_cast<char>(sum >> (8 * i) & 0xff);
}

std::uint64_t sum_of(const std::string& content, std::size_t at, std::size_t count) {
  return crc32(0, reinterpret_cast<const Bytef*>(content.data() + at), static_cast<uInt>(count));
}

}  // namespace

std::string sealed_checkpoint(std::string content) {
  constexpr std::size_t size = 32;
  if (content.size() < size) return content;
  const std::size_t at = content.size() - size;
  nn::Sha256().update(content.data(), at).digest(content.data() + at);
  return content;
}

std::string sealed_png(std::string content) {
  constexpr std::size_t frame = 12;  // of a chunk: length, type, sum
  for (std::size_t at = 8; at + frame <= content.size();) {
    const std::size_t length = number(content, at, 4, true);
    if (length > content.size() - at - frame) break;
    put_sum(content, at + 8 + length, sum_of(content, at + 4, 4 + length), true);
    at += frame + length;
  }
  return content;
}

std::string sealed_zip(std::string content) {
  constexpr std::size_t local = 30, central = 46, end = 22;
  const std::size_t last = content.rfind("PK\5\6");
  if (last == content.npos || content.size() - last < end) return content;
  std::size_t at = number(content, last + 16, 4);
  for (std::uint64_t parts = number(content, last + 10, 2); parts > 0; --parts) {
    if (at > last || last - at < central) break;
    const std::size_t head = number(content, at + 42, 4), size = number(content, at + 20, 4);
    const bool stored = number(content, at + 10, 2) == 0;
    if (stored && head < last && last - head >= local) {
      const std::size_t data = head + local + number(content, head + 26, 2) + number(content, head + 28, 2);
      if (data <= last && size <= last - data) {
        const std::uint64_t sum = sum_of(content, data, size);
        put_sum(content, head + 14, sum);
        put_sum(content, at + 16, sum);
      }
    }
    at += central + number(content, at + 28, 2) + number(content, at + 30, 2) + number(content, at + 32, 2);
  }
  return content;
}

}  // namespace xgrad::tests
