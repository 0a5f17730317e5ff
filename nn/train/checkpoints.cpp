#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/io/file.hpp>
#include <xgrad/nn/train/checkpoint.hpp>

namespace xgrad::nn {

namespace fs = std::filesystem;
using xgrad::detail::fail;

namespace {

constexpr const char* op = "Checkpoints";

std::string file_name(std::int64_t number) { return fmt::format("checkpoint-{:06}.safetensors", number); }

std::optional<std::int64_t> number_of_file(std::string_view name) {
  constexpr std::string_view start = "checkpoint-";
  std::int64_t number = 0;
  if (!name.starts_with(start)) return std::nullopt;
  std::from_chars(name.data() + start.size(), name.data() + name.size(), number);
  // The one way to write it, and far from where counting on would overflow.
  return number > 0 && number < 1'000'000'000'000'000 && name == file_name(number) ? std::optional(number)
                                                                                   : std::nullopt;
}

bool is_checkpoint(std::string_view name) { return number_of_file(name).has_value(); }

}  // namespace

Checkpoints::Checkpoints(std::string folder, int keep, Site site) : folder_(std::move(folder)), keep_(keep) {
  if (keep < 1) fail<ValueError>(op, site, "keep is {}, expected at least 1", keep);
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) fail<IoError>(op, site, "the folder {} cannot be made: {}", folder_, error.message());
}

Checkpoints::~Checkpoints() {
  if (locked_ >= 0) ::close(locked_);
}

void Checkpoints::lock(Site site) {
  if (locked_ >= 0) return;
  const FileWriter probe(path_after(numbers(site)), site);
  locked_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (locked_ < 0) fail<IoError>(op, site, "the folder {} cannot be locked: {}", folder_, std::strerror(errno));
  // A file system that knows no such locks does not keep a run from its folder.
  if (::flock(locked_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(std::exchange(locked_, -1));
  fail<IoError>(op, site, "the folder {} is in use by another run", folder_);
}

std::string Checkpoints::path_of(std::int64_t number) const { return (fs::path(folder_) / file_name(number)).string(); }

/// Never the name of one that is there, so that the newest is always the last one written.
std::string Checkpoints::path_after(const std::vector<std::int64_t>& newest_first) const {
  return path_of(newest_first.empty() ? 1 : newest_first[0] + 1);
}

/// Of the checkpoints there are, newest first.
std::vector<std::int64_t> Checkpoints::numbers(Site site) const {
  std::vector<std::int64_t> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error))
    if (const auto number = number_of_file(entry->path().filename().string())) numbers.push_back(*number);
  if (error) fail<IoError>(op, site, "the folder {} cannot be read: {}", folder_, error.message());
  std::sort(numbers.rbegin(), numbers.rend());
  return numbers;
}

std::vector<std::string> Checkpoints::files(Site site) const {
  std::vector<std::string> paths;
  for (const std::int64_t number : numbers(site)) paths.push_back(path_of(number));
  return paths;
}

std::string Checkpoints::save(const TrainingState& state, Site site) {
  const std::vector<std::int64_t> old = numbers(site);
  remove_abandoned(folder_, is_checkpoint);
  std::string path = path_after(old);
  save_checkpoint(path, state, site);
  drop_old(old, 1);
  return path;
}

void Checkpoints::drop_old(const std::vector<std::int64_t>& newest_first, int kept) const {
  for (const std::int64_t number : newest_first) {
    if (kept >= keep_) std::remove(path_of(number).c_str());  // what cannot go is no reason to stop a run
    kept += std::count(damaged_.begin(), damaged_.end(), number) == 0;
  }
}

bool Checkpoints::resume(TrainingState& state, std::string* refused, Site site) {
  remove_abandoned(folder_, is_checkpoint);
  std::vector<std::string> problems;
  const auto tell = [&] {
    if (refused) *refused = fmt::format("{}", fmt::join(problems, "\n"));
  };
  damaged_.clear();
  const std::vector<std::int64_t> newest_first = numbers(site);
  for (const std::int64_t number : newest_first) {
    try {
      load_checkpoint(path_of(number), state, site);
      tell();
      if (locked_ >= 0) drop_old(newest_first, 0);  // a run that was killed right after it saved has not
      return true;
    } catch (const IoError& error) {
      problems.push_back(error.what());
      damaged_.push_back(number);
    }
  }
  tell();
  if (!problems.empty())
    fail<IoError>(op, site, "no checkpoint in {} is sound: {}", folder_, fmt::join(problems, "; "));
  return false;
}

}  // namespace xgrad::nn
