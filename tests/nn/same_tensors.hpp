#pragma once
// Whether tensors are the same to the last bit.
#include <cstring>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::tests {

inline bool same(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const auto bytes = [](const Tensor& t) -> const void* {
    switch (t.dtype()) {
      case float32: return t.data<float>();
      case float64: return t.data<double>();
      case int64: return t.data<std::int64_t>();
      default: return t.data<bool>();
    }
  };
  return a.size() == 0 ||
         std::memcmp(bytes(a), bytes(b), static_cast<std::size_t>(a.size() * item_size(a.dtype()))) == 0;
}

inline bool same(const std::vector<nn::NamedTensor>& a, const std::vector<nn::NamedTensor>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].name != b[i].name || !same(a[i].tensor, b[i].tensor)) return false;
  return true;
}

}  // namespace xgrad::tests
