#include <xgrad/nn/io/pytorch.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include <xgrad/nn/io/internal/byte_source.hpp>
#include <xgrad/nn/io/internal/pickle.hpp>
#include <xgrad/nn/io/internal/zip.hpp>

namespace xgrad::nn {
namespace {

using namespace detail;
using xgrad::detail::fail;

constexpr const char *saving = "save_pytorch", *loading = "load_pytorch";
// What is read of it takes up to a hundred times its size; that of 100,000 tensors is as large. Nor may it be larger
// than the file: PyTorch does not compress it.
constexpr std::uint64_t longest_pickle = 1 << 24;
// Tensors may share a storage, but not without end.
constexpr std::uint64_t most_shared = 64;

class Archive {
 public:
  Archive(const std::string& path, Site site) : site_(site), zip_(loading, path, site) {
    const auto& names = zip_.names();
    const auto is_pickle = [](const std::string& name) {
      const std::size_t slash = name.find('/');
      return slash != name.npos && std::string_view(name).substr(slash) == "/data.pkl";
    };
    const auto found = std::find_if(names.begin(), names.end(), is_pickle);
    if (found == names.end()) zip_.fail<IoError>("no data.pkl in the archive: not written by torch.save");
    folder_ = found->substr(0, found->find('/') + 1);
    for (const std::string& name : names) places_.emplace(name, places_.size());
  }

  std::vector<NamedTensor> read() {
    check_version();
    const std::size_t place = *place_of("data.pkl");
    ZipReader::Part part(zip_, place, site_);
    const std::string pickle = content_of(part, std::min(longest_pickle, zip_.file_size()));
    const std::vector<PickledTensor> described = read_pickle(part, pickle);
    for (const PickledTensor& tensor : described) ++uses_[tensor.storage];
    std::vector<NamedTensor> tensors;
    std::uint64_t total = 0;
    for (const PickledTensor& tensor : described) {
      tensors.push_back({tensor.name, read(tensor)});
      total += byte_count(tensors.back().tensor);
      if (total / most_shared > zip_.file_size())
        zip_.fail<IoError>("tensor '{}' and those before it take {} bytes, but the file has {}",
                           printable(tensor.name, 200), total, zip_.file_size());
    }
    return tensors;
  }

