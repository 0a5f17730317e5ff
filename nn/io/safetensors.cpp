#include <xgrad/nn/io/safetensors.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/data/sha256.hpp>
#include <xgrad/nn/io/file.hpp>
#include <xgrad/nn/io/internal/elements.hpp>
#include <xgrad/nn/io/internal/safetensors.hpp>

namespace xgrad::nn {
namespace {

using json = nlohmann::json;
using detail::byte_count;
using detail::bytes_of;
using detail::printable;
using xgrad::detail::fail;

constexpr const char *texts_name = "__metadata__", *checksum_name = "checksum";
constexpr std::int64_t checksum_words = 4;
constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header = 100'000'000;  // the format's own bound

struct DTypeName {
  DType dtype;
  const char* name;
};
constexpr DTypeName dtype_names[] = {{float32, "F32"}, {float64, "F64"}, {int64, "I64"}, {boolean, "BOOL"}};

const char* format_name(DType dtype) {
  return std::find_if(std::begin(dtype_names), std::end(dtype_names), [&](auto& d) { return d.dtype == dtype; })->name;
}

/// A tensor as the header describes it, checked as far as that is possible without the others.
struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  std::uint64_t begin, end;
};

/// Why a header is no good; the caller adds the file's name.
using Problem = std::string;

std::optional<std::uint64_t> natural(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<std::uint64_t>();
}

/// dtype, shape and data_offsets of one tensor, into `entry`; else the reason why not.
std::optional<Problem> read_entry(const json& item, std::uint64_t data_bytes, Entry& entry) {
  if (!item.is_object() || item.size() != 3 || !item.contains("dtype") || !item.contains("shape") ||
      !item.contains("data_offsets"))
    return "wants exactly dtype, shape and data_offsets";
  const json &dtype = item["dtype"], &shape = item["shape"], &offsets = item["data_offsets"];
  const auto known = std::find_if(std::begin(dtype_names), std::end(dtype_names),
                                  [&](auto& d) { return dtype.is_string() && dtype == d.name; });
  if (known == std::end(dtype_names)) return "has dtype " + printable(dtype.dump()) + ", not F32, F64, I64 or BOOL";
  entry.dtype = known->dtype;

  if (!shape.is_array() || shape.size() > max_rank) return fmt::format("has no shape of at most {} axes", max_rank);
  std::uint64_t bytes = static_cast<std::uint64_t>(item_size(entry.dtype)), bound = bytes;
  const std::uint64_t max_bytes = bytes * static_cast<std::uint64_t>(max_size);
  for (const json& value : shape) {
    const auto extent = natural(value);
    // An extent of 0 does not excuse the others: their product must be a size all the same.
    if (!extent || __builtin_mul_overflow(bound, std::max(*extent, std::uint64_t{1}), &bound) || bound > max_bytes)
      return Problem("has a shape that is no size: ") + printable(shape.dump(), 200);
    bytes *= *extent;
    entry.shape.push_back(static_cast<std::int64_t>(*extent));
  }

  const auto begin = offsets.is_array() && offsets.size() == 2 ? natural(offsets[0]) : std::nullopt;
  const auto end = begin ? natural(offsets[1]) : std::nullopt;
  if (!end || *begin > *end || *end > data_bytes)
    return fmt::format("has data_offsets that are no range within the {} bytes of data", data_bytes);
  if (*end - *begin != bytes)
    return fmt::format("has {} bytes of data where {} {} takes {}", *end - *begin, name_of(entry.dtype),
                       to_string(entry.shape), bytes);
  entry.begin = *begin;
  entry.end = *end;
  return std::nullopt;
}

/// A name in the header, and what it stands for.
using Item = std::pair<std::string, json>;

/// Text to the objects in it, refusing what nlohmann's parser would let pass: a name that comes twice, and depth
/// without end. Each object is taken out as soon as it is whole: the parser looks through all that it still has at
/// every end.
std::vector<Item> parse_header(const char* op, const std::string& path, const std::string& text, Site site) try {
  using Event = json::parse_event_t;
  std::vector<Item> items;
  std::set<std::string> names, inner;  // those of the header, and of one object in it
  const auto wrong = [&](const char* what) {
    const std::string& name = items.back().first;
    throw std::runtime_error(name == texts_name ? "it has __metadata__ that is not names and texts"
                                                : fmt::format("'{}' {}", printable(name, 200), what));
  };
  const auto check = [&](int depth, Event event, json& parsed) {
    if (depth == 0 && event == Event::array_start) throw std::runtime_error("it is not a JSON object");
    if (depth == 1 && (event == Event::value || event == Event::array_start)) wrong("is no tensor");
    if (depth > 3 || (depth > 1 && event == Event::object_start)) wrong("is nested too deeply");
    if (depth == 1 && event == Event::object_end) {
      items.back().second = std::move(parsed);
      return false;
    }
    if (event != Event::key) return true;
    std::string name = parsed.get<std::string>();
    if (depth == 1) inner.clear();
    if (!(depth == 1 ? names : inner).insert(name).second)
      throw std::runtime_error("it names '" + printable(name, 200) + "' twice");
    if (depth == 1) items.emplace_back(std::move(name), nullptr);
    return true;
  };
  if (!json::parse(text, check).is_object()) throw std::runtime_error("it is not a JSON object");
  return items;
} catch (const std::exception& error) {
  fail<IoError>(op, site, "{} has a header that cannot be read: {}", path, printable(error.what(), 400));
}

/// The tensors of a header in the order of their data, which must be without gap or overlap.
std::vector<Entry> read_entries(const char* op, const std::string& path, const std::vector<Item>& header,
                                std::uint64_t data_bytes, Site site) {
  std::vector<Entry> entries;
  for (const auto& [name, item] : header) {
    if (name == texts_name) continue;
    entries.push_back({name, float32, {}, 0, 0});
    if (const auto problem = read_entry(item, data_bytes, entries.back()))
      fail<IoError>(op, site, "{}: tensor '{}' {}", path, printable(name, 200), *problem);
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::uint64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != at)
      fail<IoError>(op, site, "{}: tensor '{}' starts at byte {} of the data, where the one before it ends at {}", path,
                    printable(entry.name, 200), entry.begin, at);
    at = entry.end;
  }
  if (at != data_bytes)
    fail<IoError>(op, site, "{}: the tensors take {} bytes and the file has {} bytes of data", path, at, data_bytes);
  return entries;
}

