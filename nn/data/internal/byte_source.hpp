#pragma once
// Private to nn/data: the bytes of a file, gzip'd or not, and errors that name the file.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>
#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn::detail {

/// `text` for an error: control characters and foreign bytes escaped, cut where it gets long.
std::string printable(std::string_view text, std::size_t longest = 40);

/// The content of a regular file, unpacked if its first two bytes say gzip.
class ByteSource {
 public:
  ByteSource(const char* op, const std::string& path, Site site);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Up to `count` bytes, fewer only at the end of the content. IoError: the file cannot be read,
  /// or its gzip stream is damaged, cut, or followed by something else.
  std::size_t read(std::uint8_t* to, std::size_t count);
  /// More bytes than this cannot come: the file's size, times deflate's best ratio if it is gzip'd.
  std::uint64_t most() const noexcept { return gzip_ ? size_ * 1032 : size_; }
  std::uint64_t file_size() const noexcept { return size_; }
  bool gzip() const noexcept { return gzip_; }
  const std::string& path() const noexcept { return path_; }

  template <class E, class... Args>
  [[noreturn, gnu::cold, gnu::noinline]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    xgrad::detail::fail<E>(op_, site_, "{}: {}", printable(path_, 4096),
                           fmt::format(text, static_cast<Args&&>(args)...));
  }

 private:
  bool refill();
  std::size_t inflate_some(std::uint8_t* to, std::size_t count);

  const char* op_;
  std::string path_;
  Site site_;
  int file_ = -1;
  std::uint64_t size_ = 0;   // of the file
  std::uint64_t taken_ = 0;  // bytes of the file that went into buffer_ so far
  std::vector<std::uint8_t> buffer_;
  const std::uint8_t* next_ = nullptr;  // the unread part of buffer_
  std::size_t left_ = 0;
  bool gzip_ = false;
  bool member_done_ = false;  // a gzip member has ended, its sum was right
  z_stream zlib_ = {};
};

}  // namespace xgrad::nn::detail