 private:
  std::optional<std::size_t> place_of(const std::string& name) const {
    const auto found = places_.find(folder_ + name);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string content_of(Bytes& part, std::uint64_t longest) const {
    if (part.most() > longest) part.fail<IoError>("has {} bytes, expected at most {}", part.most(), longest);
    std::string content(part.most(), '\0');
    if (part.read(reinterpret_cast<std::uint8_t*>(content.data()), content.size()) < content.size())
      part.fail<IoError>("truncated");
    expect_end(part);
    return content;
  }
  std::string small_file(const std::string& name, const std::string& otherwise) {
    const auto place = place_of(name);
    if (!place) return otherwise;
    ZipReader::Part part(zip_, *place, site_);
    std::string content = content_of(part, 100);
    while (content.ends_with('\n')) content.pop_back();
    return content;
  }
  void check_version() {
    const std::string version = small_file("version", "missing"), order = small_file("byteorder", "little");
    int number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    if (number < 1 || number > 10) zip_.fail<IoError>("version '{}', expected 1 to 10", printable(version));
    if (order != "little" && order != "big")
      zip_.fail<IoError>("byteorder '{}', expected little or big", printable(order));
    big_endian_ = order == "big";
  }

  Tensor storage_of(const PickledTensor& t) {
    ElementType type = t.type;
    type.swapped = big_endian_ && type.size > 1;
    const auto place = place_of("data/" + t.storage);
    if (!place)
      zip_.fail<IoError>("tensor '{}' is in data/{}, which is not in the archive", printable(t.name, 200),
                         printable(t.storage));
    ZipReader::Part part(zip_, *place, site_);
    if (bytes_in_file({t.storage_size}, type, part.most()) != part.most())
      part.fail<IoError>("has {} bytes, but should have {} elements of {}", part.most(), t.storage_size, type.size);
    Tensor all = read_elements(part, Shape{t.storage_size}, type, site_);
    expect_end(part);
    return all;
  }

  // A storage stays as long as there are tensors of it to come.
  Tensor read(const PickledTensor& t) {
    const auto bad = [&](const std::string& what) {
      zip_.fail<IoError>("tensor '{}' {}", printable(t.name, 200), what);
    };
    auto found = storages_.find(t.storage);
    if (found == storages_.end()) found = storages_.emplace(t.storage, storage_of(t)).first;
    const Tensor all = found->second;
    if (all.dtype() != t.type.dtype() || static_cast<std::uint64_t>(all.size()) != t.storage_size)
      bad("shares its storage with one of another dtype or size");
    if (--uses_[t.storage] == 0) storages_.erase(found);

    if (!bytes_in_file(t.shape, {t.type.kind, 1}, t.storage_size))
      bad(fmt::format("has shape ({}), but its storage only {} elements: save a clone() of what was expanded",
                      fmt::join(t.shape, ", "), t.storage_size));
    Shape shape;
    for (const std::uint64_t extent : t.shape) shape.push_back(static_cast<std::int64_t>(extent), site_);
    std::uint64_t last = t.offset;
    bool fits = true;
    for (std::size_t axis = 0; axis < t.shape.size() && shape.size() > 0; ++axis) {
      std::uint64_t reach = 0;
      fits = fits && !__builtin_mul_overflow(t.shape[axis] - 1, t.strides[axis], &reach) &&
             !__builtin_add_overflow(last, reach, &last);
    }
    if (!fits || (shape.size() > 0 && last >= t.storage_size))
      bad(fmt::format("reaches beyond the {} elements of its storage", t.storage_size));
    return gather(all, shape, t);
  }

  Tensor gather(const Tensor& all, const Shape& shape, const PickledTensor& t) const {
    Tensor result = empty(shape, all.dtype(), site_);
    const auto item = static_cast<std::size_t>(item_size(all.dtype()));
    const auto* const from = static_cast<const std::uint8_t*>(bytes_of(all, site_));
    auto* to = static_cast<std::uint8_t*>(bytes_of(result, site_));
    std::uint64_t index[max_rank] = {}, at = t.offset;
    for (std::int64_t n = result.size(); n > 0; --n, to += item) {
      std::memcpy(to, from + at * item, item);
      for (int axis = shape.rank(); axis-- > 0;) {
        const auto a = static_cast<std::size_t>(axis);
        at += t.strides[a];
        if (++index[a] < t.shape[a]) break;
        at -= t.strides[a] * t.shape[a];
        index[a] = 0;
      }
    }
    return result;
  }

  Site site_;
  ZipReader zip_;
  std::string folder_;
  std::map<std::string_view, std::size_t> places_;  // of the parts in the archive
  bool big_endian_ = false;
  std::map<std::string, std::size_t> uses_;
  std::map<std::string, Tensor> storages_;
};

PickledTensor describe(const NamedTensor& item, std::size_t storage) {
  using Kind = ElementType::Kind;
  const Tensor& t = item.tensor;
  const Kind kind = is_floating(t.dtype()) ? Kind::floating : t.dtype() == int64 ? Kind::integer : Kind::boolean;
  PickledTensor result{item.name,
                       std::to_string(storage),
                       {kind, static_cast<std::size_t>(item_size(t.dtype()))},
                       static_cast<std::uint64_t>(t.size()),
                       0,
                       {t.shape().begin(), t.shape().end()},
                       {}};
  std::uint64_t stride = 1;
  for (std::size_t axis = result.shape.size(); axis-- > 0; stride *= std::max<std::uint64_t>(result.shape[axis], 1))
    result.strides.insert(result.strides.begin(), stride);
  return result;
}

}  // namespace

std::vector<NamedTensor> load_pytorch(const std::string& path, Site site) {
  {
    ByteSource source(loading, path, site);
    std::uint8_t first[2] = {};
    if (source.read(first, 2) == 2 && first[0] == 0x80)
      source.fail<IoError>("a bare pickle, as PyTorch wrote before 1.6; load it there and torch.save() it again");
  }
  return Archive(path, site).read();
}

void save_pytorch(const std::string& path, const std::vector<NamedTensor>& tensors, Site site) {
  std::vector<PickledTensor> described;
  std::set<std::string_view> names;
  for (const NamedTensor& item : tensors) {
    if (!item.tensor.defined()) fail<ValueError>(saving, site, "'{}' has no value", item.name);
    if (!names.insert(item.name).second) fail<ValueError>(saving, site, "two tensors are called '{}'", item.name);
    described.push_back(describe(item, described.size()));
  }
  ZipWriter archive(saving, path, site);
  archive.add("archive/data.pkl", write_pickle(described));
  archive.add("archive/byteorder", "little");
  for (std::size_t i = 0; i < tensors.size(); ++i)
    archive.add("archive/data/" + std::to_string(i), "", bytes_of(tensors[i].tensor, site),
                byte_count(tensors[i].tensor));
  archive.add("archive/version", "3\n");
  archive.commit();
}

}  // namespace xgrad::nn
