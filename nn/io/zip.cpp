#include <xgrad/nn/io/internal/zip.hpp>

#include <unistd.h>

#include <algorithm>
#include <set>

#include <xgrad/nn/io/file.hpp>

namespace xgrad::nn::detail {

namespace {

std::string reason(int code) {
  if (code == ZIP_ER_EXISTS) return "two parts have one name";
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

ZipReader::ZipReader(const char* op, const std::string& path, Site site) : op_(op), whole_(op, path, site) {
  const int file = open_regular(whole_, path, whole_.size);
  int code = 0;
  archive_.reset(zip_fdopen(file, ZIP_CHECKCONS, &code));
  if (!archive_) {
    ::close(file);
    fail<IoError>("no whole zip archive in its {} bytes: {}", whole_.size, reason(code));
  }
  check_parts();
}

void ZipReader::check_parts() {
  std::uint64_t packed = 0;
  std::set<std::string_view> seen;
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t part;
    constexpr zip_uint64_t wanted =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(archive_.get(), i, 0, &part) != 0 || (part.valid & wanted) != wanted)
      fail<IoError>("part {} of the archive: {}", i, zip_error_strerror(zip_get_error(archive_.get())));
    const auto wrong = [&](std::string_view what) {
      fail<IoError>("'{}' in the archive {}", printable(part.name, 200), what);
    };
    if (part.encryption_method != ZIP_EM_NONE) wrong("is encrypted");
    if (part.comp_method != ZIP_CM_STORE && part.comp_method != ZIP_CM_DEFLATE)
      wrong(fmt::format("is packed by method {}, expected 0 (stored) or 8 (deflate)", part.comp_method));
    // Parts may lie on top of each other: together they would unpack to far more than the file holds.
    if (__builtin_add_overflow(packed, part.comp_size, &packed) || packed > whole_.size)
      wrong(fmt::format("and those before it claim {} bytes, but the file has {}", packed, whole_.size));
    if (part.comp_method == ZIP_CM_STORE ? part.size != part.comp_size
                                         : part.size / 1032 > part.comp_size)  // deflate packs no better
      wrong(fmt::format("claims to unpack {} bytes to {}", part.comp_size, part.size));
    names_.emplace_back(part.name);
    sizes_.push_back(part.size);
  }
  for (const std::string& name : names_)
    if (!seen.insert(name).second) fail<IoError>("'{}' is twice in the archive", printable(name, 200));
}

ZipReader::Part::Part(ZipReader& archive, std::size_t index, Site site)
    : Bytes(archive.op_, archive.whole_.name() + ": " + archive.names_[index], site),
      size_(archive.sizes_[index]),
      file_(zip_fopen_index(archive.archive_.get(), index, 0)) {
  if (!file_) fail<IoError>("cannot be opened: {}", zip_error_strerror(zip_get_error(archive.archive_.get())));
}

std::size_t ZipReader::Part::read(std::uint8_t* to, std::size_t count) {
  std::size_t got = 0;
  while (got < count) {
    const zip_int64_t some = zip_fread(file_.get(), to + got, count - got);
    if (some < 0) fail<IoError>("damaged: {}", zip_error_strerror(zip_file_get_error(file_.get())));
    if (some == 0) break;
    got += static_cast<std::size_t>(some);
  }
  return got;
}

ZipWriter::ZipWriter(const char* op, std::string path, Site site) : op_(op), path_(std::move(path)), site_(site) {
  zip_error_t error;
  zip_error_init(&error);
  target_ = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (!target_) fail(&error);
  zip_source_keep(target_);  // the archive takes one, and it is read when the archive is gone
  archive_ = zip_open_from_source(target_, ZIP_TRUNCATE, &error);
  if (archive_) return;
  zip_source_free(target_);
  zip_source_free(target_);
  fail(&error);
}

ZipWriter::~ZipWriter() {
  if (archive_) zip_discard(archive_);
  zip_source_free(target_);
}

void ZipWriter::fail(zip_error_t* error) const {
  xgrad::detail::fail<IoError>(op_, site_, "{} cannot be written: {}", path_, zip_error_strerror(error));
}

void ZipWriter::add(const std::string& name, std::string_view head, const void* bytes, std::size_t count,
                    bool compressed) {
  heads_.push_back(std::make_unique<std::string>(head));
  std::string& own = *heads_.back();
  zip_buffer_fragment_t fragments[2];
  zip_uint64_t used = 0;  // libzip takes no empty ones
  if (!own.empty()) fragments[used++] = {reinterpret_cast<zip_uint8_t*>(own.data()), own.size()};
  if (count > 0) fragments[used++] = {static_cast<zip_uint8_t*>(const_cast<void*>(bytes)), count};
  zip_source_t* const source =
      used > 0 ? zip_source_buffer_fragment(archive_, fragments, used, 0) : zip_source_buffer(archive_, nullptr, 0, 0);
  if (!source) fail(zip_get_error(archive_));
  const zip_int64_t index = zip_file_add(archive_, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    if (zip_error_code_zip(zip_get_error(archive_)) == ZIP_ER_INVAL)
      xgrad::detail::fail<ValueError>(op_, site_, "'{}' is not UTF-8", printable(name, 200));
    fail(zip_get_error(archive_));
  }
  const auto place = static_cast<zip_uint64_t>(index);
  constexpr zip_uint16_t first_of_1980 = 1 << 5 | 1;  // a file of the same content has the same bytes
  if (zip_set_file_compression(archive_, place, compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive_, place, 0, first_of_1980, 0) != 0)
    fail(zip_get_error(archive_));
}

void ZipWriter::commit() {
  FileWriter file(path_, site_);
  if (heads_.empty()) {  // libzip writes no archive then
    file.write(std::string("PK\5\6") + std::string(18, '\0'), site_);
    return file.commit(site_);
  }
  if (zip_close(archive_) != 0) fail(zip_get_error(archive_));
  archive_ = nullptr;
  if (zip_source_open(target_) != 0) fail(zip_source_error(target_));
  std::vector<std::uint8_t> chunk(1 << 20);
  zip_int64_t some = 0;
  while ((some = zip_source_read(target_, chunk.data(), chunk.size())) > 0)
    file.write(chunk.data(), static_cast<std::size_t>(some), site_);
  if (some < 0) fail(zip_source_error(target_));
  zip_source_close(target_);
  file.commit(site_);
}

}  // namespace xgrad::nn::detail
