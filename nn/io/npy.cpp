#include <xgrad/nn/io/npy.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/io/file.hpp>
#include <xgrad/nn/io/internal/byte_source.hpp>
#include <xgrad/nn/io/internal/elements.hpp>
#include <xgrad/nn/io/internal/zip.hpp>
#include <xgrad/ops/permute.hpp>

namespace xgrad::nn {
namespace {

using namespace detail;
using xgrad::detail::fail;

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::uint32_t longest_header = 1 << 16;  // of the arrays read here; records could have more
constexpr std::string_view ending = ".npy";

const char* descr_of(DType dtype) {
  switch (dtype) {
    case float32: return "<f4";
    case float64: return "<f8";
    case int64: return "<i8";
    case boolean: return "|b1";
  }
  return "";
}

/// What stands before the elements. numpy leaves room for the first extent to grow, and so does this.
std::string header_of(const Tensor& t) {
  std::string shape;
  for (int axis = 0; axis < t.rank(); ++axis)
    shape += std::to_string(t.shape()[axis]) + (axis + 1 < t.rank() ? ", " : t.rank() == 1 ? "," : "");
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr_of(t.dtype()), shape);
  if (t.rank() > 0) text.append(21 - std::to_string(t.shape()[0]).size(), ' ');
  const std::size_t before = magic.size() + 4;
  text.append(64 - (before + text.size() + 1) % 64, ' ').push_back('\n');
  const auto length = static_cast<std::uint16_t>(text.size());
  return std::string(magic) + '\1' + '\0' + static_cast<char>(length & 255) + static_cast<char>(length >> 8) + text;
}

struct Header {
  ElementType type{};
  bool fortran = false;
  std::vector<std::uint64_t> shape;
};

/// Reads the header's text, a dictionary as Python writes it.
class HeaderParser {
 public:
  HeaderParser(const Bytes& source, std::string_view text, std::size_t place)
      : source_(source), text_(text), place_(place) {}

