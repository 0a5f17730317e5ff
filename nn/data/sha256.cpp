#include <xgrad/nn/data/sha256.hpp>

#include <cstdint>
#include <new>
#include <type_traits>

#include <sys/types.h>
// libmd; after sys/types.h, which it needs
#include <sha256.h>

namespace xgrad::nn {

static_assert(sizeof(SHA2_CTX) <= 208 && alignof(SHA2_CTX) <= 8 && std::is_trivially_copyable_v<SHA2_CTX>);

namespace {

template <class Action> void with_elements(const Tensor& tensor, Site site, const Action& action) {
  switch (tensor.dtype()) {
    case float32: return action(tensor.data<float>(site));
    case float64: return action(tensor.data<double>(site));
    case int64: return action(tensor.data<std::int64_t>(site));
    case boolean: return action(tensor.data<bool>(site));
  }
}

}  // namespace

Sha256::Sha256() noexcept { SHA256Init(new (state_) SHA2_CTX); }

Sha256& Sha256::update(const void* bytes, std::size_t count) noexcept {
  SHA256Update(std::launder(reinterpret_cast<SHA2_CTX*>(state_)), static_cast<const std::uint8_t*>(bytes), count);
  return *this;
}

Sha256& Sha256::update(const Tensor& tensor, Site site) {
  with_elements(tensor, site, [&](const auto* first) {
    update(first, static_cast<std::size_t>(tensor.size() * item_size(tensor.dtype())));
  });
  return *this;
}

void Sha256::digest(void* bytes) const noexcept {
  SHA2_CTX copy = *std::launder(reinterpret_cast<const SHA2_CTX*>(state_));
  SHA256Final(static_cast<std::uint8_t*>(bytes), &copy);
}

std::string Sha256::hex() const {
  std::uint8_t bytes[SHA256_DIGEST_LENGTH];
  digest(bytes);
  std::string text;
  for (std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string sha256(const void* bytes, std::size_t count) { return Sha256().update(bytes, count).hex(); }

}  // namespace xgrad::nn
