#pragma once
// Private to nn/io: protobuf's wire format, as far as a file to be written needs it.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace xgrad::nn::detail {

/// The bytes of a message, to which fields are added by their numbers.
class Message {
 public:
  void integer(unsigned field, std::int64_t value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
  }
  void single(unsigned field, float value) {
    key(field, 5);
    for (int shift = 0; shift < 32; shift += 8)
      bytes_ += static_cast<char>(std::bit_cast<std::uint32_t>(value) >> shift & 0xff);
  }
  void text(unsigned field, std::string_view bytes) {
    key(field, 2);
    varint(bytes.size());
    bytes_ += bytes;
  }
  void message(unsigned field, const Message& inner) { text(field, inner.bytes_); }

  const std::string& bytes() const noexcept { return bytes_; }

 private:
  void key(unsigned field, unsigned wire_type) { varint(field << 3 | wire_type); }
  void varint(std::uint64_t value) {
    for (; value > 127; value >>= 7) bytes_ += static_cast<char>(value | 128);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace xgrad::nn::detail
