#pragma once
// Private to nn/io: the elements of tensors as they lie in files.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/engine/tensor.hpp>
#include <xgrad/nn/io/internal/bytes.hpp>

namespace xgrad::nn::detail {

/// The elements of a tensor as bytes, to read and to overwrite.
const void* bytes_of(const Tensor& t, Site site);
void* bytes_of(Tensor& t, Site site);
inline std::size_t byte_count(const Tensor& t) { return static_cast<std::size_t>(t.size() * item_size(t.dtype())); }

/// A number type of a file. One that no Tensor has is widened to the dtype that holds all of its values exactly:
/// half and bfloat16 to float32, integers of up to 32 bits to int64.
struct ElementType {
  enum class Kind : std::uint8_t { floating, bfloat, integer, natural, boolean } kind;
  std::size_t size;      // bytes
  bool swapped = false;  // the other byte order

  DType dtype() const noexcept;
};

/// The number of bytes of a `shape` of these in a file, if that is no more than `most` and the shape is one that a
/// tensor can have; extents of 0 do not excuse the others.
std::optional<std::uint64_t> bytes_in_file(const std::vector<std::uint64_t>& shape, ElementType type,
                                           std::uint64_t most);
/// The next `shape.size()` elements of `source`. IoError: it ends before that, or a boolean is neither 0 nor 1.
Tensor read_elements(Bytes& source, const Shape& shape, ElementType type, Site site);
/// IoError unless `source` ends here: it may not have more than what its header declares.
void expect_end(Bytes& source);

}  // namespace xgrad::nn::detail
