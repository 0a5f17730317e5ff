// replay FOLDER: each reader of files on each file in FOLDER/<reader>.
// replay --checkpoint FILE: writes the one from which corpus/checkpoint comes.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "../../heap_calls.hpp"
#include "../../nn/data_files.hpp"
#include "readers.hpp"

namespace {

namespace fs = std::filesystem;
using namespace xgrad::tests;

/// Nothing, or what went wrong.
std::string problem_of(Reader reader, const std::string& content) try {
#ifdef XGRAD_COUNTS_HEAP_CALLS
  // Buffers of a fixed size, and what a file can hold: deflate makes 1,032 bytes of one, PNG 8 pixels of one.
  const std::size_t bound = (std::size_t{1} << 20) + (std::size_t{1} << 15) * content.size();
  largest_request = 0;
  reader(content);
  if (largest_request > bound)
    return std::to_string(content.size()) + " bytes asked for " + std::to_string(largest_request) + " bytes at once";
#else
  reader(content);
#endif
  return {};
} catch (const std::exception& error) {
  return error.what();
}

int replay(const fs::path& folder) {
  int files = 0, failures = 0;
  for (const auto& kind : fs::directory_iterator(folder)) {
    const Reader reader = reader_of(kind.path().filename().string());
    if (!reader) std::printf("%s: no reader of that name\n", kind.path().c_str());
    failures += !reader;
    for (const auto& file : fs::directory_iterator(kind)) {
      if (!reader) break;
      const std::string problem = problem_of(reader, content_of(file.path().string()));
      if (!problem.empty()) std::printf("%s: %s\n", file.path().c_str(), problem.c_str());
      failures += !problem.empty();
      ++files;
    }
  }
  std::printf("%d files, %d failures\n", files, failures);
  return failures > 0 || files == 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3 && std::string(arguments[1]) == "--checkpoint") return write_checkpoint(arguments[2]), 0;
  if (count == 2) return replay(arguments[1]);
  std::fprintf(stderr, "usage: %s FOLDER | --checkpoint FILE\n", arguments[0]);
  return 2;
}
