#include "download.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <vector>

#include <curl/curl.h>
#include <unistd.h>
#include <zlib.h>

#include <xgrad/nn/data/sha256.hpp>

namespace xgrad::examples {

namespace {

using Bytes = std::vector<unsigned char>;

// The name of a file, and the SHA-256 of its content without gzip.
struct Wanted {
  const char* name;
  const char* sha256;
};
constexpr Wanted wanted[] = {
    {"train-labels-idx1-ubyte.gz", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
    {"t10k-labels-idx1-ubyte.gz", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
    {"t10k-images-idx3-ubyte.gz", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
    {"train-images-idx3-ubyte.gz", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
};
constexpr const char* mirrors[] = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                                   "https://storage.googleapis.com/cvdf-datasets/mnist/"};
constexpr std::size_t most_packed = 16 << 20, most_unpacked = 64 << 20;  // the largest file has 10 MB, and 47 MB

std::size_t append(char* data, std::size_t, std::size_t count, void* to) noexcept try {
  Bytes& bytes = *static_cast<Bytes*>(to);
  if (bytes.size() + count > most_packed) return 0;
  bytes.insert(bytes.end(), data, data + count);
  return count;
} catch (...) {
  return 0;
}

Bytes get(CURL* curl, const std::string& url) {
  Bytes bytes;
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 4L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1000L);  // bytes a second ...
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 8L);      // ... for so many seconds is a dead line
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 300L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_WRITE_ERROR)
    throw std::runtime_error(url + ": more than " + std::to_string(most_packed) + " bytes, no MNIST file has as many");
  if (code != CURLE_OK) throw std::runtime_error(url + ": " + (*reason ? reason : curl_easy_strerror(code)));
  return bytes;
}

// Throws unless the bytes are one gzip stream whose content has this SHA-256.
void check(const std::string& url, Bytes& packed, const std::string& expected) {
  nn::Sha256 sum;
  z_stream zlib = {};
  if (inflateInit2(&zlib, 16 + MAX_WBITS) != Z_OK) throw std::runtime_error("zlib cannot start");
  zlib.next_in = packed.data();
  zlib.avail_in = static_cast<uInt>(packed.size());
  Bytes chunk(1 << 16);
  int result = Z_OK;
  while (result == Z_OK && zlib.total_out <= most_unpacked) {
    zlib.next_out = chunk.data();
    zlib.avail_out = static_cast<uInt>(chunk.size());
    result = inflate(&zlib, Z_NO_FLUSH);
    sum.update(chunk.data(), chunk.size() - zlib.avail_out);
  }
  inflateEnd(&zlib);
  if (result != Z_STREAM_END || zlib.avail_in != 0) throw std::runtime_error(url + ": not a whole gzip stream");
  if (const std::string found = sum.hex(); found != expected)
    throw std::runtime_error(url + ": SHA-256 of the content is " + found + ", expected " + expected);
}

void write_all(int file, const Bytes& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::write(file, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::runtime_error(std::strerror(errno));
    done += static_cast<std::size_t>(count);
  }
  if (::fsync(file) != 0) throw std::runtime_error(std::strerror(errno));
}

// Under another name first, so that nobody ever sees half a file.
void save(const std::string& path, const Bytes& bytes) {
  std::string temporary = path + ".XXXXXX";
  const int file = ::mkstemp(temporary.data());
  if (file < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
  try {
    write_all(file, bytes);
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw std::runtime_error(std::strerror(errno));
    ::close(file);
  } catch (const std::exception& error) {
    ::close(file);
    ::unlink(temporary.c_str());
    throw std::runtime_error(path + ": " + error.what());
  }
}

// Whether files can be put there; asked before 11 MB are fetched for nothing.
bool writable(std::filesystem::path directory) {
  directory = std::filesystem::absolute(directory);
  while (!std::filesystem::exists(directory) && directory.has_relative_path()) directory = directory.parent_path();
  return std::filesystem::is_directory(directory) && ::access(directory.c_str(), W_OK) == 0;
}

std::string download_from(CURL* curl, std::string base, const std::string& directory) {
  if (!base.ends_with('/')) base += '/';
  std::vector<Bytes> files;
  std::size_t total = 0;
  for (const Wanted& file : wanted) {
    const std::string url = base + file.name;
    files.push_back(get(curl, url));
    total += files.back().size();
    check(url, files.back(), file.sha256);
  }
  std::filesystem::create_directories(directory);
  for (std::size_t i = 0; i < files.size(); ++i) save(directory + '/' + wanted[i].name, files[i]);
  return "4 files, " + std::to_string(total) + " bytes, from " + base;
}

std::vector<std::string> sources() {
  const char* url = std::getenv("XGRAD_MNIST_URL");
  if (!url) return {std::begin(mirrors), std::end(mirrors)};
  if (!*url) return {};
  return {url};
}

}  // namespace

Download download_mnist(const std::string& directory) noexcept try {
  if (directory.empty()) return {false, "no folder to put the files in"};
  if (!writable(directory)) return {false, directory + ": not a folder that can be written to"};
  const std::vector<std::string> bases = sources();
  if (bases.empty()) return {false, "downloads are turned off: $XGRAD_MNIST_URL is empty"};
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(ready ? curl_easy_init() : nullptr, curl_easy_cleanup);
  if (!curl) return {false, "libcurl cannot start"};
  std::string reasons;
  for (const std::string& base : bases) {
    try {
      return {true, download_from(curl.get(), base, directory)};
    } catch (const std::exception& error) {
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  return {false, reasons};
} catch (const std::exception& error) {
  return {false, error.what()};
}

}  // namespace xgrad::examples
