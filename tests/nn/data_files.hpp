#pragma once
// Small data files made on the spot, and what is wrong with them as text.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <stdlib.h>
#include <zlib.h>

#include <xgrad/engine/error.hpp>

namespace xgrad::tests {

/// A folder that goes when the test is over.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "xgrad-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + '/' + name; }
  /// Writes a file and gives its path.
  std::string write(const std::string& name, const std::string& content) const {
    const std::string path = *this / name;
    std::remove(path.c_str());  // ext4 brings what is overwritten to the disk: thousands of times here
    std::ofstream(path, std::ios::binary | std::ios::trunc).write(content.data(), std::ssize(content));
    return path;
  }

 private:
  std::string path_;
};

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

inline std::string gzip(const std::string& content) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()) + 32, '\0');
  std::string input = content;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

/// A zip archive of these files (name, content), not compressed.
inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string all, directory;
  for (const auto& [name, content] : files) {
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    const std::string common = little_endian(20, 2) + std::string(4, '\0') + little_endian(0x00210000, 4) +
                               little_endian(sum, 4) + little_endian(content.size(), 4) +
                               little_endian(content.size(), 4) + little_endian(name.size(), 2) + std::string(2, '\0');
    directory += "PK\1\2" + little_endian(20, 2) + common + std::string(10, '\0') + little_endian(all.size(), 4) + name;
    all += "PK\3\4" + common + name + content;
  }
  return all + directory + "PK\5\6" + std::string(4, '\0') + little_endian(files.size(), 2) +
         little_endian(files.size(), 2) + little_endian(directory.size(), 4) + little_endian(all.size(), 4) +
         std::string(2, '\0');
}

/// What the error of type E says that `call` must throw; "no error" or another type's text shows up in the check.
template <class E, class Call> std::string error_of(const Call& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A file beside the tests, written by the library whose format it has: files/make.py.
inline std::string made_by_python(const std::string& name) { return XGRAD_SOURCES "/tests/nn/files/" + name; }

/// Loads every damaged form of a good file: cut after each byte, and with each byte changed in three ways. Each has to
/// load, or be an IoError of one line that names the file. Returns the first that does neither, else nothing;
/// `harmless` sees what was loaded all the same, and says whether that may be.
template <class Load, class Harmless>
std::optional<std::string> damaged(const TempFolder& folder, const std::string& good, const Load& load,
                                   const Harmless& harmless) {
  std::optional<std::string> found;
  const auto check = [&](const std::string& content, const std::string& what) {
    const std::string path = folder.write("damaged", content);
    try {
      if (!harmless(load(path)) && !found) found = what + " was loaded";
    } catch (const IoError& error) {
      const std::string text = error.what();
      if (!found && (text.find(path) == text.npos || text.find('\n') != text.npos)) found = what + ": " + text;
    } catch (const std::exception& error) {
      if (!found) found = what + ", another error: " + error.what();
    }
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    check(good.substr(0, i), "cut to " + std::to_string(i) + " bytes");
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ change);
      check(changed, "byte " + std::to_string(i) + " changed by " + std::to_string(change));
    }
  }
  return found;
}

}  // namespace xgrad::tests
