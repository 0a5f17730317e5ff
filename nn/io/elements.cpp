#include <xgrad/nn/io/internal/elements.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little, "the files read here are little-endian, and so are tensors");

namespace xgrad::nn::detail {

const void* bytes_of(const Tensor& t, Site site) {
  switch (t.dtype()) {
    case float32: return t.data<float>(site);
    case float64: return t.data<double>(site);
    case int64: return t.data<std::int64_t>(site);
    case boolean: return t.data<bool>(site);
  }
  return nullptr;
}

void* bytes_of(Tensor& t, Site site) {
  switch (t.dtype()) {
    case float32: return t.mutable_data<float>(site);
    case float64: return t.mutable_data<double>(site);
    case int64: return t.mutable_data<std::int64_t>(site);
    case boolean: return t.mutable_data<bool>(site);
  }
  return nullptr;
}

DType ElementType::dtype() const noexcept {
  switch (kind) {
    case Kind::boolean: return DType::boolean;
    case Kind::floating: return size == 8 ? float64 : float32;
    case Kind::bfloat: return float32;
    default: return int64;
  }
}

std::optional<std::uint64_t> bytes_in_file(const std::vector<std::uint64_t>& shape, ElementType type,
                                           std::uint64_t most) {
  if (shape.size() > std::size_t{max_rank}) return std::nullopt;
  std::uint64_t bound = 1, bytes = type.size;
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(bound, std::max(extent, std::uint64_t{1}), &bound) ||
        bound > static_cast<std::uint64_t>(max_size))
      return std::nullopt;
    bytes *= extent;
  }
  if (bytes > most) return std::nullopt;
  return bytes;
}

namespace {

float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -small : small;
}

// One element of the file, its bytes in this machine's order.
template <class To> To widen(std::uint64_t bits, ElementType type) {
  using Kind = ElementType::Kind;
  if constexpr (std::is_same_v<To, std::int64_t>) {
    const int unused = 64 - 8 * static_cast<int>(type.size);
    return type.kind == Kind::integer ? static_cast<std::int64_t>(bits << unused) >> unused
                                      : static_cast<std::int64_t>(bits);
  } else if constexpr (std::is_same_v<To, float>) {
    if (type.kind == Kind::bfloat) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    return type.size == 2 ? from_half(static_cast<std::uint16_t>(bits))
                          : std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  } else {
    return std::bit_cast<double>(bits);
  }
}

template <class To> void widen(const std::uint8_t* from, std::size_t count, ElementType type, To* to) {
  for (std::size_t i = 0; i < count; ++i, from += type.size) {
    std::uint8_t ordered[8] = {};
    for (std::size_t k = 0; k < type.size && k < 8; ++k) ordered[k] = from[type.swapped ? type.size - 1 - k : k];
    to[i] = widen<To>(std::bit_cast<std::uint64_t>(ordered), type);
  }
}

void read_exactly(Bytes& source, std::uint8_t* to, std::size_t count, std::uint64_t before, std::uint64_t total) {
  if (const std::size_t got = source.read(to, count); got < count)
    source.fail<IoError>("truncated: ends after {} of the {} bytes of elements", before + got, total);
}

}  // namespace

Tensor read_elements(Bytes& source, const Shape& shape, ElementType type, Site site) {
  Tensor t = empty(shape, type.dtype(), site);
  auto* const to = static_cast<std::uint8_t*>(bytes_of(t, site));
  const auto count = static_cast<std::size_t>(t.size());
  if (type.size == static_cast<std::size_t>(item_size(t.dtype())) && !type.swapped) {
    read_exactly(source, to, count * type.size, 0, count * type.size);
    if (t.dtype() == boolean)
      if (const auto* wrong = std::find_if(to, to + count, [](std::uint8_t byte) { return byte > 1; });
          wrong != to + count)
        source.fail<IoError>("element {} is the boolean {}, expected 0 or 1", wrong - to, int{*wrong});
    return t;
  }
  std::vector<std::uint8_t> chunk(std::min<std::size_t>(count, 8192) * type.size);
  for (std::size_t done = 0; done < count;) {
    const std::size_t some = std::min<std::size_t>(count - done, 8192);
    read_exactly(source, chunk.data(), some * type.size, done * type.size, count * type.size);
    switch (t.dtype()) {
      case float32: widen(chunk.data(), some, type, t.mutable_data<float>(site) + done); break;
      case float64: widen(chunk.data(), some, type, t.mutable_data<double>(site) + done); break;
      default: widen(chunk.data(), some, type, t.mutable_data<std::int64_t>(site) + done);
    }
    done += some;
  }
  return t;
}

void expect_end(Bytes& source) {
  std::uint8_t beyond = 0;
  if (source.read(&beyond, 1) != 0) source.fail<IoError>("more bytes after the elements that the header declares");
}

}  // namespace xgrad::nn::detail