Metadata read_texts(const char* op, const std::string& path, const std::vector<Item>& header, Site site) {
  Metadata texts;
  const auto found =
      std::find_if(header.begin(), header.end(), [](const Item& item) { return item.first == texts_name; });
  if (found == header.end()) return texts;
  const json& all = found->second;
  if (!std::all_of(all.begin(), all.end(), [](const json& value) { return value.is_string(); }))
    fail<IoError>(op, site, "{} has {} that is not names and texts", path, texts_name);
  for (const auto& [name, text] : all.items()) texts.emplace_back(name, text.get<std::string>());
  return texts;
}

/// Takes the checksum off the end; `sum` is that of all bytes before it.
void break_seal(const char* op, const std::string& path, std::vector<NamedTensor>& tensors, const Sha256& sum,
                Site site) {
  if (tensors.empty() || tensors.back().name != checksum_name || tensors.back().tensor.dtype() != int64 ||
      tensors.back().tensor.shape() != Shape{checksum_words})
    fail<IoError>(op, site, "{} does not end with a checksum: is it a checkpoint?", path);
  std::int64_t expected[checksum_words];
  sum.digest(expected);
  if (std::memcmp(bytes_of(std::as_const(tensors.back().tensor), site), expected, sizeof expected) != 0)
    fail<IoError>(op, site, "{} is damaged: its content does not have the checksum that was written", path);
  tensors.pop_back();
}

/// The tensors as they are to follow each other in the file.
std::vector<const NamedTensor*> file_order(const char* op, const std::vector<NamedTensor>& tensors, Site site) {
  std::vector<const NamedTensor*> order;
  std::set<std::string_view> names;
  for (const NamedTensor& item : tensors) {
    if (!item.tensor.defined()) fail<ValueError>(op, site, "'{}' has no value", item.name);
    if (!names.insert(item.name).second || item.name == texts_name)
      fail<ValueError>(op, site, "'{}' is taken: each tensor needs a name of its own", item.name);
    order.push_back(&item);
  }
  // Wider elements first, and the header padded to eight bytes: every tensor lies aligned in the file.
  std::stable_sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return item_size(a->tensor.dtype()) > item_size(b->tensor.dtype());
  });
  return order;
}

