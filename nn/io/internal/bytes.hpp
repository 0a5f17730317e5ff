#pragma once
// Private to nn: bytes that come one after another from a file or a part of one, and errors that name it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn::detail {

/// `text` for an error: control characters and foreign bytes escaped, cut where it gets long.
std::string printable(std::string_view text, std::size_t longest = 40);

class Bytes {
 public:
  Bytes(const char* op, std::string name, Site site) : op_(op), name_(std::move(name)), site_(site) {}
  virtual ~Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  /// Up to `count` bytes, fewer only at the end. IoError: they cannot be read, or are damaged.
  virtual std::size_t read(std::uint8_t* to, std::size_t count) = 0;
  /// More bytes than this cannot come, whatever a header claims: the file's size, times deflate's best ratio.
  virtual std::uint64_t most() const noexcept = 0;
  /// The file, and where it is a part of one, which.
  const std::string& name() const noexcept { return name_; }

  template <class E, class... Args>
  [[noreturn, gnu::cold, gnu::noinline]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    xgrad::detail::fail<E>(op_, site_, "{}: {}", printable(name_, 4096),
                           fmt::format(text, static_cast<Args&&>(args)...));
  }

 protected:
  static constexpr std::uint64_t deflate_ratio = 1032;

 private:
  const char* op_;
  std::string name_;
  Site site_;
};

/// Opens a regular file for reading; `size` becomes its size. IoError: there is none, or it is something else.
int open_regular(const Bytes& source, const std::string& path, std::uint64_t& size);

}  // namespace xgrad::nn::detail
