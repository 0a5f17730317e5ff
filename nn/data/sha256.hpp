#pragma once
#include <cstddef>
#include <string>

#include <xgrad/engine/tensor.hpp>

namespace xgrad::nn {

/// A running SHA-256 (FIPS 180-4) over bytes.
class Sha256 {
 public:
  Sha256() noexcept;
  Sha256& update(const void* bytes, std::size_t count) noexcept;
  /// The elements as they lie in memory, row-major; shape and dtype do not enter.
  Sha256& update(const Tensor& tensor, Site site = Site::here());
  /// The sum so far as 64 lower-case hexadecimal digits; more bytes may follow.
  std::string hex() const;
  /// The sum so far as 32 bytes.
  void digest(void* bytes) const noexcept;

 private:
  alignas(8) unsigned char state_[208];  // libmd's SHA2_CTX
};

/// The SHA-256 of one run of bytes.
std::string sha256(const void* bytes, std::size_t count);

}  // namespace xgrad::nn
