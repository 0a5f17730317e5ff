#include <xgrad/nn/io/internal/byte_source.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xgrad::nn::detail {

std::string printable(std::string_view text, std::size_t longest) {
  std::string out;
  for (char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) out += fmt::format("\\x{:02x}", byte);
    else out += c;
  }
  return text.size() > longest ? out + "..." : out;
}

int open_regular(const Bytes& source, const std::string& path, std::uint64_t& size) {
  // Looked at before it is opened: opening a pipe would wait for a writer.
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) source.fail<IoError>("{}", std::strerror(errno));
  if (S_ISDIR(info.st_mode)) source.fail<IoError>("a directory, expected a file");
  if (!S_ISREG(info.st_mode)) source.fail<IoError>("not a regular file");
  size = static_cast<std::uint64_t>(info.st_size);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) source.fail<IoError>("cannot be opened: {}", std::strerror(errno));
  return file;
}

ByteSource::ByteSource(const char* op, const std::string& path, Site site)
    : Bytes(op, path, site), file_(open_regular(*this, path, size_)), buffer_(1 << 16) {
  try {
    refill();
    gzip_ = left_ >= 2 && next_[0] == 0x1f && next_[1] == 0x8b;
    if (gzip_ && inflateInit2(&zlib_, 16 + MAX_WBITS) != Z_OK) fail<IoError>("zlib cannot start");
  } catch (...) {
    ::close(file_);
    throw;
  }
}

ByteSource::~ByteSource() {
  if (gzip_) inflateEnd(&zlib_);
  ::close(file_);
}

// Makes left_ > 0, or returns false at the end of the file.
bool ByteSource::refill() {
  ssize_t count = 0;
  do count = ::read(file_, buffer_.data(), buffer_.size());
  while (count < 0 && errno == EINTR);
  if (count < 0) fail<IoError>("cannot be read at byte {}: {}", taken_, std::strerror(errno));
  next_ = buffer_.data();
  left_ = static_cast<std::size_t>(count);
  taken_ += left_;
  return left_ > 0;
}

std::size_t ByteSource::read(std::uint8_t* to, std::size_t count) {
  std::size_t got = 0;
  while (got < count && (left_ > 0 || refill())) {
    if (gzip_) {
      got += inflate_some(to + got, count - got);
      continue;
    }
    const std::size_t some = std::min(count - got, left_);
    std::memcpy(to + got, next_, some);
    next_ += some;
    left_ -= some;
    got += some;
  }
  if (gzip_ && got < count && !member_done_)
    fail<IoError>("the gzip stream is cut: the file ends at byte {} in the middle of it", size_);
  return got;
}

std::size_t ByteSource::inflate_some(std::uint8_t* to, std::size_t count) {
  if (member_done_) {  // gzip allows several members in a row
    if (*next_ != 0x1f)
      fail<IoError>("byte {}: {} bytes after the end of the gzip stream", taken_ - left_, size_ - (taken_ - left_));
    inflateReset(&zlib_);
    member_done_ = false;
  }
  zlib_.next_in = const_cast<Bytef*>(next_);
  zlib_.avail_in = static_cast<uInt>(left_);
  zlib_.next_out = to;
  zlib_.avail_out = static_cast<uInt>(std::min<std::size_t>(count, 1 << 30));
  const uInt room = zlib_.avail_out;
  const int result = inflate(&zlib_, Z_NO_FLUSH);
  next_ = zlib_.next_in;
  left_ = zlib_.avail_in;
  if (result == Z_STREAM_END) member_done_ = true;
  else if (result != Z_OK && result != Z_BUF_ERROR)
    fail<IoError>("the gzip stream is damaged at byte {}: {}", taken_ - left_, zlib_.msg ? zlib_.msg : "zlib error");
  return room - zlib_.avail_out;
}

}  // namespace xgrad::nn::detail
