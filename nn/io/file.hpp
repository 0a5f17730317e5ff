#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <xgrad/engine/site.hpp>

namespace xgrad::nn {

/// A file that appears under its name whole or not at all: it is written beside its name, and takes it in commit().
/// Without commit() nothing is left behind, and what was there before stays. A pipe or device is written directly.
/// All errors are IoErrors with the path and the system's reason.
class FileWriter {
 public:
  explicit FileWriter(std::string path, Site site = Site::here());
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(const void* bytes, std::size_t count, Site site = Site::here());
  void write(std::string_view text, Site site = Site::here()) { write(text.data(), text.size(), site); }
  /// Brings the content to the disk and gives it its name.
  void commit(Site site = Site::here());

 private:
  [[noreturn]] void fail(const char* what, Site site) const;

  std::string path_;
  std::string temporary_;  // empty: written directly
  int descriptor_ = -1;
  bool committed_ = false;
};

/// Removes from a folder what FileWriters of killed programs have left there, of files whose name is_target() knows.
/// What a writer is still at work on stays, as does everything else.
void remove_abandoned(const std::string& folder, bool (*is_target)(std::string_view name));

}  // namespace xgrad::nn
