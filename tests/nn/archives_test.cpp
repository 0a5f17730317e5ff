#include <catch.hpp>

#include <xgrad/nn.hpp>
#include <xgrad/nn/io/internal/zip.hpp>
#include <xgrad/xgrad.hpp>

#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

/// A .npy file of one float32, 1; or with another shape, as Python would write it.
std::string npy(const std::string& shape = "(1,)") {
  const std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}\n";
  return "\x93NUMPY\1" + std::string(1, '\0') + little_endian(text.size(), 2) + text + std::string("\0\0\x80\x3f", 4);
}

/// What an archive says of its only part, in both places: the part's own head, and the directory.
struct Claim {
  std::size_t own, listed;
  int bytes;
};
constexpr Claim flags{6, 8, 2}, method{8, 10, 2}, checksum{14, 16, 4}, packed{18, 20, 4}, unpacked{22, 24, 4};

std::string claiming(std::string archive, Claim what, std::uint64_t value) {
  const std::string bytes = little_endian(value, what.bytes);
  archive.replace(what.own, bytes.size(), bytes);
  return archive.replace(archive.find("PK\1\2") + what.listed, bytes.size(), bytes);
}

}  // namespace

TEST_CASE("archives: names are names, and no file comes of them") {
  const TempFolder folder;
  const std::string path =
      folder.write("names.npz", zip_of({{"../up.npy", npy()}, {"/root.npy", npy()}, {"..\\C:.npy", npy()}}));
  const auto loaded = nn::load_npz(path);
  const Tensor one = tensor({1});
  CHECK(same(loaded, {{"../up", one}, {"/root", one}, {"..\\C:", one}}));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  CHECK(!std::filesystem::exists(folder / "../up.npy"));
}

TEST_CASE("archives: what is hostile is refused before it is unpacked") {
  const TempFolder folder;
  const std::string good = zip_of({{"a.npy", npy()}});
  const std::size_t end = good.find("PK\5\6"), directory = good.find("PK\1\2");
  const auto with_end = [&](std::size_t at, const std::string& bytes) {
    return std::string(good).replace(end + at, bytes.size(), bytes);
  };
  // Its directory once more, in the form without bounds.
  const auto with_zip64 = [&](std::uint64_t parts, std::uint64_t size) {
    return good.substr(0, end) + "PK\6\6" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
           std::string(8, '\0') + little_endian(parts, 8) + little_endian(parts, 8) + little_endian(size, 8) +
           little_endian(directory, 8) + "PK\6\7" + std::string(4, '\0') + little_endian(end, 8) + little_endian(1, 4) +
           "PK\5\6" + std::string(4, '\0') + std::string(12, '\xff') + std::string(2, '\0');
  };
  CHECK(nn::load_npz(folder.write("good.npz", good)).size() == 1);
  CHECK(nn::load_npz(folder.write("good.npz", with_zip64(1, end - directory))).size() == 1);

  struct Bad {
    std::string content, reason;
  };
  const std::string whole = "no whole zip archive";
  const std::uint64_t huge = 0xfffffffe;
  const Bad table[] = {
      {zip_of({{"a.npy", npy()}, {"a.npy", npy()}}), "two parts have one name"},
      {zip_of({{"a.npy", npy()}, {"b.txt", "b"}}), "'b.txt' in the archive is no array"},
      {claiming(good, flags, 1), "is encrypted"},
      {claiming(good, method, 12), "packed by method 12"},
      {claiming(good, checksum, 0), "CRC"},
      {claiming(claiming(good, method, 8), unpacked, huge), "claims to unpack"},
      {claiming(claiming(good, packed, huge), unpacked, huge), whole},
      {claiming(good, unpacked, huge), "claims to unpack"},
      {with_end(8, "\xff\xff\xff\xff"), whole},
      {with_end(12, "\xff\xff\xff\x7f"), whole},
      {with_end(16, "\xff\xff\xff\x7f"), whole},
      {with_zip64(std::uint64_t{1} << 40, end - directory), whole},
      {with_zip64(1, ~std::uint64_t{0}), whole},
      {zip_of({{"a.npy", npy("(1099511627776,)")}}), "no more than 4 bytes can follow"},
      {zip_of({{"a.npy", npy("(-1,)")}}), "no extent"},
      {zip_of({{"a.npy", npy("(nan,)")}}), "no extent"},
      {zip_of({{"a.npy", npy("(1e9,)")}}), "no ',' or ')'"},
      {zip_of({{"a.npy", npy("__import__('os').system('true')")}}), "no '('"},
  };
  for (const auto& [content, reason] : table) {
    const std::string path = folder.write("bad.npz", content);
    const std::string message = error_of<IoError>([&] { nn::load_npz(path); });
    INFO(reason);
    CHECK_THAT(message, contains("load_npz: " + path));
    CHECK_THAT(message, contains(reason));
    CHECK(message.find('\n') == message.npos);
  }
}

TEST_CASE("archives: a pickle that unpacks to more than its file is refused") {
  const TempFolder folder;
  const std::string path = folder / "bomb.pt";
  nn::detail::ZipWriter archive("test", path, Site::here());
  archive.add("a/data.pkl", "\x80\x02" + std::string(1 << 20, ']') + "}.", nullptr, 0, true);
  archive.add("a/version", "3\n");
  archive.commit();
  CHECK(std::filesystem::file_size(path) < 2000);
  CHECK_THAT(error_of<IoError>([&] { nn::load_pytorch(path); }),
             contains("data.pkl: has 1048580 bytes, expected at most"));
}
