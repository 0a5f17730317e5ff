#pragma once
// Private to nn: the bytes of a file, gzip'd or not.
#include <vector>

#include <zlib.h>

#include <xgrad/nn/io/internal/bytes.hpp>

namespace xgrad::nn::detail {

/// The content of a regular file, unpacked if its first two bytes say gzip.
class ByteSource : public Bytes {
 public:
  ByteSource(const char* op, const std::string& path, Site site);
  ~ByteSource() override;

  /// IoError also where the gzip stream is damaged, cut, or followed by something else.
  std::size_t read(std::uint8_t* to, std::size_t count) override;
  std::uint64_t most() const noexcept override { return gzip_ ? size_ * deflate_ratio : size_; }
  std::uint64_t file_size() const noexcept { return size_; }
  bool gzip() const noexcept { return gzip_; }

 private:
  bool refill();
  std::size_t inflate_some(std::uint8_t* to, std::size_t count);

  std::uint64_t size_ = 0;  // of the file
  int file_ = -1;
  std::uint64_t taken_ = 0;  // bytes of the file that went into buffer_ so far
  std::vector<std::uint8_t> buffer_;
  const std::uint8_t* next_ = nullptr;  // the unread part of buffer_
  std::size_t left_ = 0;
  bool gzip_ = false;
  bool member_done_ = false;  // a gzip member has ended, its sum was right
  z_stream zlib_ = {};
};

}  // namespace xgrad::nn::detail
