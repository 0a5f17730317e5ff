#include <xgrad/nn/data/mnist.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <xgrad/nn/io/internal/byte_source.hpp>

namespace xgrad::nn {

namespace {

class CsvReader {
 public:
  CsvReader(const std::string& path, Site site) : source_("read_csv", path, site), buffer_(1 << 18) {}

  Images read() {
    Images set;
    std::int64_t blank = 0;
    for (std::string_view line; next(line);) {
      if (line.empty()) {
        if (blank == 0) blank = number_;
        continue;
      }
      if (blank != 0) source_.fail<IoError>("line {} is empty, expected {}", blank, row_form);
      if (number_ == 1 && is_header(line)) continue;
      if (set.pixels.size() >= most_bytes) source_.fail<IoError>("more than {} pixels", most_bytes);
      add(line, set);
    }
    if (set.size() == 0) source_.fail<IoError>("no images, expected lines of {}", row_form);
    return set;
  }

 private:
  static constexpr const char* row_form = "label,pixel,... (785 numbers)";
  static constexpr std::size_t longest_line = 1 << 15;
  static constexpr std::size_t most_bytes = std::size_t{1} << 31;

  // The next line without its line end; false after the last.
  bool next(std::string_view& line) {
    const auto text = [this] { return reinterpret_cast<const char*>(buffer_.data()); };
    const void* stop = filled_ > begin_ ? std::memchr(text() + begin_, '\n', filled_ - begin_) : nullptr;
    if (stop == nullptr && !ended_) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
      filled_ -= begin_;
      begin_ = 0;
      filled_ += source_.read(buffer_.data() + filled_, buffer_.size() - filled_);
      ended_ = filled_ < buffer_.size();
      stop = filled_ > 0 ? std::memchr(text(), '\n', filled_) : nullptr;
    }
    if (begin_ == filled_) return false;
    ++number_;
    const std::size_t end = stop ? static_cast<std::size_t>(static_cast<const char*>(stop) - text()) : filled_;
    line = {text() + begin_, end - begin_};
    begin_ = stop ? end + 1 : end;
    if (line.size() > longest_line)
      source_.fail<IoError>("line {} has more than {} characters, expected {}", number_, longest_line, row_form);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);  // UTF-8's byte order mark
    return true;
  }

  static bool is_header(std::string_view line) {
    const auto word = [](std::string_view field) {
      return !field.empty() && !std::strchr("+-.0123456789", field.front());
    };
    const std::size_t comma = line.find(',');
    return comma != line.npos && word(line.substr(0, comma)) && word(line.substr(comma + 1));
  }

  void add(std::string_view line, Images& set) const {
    const auto pixels = static_cast<std::size_t>(set.image_size());
    const std::size_t first = set.pixels.size();
    set.pixels.resize(first + pixels);
    std::uint8_t* out = set.pixels.data() + first;
    const char* at = line.data();
    const char* const end = at + line.size();
    for (std::size_t column = 0;; ++column) {
      const int limit = column == 0 ? static_cast<int>(set.classes) - 1 : 255;
      int value = 0;
      const auto [stop, error] = std::from_chars(at, end, value);
      if (error != std::errc() || value < 0 || value > limit || (stop != end && *stop != ','))
        bad_field(at, end, column, limit);
      if (column == 0) set.labels.push_back(static_cast<std::uint8_t>(value));
      else out[column - 1] = static_cast<std::uint8_t>(value);
      if ((column == pixels) != (stop == end))
        source_.fail<IoError>("line {} has {} fields, expected {}", number_,
                              1 + std::count(line.begin(), line.end(), ','), row_form);
      if (stop == end) return;
      at = stop + 1;
    }
  }

  [[noreturn]] void bad_field(const char* at, const char* end, std::size_t column, int limit) const {
    const std::string_view field(at, static_cast<std::size_t>(std::find(at, end, ',') - at));
    const std::size_t digits = field.starts_with('-') ? 1 : 0;
    const bool whole = field.size() > digits && field.find_first_not_of("0123456789", digits) == field.npos;
    const auto text = fmt::format("line {}, column {}: {} '{}', expected a whole number from 0 to {}", number_,
                                  column + 1, column == 0 ? "label" : "pixel", detail::printable(field), limit);
    if (whole) source_.fail<ValueError>("{}", text);
    source_.fail<IoError>("{}", text);
  }

  detail::ByteSource source_;
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0, filled_ = 0;  // the unread part of buffer_
  bool ended_ = false;                  // nothing comes after buffer_
  std::int64_t number_ = 0;             // of the line, from 1
};

}  // namespace

Images read_csv(const std::string& path, Site site) { return CsvReader(path, site).read(); }

}  // namespace xgrad::nn
