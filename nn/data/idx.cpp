#include <xgrad/nn/data/mnist.hpp>

#include <algorithm>

#include <xgrad/nn/io/internal/byte_source.hpp>

namespace xgrad::nn {

namespace {

using detail::ByteSource;
using detail::printable;

// EMNIST, the largest relative of MNIST, has 0.6 GB; what claims more is no such file.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 31;

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

// An array of unsigned bytes: 0, 0, 8 (the type), the rank, each extent in 4 bytes, the elements.
struct Idx {
  std::uint64_t extents[3] = {1, 1, 1};
  std::vector<std::uint8_t> elements;
};

// Reads to the end of `source`, which must come after exactly `count` bytes.
std::vector<std::uint8_t> read_elements(ByteSource& source, std::uint64_t header, std::uint64_t count,
                                        const std::string& shape) {
  const std::uint64_t total = header + count;
  if (total > source.most())
    source.fail<IoError>("truncated: {} bytes{}, but its header declares {}, which takes {} bytes", source.file_size(),
                         source.gzip() ? " of gzip" : "", shape, total);
  std::vector<std::uint8_t> elements;
  std::uint64_t got = 0;
  while (got < count) {
    const std::uint64_t room = std::min(count, std::max<std::uint64_t>(2 * got, 1 << 18));
    elements.resize(room);
    got += source.read(elements.data() + got, room - got);
    if (got < room)
      source.fail<IoError>("truncated: ends at byte {}, but its header declares {}, which takes {} bytes", header + got,
                           shape, total);
  }
  std::uint8_t beyond = 0;
  if (source.read(&beyond, 1) != 0)
    source.fail<IoError>("byte {}: more bytes, but its header declares {}, which ends here", total, shape);
  return elements;
}

Idx read_array(const std::string& path, std::uint8_t rank, Site site) {
  ByteSource source("read_idx", path, site);
  const std::size_t size = 4 + 4 * std::size_t{rank};
  std::uint8_t header[16];
  const std::size_t got = source.read(header, size);
  if (got == 0) source.fail<IoError>("empty, expected an IDX header of {} bytes", size);
  if (got < 4) source.fail<IoError>("truncated: ends at byte {}, expected an IDX header of {} bytes", got, size);
  if (const std::uint32_t magic = big_endian(header), expected = 0x800u + rank; magic != expected)
    source.fail<IoError>("byte 0: magic number 0x{:08x}, expected 0x{:08x} ({} of unsigned bytes)", magic, expected,
                         rank == 3 ? "images" : "labels");
  if (got < size) source.fail<IoError>("truncated: ends at byte {}, expected an IDX header of {} bytes", got, size);
  Idx result;
  std::string shape;
  std::uint64_t count = 1;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::uint64_t extent = result.extents[axis] = big_endian(header + 4 + 4 * axis);
    shape += fmt::format("{}{}", axis ? " x " : "", extent);
    if (extent == 0)
      source.fail<IoError>("byte {}: the header declares {}, an array without elements", 4 + 4 * axis, shape);
    // No product overflows: it is at most 2^31 before the next factor, which is below 2^32.
    count *= extent;
    if (count > most_bytes)
      source.fail<IoError>("byte {}: the header declares {} elements{}, expected at most {}", 4 + 4 * axis, shape,
                           axis + 1 < rank ? " and more" : "", most_bytes);
  }
  result.elements = read_elements(source, size, count, shape);
  return result;
}

}  // namespace

Images read_idx(const std::string& images, const std::string& labels, std::int64_t classes, Site site) {
  if (classes < 1 || classes > 256)
    xgrad::detail::fail<ValueError>("read_idx", site, "classes is {}, expected 1 to 256", classes);
  Idx label = read_array(labels, 1, site);
  const auto wrong =
      std::find_if(label.elements.begin(), label.elements.end(), [&](std::uint8_t value) { return value >= classes; });
  if (wrong != label.elements.end())
    xgrad::detail::fail<ValueError>("read_idx", site, "{}: byte {}: label {} is {}, expected 0 to {}",
                                    printable(labels, 4096), 8 + (wrong - label.elements.begin()),
                                    wrong - label.elements.begin(), int{*wrong}, classes - 1);
  Idx image = read_array(images, 3, site);
  if (image.extents[0] != label.extents[0])
    xgrad::detail::fail<IoError>("read_idx", site, "{} holds {} images, but {} holds {} labels",
                                 printable(images, 4096), image.extents[0], printable(labels, 4096), label.extents[0]);
  return {static_cast<std::int64_t>(image.extents[1]), static_cast<std::int64_t>(image.extents[2]), classes,
          std::move(image.elements), std::move(label.elements)};
}

}  // namespace xgrad::nn
