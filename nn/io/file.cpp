#include <xgrad/nn/io/file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {

namespace fs = std::filesystem;

namespace {

// The name behind links: rename() would put the file where the link is, and the link away.
std::string resolve(const std::string& path) {
  std::error_code none;
  const fs::path real = fs::canonical(path, none);
  return none ? path : real.string();
}

/// False: the disk has failed, errno says how. That a folder or its file system cannot be asked is none.
bool sync_folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return true;
  const int problem = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  errno = problem;
  return problem == 0 || problem == EINVAL || problem == ENOTSUP;
}

/// "a" of "a.<process>-<attempt>.tmp", which is what FileWriter calls it; else nothing.
std::string_view target_of(std::string_view name) {
  const auto drop_digits = [&] {
    const std::size_t kept = name.find_last_not_of("0123456789") + 1;
    const bool any = kept < name.size();
    name = name.substr(0, kept);
    return any;
  };
  const auto drop = [&](std::string_view end) {
    const bool there = name.ends_with(end);
    if (there) name.remove_suffix(end.size());
    return there;
  };
  return drop(".tmp") && drop_digits() && drop("-") && drop_digits() && drop(".") ? name : std::string_view();
}

}  // namespace

FileWriter::FileWriter(std::string path, Site site) : path_(std::move(path)) {
  struct stat status;
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (path_.empty() || (exists && S_ISDIR(status.st_mode))) {
    errno = path_.empty() ? ENOENT : EISDIR;
    fail("cannot be written", site);
  }
  if (exists && ::access(path_.c_str(), W_OK) != 0) fail("cannot be written", site);
  if (exists && !S_ISREG(status.st_mode)) return;  // opened by the first write: a pipe's reader would see the end
  const std::string target = resolve(path_);
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    temporary_ = fmt::format("{}.{}-{}.tmp", target, ::getpid(), attempt);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) {
      temporary_.clear();
      fail("cannot be written", site);
    }
  }
  ::flock(descriptor_, LOCK_EX | LOCK_NB);  // goes when the process does: so others know that it is at work
  if (exists) (void)!::fchmod(descriptor_, status.st_mode & 07777);
}

FileWriter::~FileWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void FileWriter::fail(const char* what, Site site) const {
  xgrad::detail::fail<IoError>("FileWriter", site, "{} {}: {}", path_, what, std::strerror(errno));
}

void FileWriter::write(const void* bytes, std::size_t count, Site site) {
  if (committed_) xgrad::detail::fail<ValueError>("FileWriter", site, "{} has been committed", path_);
  if (descriptor_ < 0) descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail("cannot be written", site);
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot be written", site);
    next += written;
    count -= static_cast<std::size_t>(written);
  }
}

void FileWriter::commit(Site site) {
  const bool regular = !temporary_.empty();
  committed_ = true;
  if (regular && ::fsync(descriptor_) != 0) fail("cannot be brought to the disk", site);
  if (descriptor_ >= 0 && ::close(std::exchange(descriptor_, -1)) != 0) fail("cannot be written", site);
  if (!regular) return;
  const std::string target = resolve(path_);
  if (::rename(temporary_.c_str(), target.c_str()) != 0) fail("cannot be replaced", site);
  temporary_.clear();
  if (!sync_folder_of(target)) fail("cannot be brought to the disk", site);
}

void remove_abandoned(const std::string& folder, bool (*is_target)(std::string_view name)) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string(), name = entry->path().filename().string();
    const std::string_view target = target_of(name);
    if (target.empty() || !is_target(target) || entry->symlink_status(error).type() != fs::file_type::regular) continue;
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) continue;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
    ::close(descriptor);
  }
}

}  // namespace xgrad::nn
