#pragma once
// Private to nn/io: archives of named files, through libzip. Nothing is ever written outside of the archive itself.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <zip.h>

#include <xgrad/nn/io/internal/bytes.hpp>

namespace xgrad::nn::detail {

struct ZipCloser {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};

/// An archive that is read. IoError, at once: it is none, its parts claim more bytes than the file has, two have one
/// name, or one is encrypted or packed by anything but deflate.
class ZipReader {
 public:
  ZipReader(const char* op, const std::string& path, Site site);

  /// One file in it. Its checksum is compared when the end is read.
  class Part : public Bytes {
   public:
    Part(ZipReader& archive, std::size_t index, Site site);
    std::size_t read(std::uint8_t* to, std::size_t count) override;
    std::uint64_t most() const noexcept override { return size_; }

   private:
    std::uint64_t size_;
    std::unique_ptr<zip_file_t, ZipCloser> file_;
  };

  const std::vector<std::string>& names() const noexcept { return names_; }
  std::uint64_t file_size() const noexcept { return whole_.size; }

  template <class E, class... Args> [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    whole_.fail<E>(text, static_cast<Args&&>(args)...);
  }

 private:
  struct Whole : Bytes {
    using Bytes::Bytes;
    std::size_t read(std::uint8_t*, std::size_t) override { return 0; }
    std::uint64_t most() const noexcept override { return size; }
    std::uint64_t size = 0;
  };
  void check_parts();

  const char* op_;
  Whole whole_;
  std::unique_ptr<zip_t, ZipCloser> archive_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> sizes_;
};

/// An archive that is written: collected, then written whole or not at all.
class ZipWriter {
 public:
  ZipWriter(const char* op, std::string path, Site site);
  ~ZipWriter();
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  /// `head` and then `count` bytes; the latter have to stay until commit().
  void add(const std::string& name, std::string_view head, const void* bytes = nullptr, std::size_t count = 0,
           bool compressed = false);
  void commit();

 private:
  [[noreturn]] void fail(zip_error_t* error) const;

  const char* op_;
  std::string path_;
  Site site_;
  zip_source_t* target_ = nullptr;
  zip_t* archive_ = nullptr;
  std::vector<std::unique_ptr<std::string>> heads_;
};

}  // namespace xgrad::nn::detail
