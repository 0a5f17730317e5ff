#pragma once
#include <cstdint>

namespace xgrad {

/// The type of a tensor's elements. Gradients exist for float32 and float64;
/// int64 and boolean hold indices, labels and masks.
enum class DType : std::uint8_t { float32 = 1, float64 = 2, int64 = 3, boolean = 4 };
using enum DType;

/// Whether it is one of those four.
constexpr bool is_dtype(DType dtype) noexcept { return dtype >= DType::float32 && dtype <= DType::boolean; }

/// Bytes per element: 4, 8, 8, 1.
constexpr std::int64_t item_size(DType dtype) noexcept {
  constexpr std::int64_t sizes[] = {0, 4, 8, 8, 1};
  return sizes[static_cast<int>(dtype)];
}

/// The name as it is written in code: "float32", "float64", "int64", "boolean"; "none" for another value.
constexpr const char* name_of(DType dtype) noexcept {
  constexpr const char* names[] = {"none", "float32", "float64", "int64", "boolean"};
  return names[is_dtype(dtype) ? static_cast<int>(dtype) : 0];
}

constexpr bool is_floating(DType dtype) noexcept { return dtype == DType::float32 || dtype == DType::float64; }

namespace detail {
template <class T> struct DTypeOf;
template <> struct DTypeOf<float> { static constexpr DType value = DType::float32; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::float64; };
template <> struct DTypeOf<std::int64_t> { static constexpr DType value = DType::int64; };
template <> struct DTypeOf<bool> { static constexpr DType value = DType::boolean; };
}  // namespace detail

/// A C++ element type: float, double, std::int64_t or bool.
template <class T>
concept Element = requires {
  detail::DTypeOf<T>::value;
};

/// Its DType.
template <Element T> inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

}  // namespace xgrad