  Header parse() {
    Header header;
    expect('{');
    while (!next_is('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (!seen_.insert(key).second) wrong("a second '" + printable(key) + "'");
      if (key == "descr") header.type = type();
      else if (key == "fortran_order") header.fortran = truth();
      else if (key == "shape") header.shape = shape();
      else wrong("the key '" + printable(key) + "', expected descr, fortran_order and shape");
      if (!next_is(',') && !at('}')) wrong("no ',' or '}'");
    }
    if (seen_.size() != 3) wrong("only some of descr, fortran_order and shape");
    if (skip() != text_.size()) wrong("text after the header's '}'");
    return header;
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const { source_.fail<IoError>("byte {}: {}", place_ + at_, what); }
  std::size_t skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_;
  }
  bool at(char c) { return skip() < text_.size() && text_[at_] == c; }
  bool next_is(char c) {
    const bool found = at(c);
    at_ += found;
    return found;
  }
  void expect(char c) {
    if (!next_is(c)) wrong(fmt::format("no '{}' in the header", c));
  }
  std::string_view quoted() {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote == '[') wrong("an array of records, expected one of numbers");
    const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : text_.npos;
    if (end == text_.npos) wrong("no quoted word in the header");
    const std::string_view word = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return word;
  }
  bool truth() {
    skip();
    for (const bool value : {false, true})
      if (const std::string_view word = value ? "True" : "False"; text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    wrong("no True or False in the header");
  }
  ElementType type() {
    const std::string_view descr = quoted();
    const auto known = [&](std::string_view kinds, char size) {
      return descr.size() == 3 && kinds.find(descr[1]) != kinds.npos && descr[2] == size &&
             std::strchr(size == '1' ? "|<>=" : "<>=", descr[0]);
    };
    using Kind = ElementType::Kind;
    const auto size = static_cast<std::size_t>(descr.size() == 3 ? descr[2] - '0' : 0);
    const bool swapped = descr.starts_with('>') && size > 1;
    if (known("b", '1')) return {Kind::boolean, 1};
    if (known("f", '2') || known("f", '4') || known("f", '8')) return {Kind::floating, size, swapped};
    if (known("i", '8')) return {Kind::integer, 8, swapped};
    if (known("iu", '1') || known("iu", '2') || known("iu", '4'))
      return {descr[1] == 'i' ? Kind::integer : Kind::natural, size, swapped};
    wrong(fmt::format("dtype '{}', expected f2, f4, f8, b1, i1 to i8, or u1 to u4", printable(descr)));
  }
  std::vector<std::uint64_t> shape() {
    std::vector<std::uint64_t> extents;
    expect('(');
    while (!next_is(')')) {
      std::uint64_t extent = 0;
      const char* const first = text_.data() + skip();
      const auto [stop, error] = std::from_chars(first, text_.data() + text_.size(), extent);
      if (error != std::errc()) wrong("no extent of a shape");
      if (extents.size() == std::size_t{max_rank}) wrong(fmt::format("more than {} axes", max_rank));
      extents.push_back(extent);
      at_ += static_cast<std::size_t>(stop - first);
      if (!next_is(',') && !at(')')) wrong("no ',' or ')' in the shape");
    }
    return extents;
  }

  const Bytes& source_;
  std::string_view text_;
  std::size_t place_, at_ = 0;
  std::set<std::string_view> seen_;
};

Header read_header(Bytes& source, std::uint64_t& taken) {
  std::uint8_t start[12] = {};
  const auto more = [&](std::size_t count) {
    const std::size_t got = source.read(start + taken, count);
    taken += got;
    if (got < count) source.fail<IoError>("truncated: ends at byte {} in the header of a .npy file", taken);
  };
  const std::size_t first = source.read(start, 8);
  taken = first;
  if (first < 8 || std::memcmp(start, magic.data(), magic.size()) != 0)
    source.fail<IoError>("byte 0: no .npy file, which starts with \\x93NUMPY and a version");
  if (start[6] < 1 || start[6] > 3 || start[7] != 0)
    source.fail<IoError>("byte 6: version {}.{} of .npy, expected 1.0, 2.0 or 3.0", int{start[6]}, int{start[7]});
  more(start[6] == 1 ? 2 : 4);
  std::uint32_t length = start[8] | std::uint32_t{start[9]} << 8;
  length |= std::uint32_t{start[10]} << 16 | std::uint32_t{start[11]} << 24;
  if (length > longest_header || length > source.most())
    source.fail<IoError>("byte 8: a header of {} bytes, expected at most {}", length,
                         std::min<std::uint64_t>(longest_header, source.most()));
  std::string text(length, '\0');
  const std::size_t got = source.read(reinterpret_cast<std::uint8_t*>(text.data()), length);
  if (got < length)
    source.fail<IoError>("truncated: ends at byte {}, but its header goes to byte {}", taken + got, taken + length);
  const Header header = HeaderParser(source, text, taken).parse();
  taken += length;
  return header;
}

Tensor read_npy(Bytes& source, Site site) {
  std::uint64_t taken = 0;
  Header header = read_header(source, taken);
  const std::uint64_t left = source.most() - std::min(taken, source.most());
  if (!bytes_in_file(header.shape, header.type, left))
    source.fail<IoError>("the header declares ({}) elements of {} bytes, but no more than {} bytes can follow",
                         fmt::join(header.shape, ", "), header.type.size, left);
  if (header.fortran) std::reverse(header.shape.begin(), header.shape.end());
  Shape shape;
  for (const std::uint64_t extent : header.shape) shape.push_back(static_cast<std::int64_t>(extent), site);
  Tensor t = read_elements(source, shape, header.type, site);
  expect_end(source);
  if (!header.fortran || t.rank() < 2) return t;
  NoGrad guard;
  int axes[max_rank];
  for (int axis = 0; axis < t.rank(); ++axis) axes[axis] = t.rank() - 1 - axis;
  return permute(t, Axes(axes, t.rank()));
}

}  // namespace

void save_npy(const std::string& path, const Tensor& tensor, Site site) {
  if (!tensor.defined()) fail<ValueError>("save_npy", site, "the tensor has no value");
  FileWriter file(path, site);
  file.write(header_of(tensor), site);
  file.write(bytes_of(tensor, site), byte_count(tensor), site);
  file.commit(site);
}

Tensor load_npy(const std::string& path, Site site) {
  ByteSource source("load_npy", path, site);
  return read_npy(source, site);
}

void save_npz(const std::string& path, const std::vector<NamedTensor>& tensors, bool compressed, Site site) {
  constexpr const char* op = "save_npz";
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) fail<ValueError>(op, site, "'{}' has no value", name);
    if (name.empty() || name.find('\0') != name.npos)
      fail<ValueError>(op, site, "'{}' is no name of an array", printable(name));
    if (!names.insert(name).second) fail<ValueError>(op, site, "two tensors are called '{}'", name);
  }
  ZipWriter archive(op, path, site);
  for (const auto& [name, tensor] : tensors)
    archive.add(name + std::string(ending), header_of(tensor), bytes_of(tensor, site), byte_count(tensor), compressed);
  archive.commit();
}

std::vector<NamedTensor> load_npz(const std::string& path, Site site) {
  ZipReader archive("load_npz", path, site);
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < archive.names().size(); ++i) {
    std::string name = archive.names()[i];
    if (!name.ends_with(ending))
      archive.fail<IoError>("'{}' in the archive is no array: its name does not end in .npy", printable(name, 200));
    name.resize(name.size() - ending.size());
    ZipReader::Part part(archive, i, site);
    tensors.push_back({std::move(name), read_npy(part, site)});
  }
  return tensors;
}

}  // namespace xgrad::nn