/// The length of the header and the header.
std::string head_of(const char* op, const std::vector<const NamedTensor*>& order, const Metadata& texts, Site site) {
  using Ordered = nlohmann::ordered_json;  // which looks for a name in all: an object for each tensor
  Ordered metadata;
  for (const auto& [name, value] : texts) {
    if (metadata.contains(name)) fail<ValueError>(op, site, "there are two texts '{}'", name);
    metadata[name] = value;
  }
  std::string text;
  const auto add = [&](const std::string& name, const Ordered& value) {
    text += (text.empty() ? '{' : ',') + json(name).dump() + ':' + value.dump();
  };
  try {
    if (!texts.empty()) add(texts_name, metadata);
    std::uint64_t at = 0;
    for (const NamedTensor* item : order) {
      const Tensor& t = item->tensor;
      const std::uint64_t end = at + byte_count(t);
      add(item->name, {{"dtype", format_name(t.dtype())},
                       {"shape", std::vector<std::int64_t>(t.shape().begin(), t.shape().end())},
                       {"data_offsets", {at, end}}});
      at = end;
    }
  } catch (const nlohmann::json::type_error&) {
    fail<ValueError>(op, site, "a tensor's name or a text is not UTF-8");
  }
  text += text.empty() ? "{}" : "}";
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), length_bytes) + text;
}

}  // namespace

void detail::write_safetensors(const char* op, const std::string& path, const SafetensorsFile& content, bool sealed,
                               Site site) {
  std::vector<const NamedTensor*> order = file_order(op, content.tensors, site);
  NamedTensor seal{checksum_name, empty({checksum_words}, int64, site)};
  if (sealed) order.push_back(&seal);
  const std::string head = head_of(op, order, content.texts, site);

  const xgrad::detail::SiteScope scope(op, site);
  FileWriter file(path, site);
  Sha256 sum;
  const auto write = [&](const void* bytes, std::size_t count) {
    file.write(bytes, count, site);
    if (sealed) sum.update(bytes, count);
  };
  write(head.data(), head.size());
  for (const NamedTensor* item : order) {
    if (item == &seal) sum.digest(bytes_of(seal.tensor, site));
    write(bytes_of(item->tensor, site), byte_count(item->tensor));
  }
  file.commit(site);
}

detail::SafetensorsFile detail::read_safetensors(const char* op, const std::string& path, bool sealed, Site site) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) fail<IoError>(op, site, "there is no file {}", path);
  if (error) fail<IoError>(op, site, "{} cannot be read: {}", path, error.message());
  if (!is_regular_file(status)) fail<IoError>(op, site, "{} is not a regular file", path);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) fail<IoError>(op, site, "{} cannot be read: {}", path, std::strerror(errno));
  const auto size = static_cast<std::uint64_t>(file.tellg());
  file.seekg(0);
  std::uint64_t at = 0;
  Sha256 sum, sum_before;  // before: of what lies before the tensor that was read last
  const auto read = [&](void* to, std::uint64_t count) {
    if (!file.read(static_cast<char*>(to), static_cast<std::streamsize>(count)))
      fail<IoError>(op, site, "{} cannot be read further than byte {}", path, at);
    at += count;
    if (sealed) sum.update(to, count);
  };

  std::uint64_t length = 0;
  if (size < length_bytes) fail<IoError>(op, site, "{} has {} bytes, too few for a safetensors file", path, size);
  read(&length, sizeof length);
  if (length > std::min(size - length_bytes, max_header))
    fail<IoError>(op, site, "{} claims a header of {} bytes and has {} bytes: is it a safetensors file?", path, length,
                  size);
  std::string text(length, '\0');
  read(text.data(), length);
  const std::vector<Item> header = parse_header(op, path, text, site);

  SafetensorsFile content{{}, read_texts(op, path, header, site)};
  for (const Entry& entry : read_entries(op, path, header, size - length_bytes - length, site)) {
    Tensor t = empty(entry.shape, entry.dtype, site);
    auto* const bytes = static_cast<unsigned char*>(bytes_of(t, site));
    sum_before = sum;
    read(bytes, entry.end - entry.begin);
    if (entry.dtype == boolean && std::any_of(bytes, bytes + t.size(), [](unsigned char byte) { return byte > 1; }))
      fail<IoError>(op, site, "{}: tensor '{}' has a BOOL that is neither 0 nor 1", path, printable(entry.name, 200));
    content.tensors.push_back({entry.name, std::move(t)});
  }
  if (sealed) break_seal(op, path, content.tensors, sum_before, site);
  return content;
}

void save_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors, Site site) {
  save_safetensors(path, tensors, {}, site);
}

void save_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors, const Metadata& metadata,
                      Site site) {
  detail::write_safetensors("save_safetensors", path, {tensors, metadata}, false, site);
}

std::vector<NamedTensor> load_safetensors(const std::string& path, Site site) {
  Metadata unused;
  return load_safetensors(path, unused, site);
}

std::vector<NamedTensor> load_safetensors(const std::string& path, Metadata& metadata, Site site) {
  detail::SafetensorsFile content = detail::read_safetensors("load_safetensors", path, false, site);
  metadata = std::move(content.texts);
  return std::move(content.tensors);
}

}  // namespace xgrad::nn
