// Tensors as text, the way numpy prints arrays.
#include <xgrad/engine/internal/body.hpp>
#include <xgrad/engine/internal/fail.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace xgrad {
namespace detail {
namespace {

constexpr i64 edge = 3, summarise_from = 1000;

template <class T> std::string number(T x, int digits) {
  return std::isnan(x) ? "nan" : fmt::format("{:.{}g}", x, digits);  // a nan's sign means nothing
}

std::string element(const Tensor& t, i64 index) {
  const void* data = elements(t);
  switch (t.dtype()) {
    case DType::float32: return number(static_cast<const float*>(data)[index], 6);
    case DType::float64: return number(static_cast<const double*>(data)[index], 8);
    case DType::int64: return fmt::format("{}", static_cast<const i64*>(data)[index]);
    case DType::boolean: return static_cast<const bool*>(data)[index] ? "true" : "false";
  }
  return {};
}

/// Calls f(i) for the indices shown along an axis, and gap() where some are left out.
template <class F, class G> void shown(i64 extent, bool summary, F f, G gap) {
  for (i64 i = 0; i < extent; ++i) {
    if (summary && extent > 2 * edge && i == edge) {
      gap();
      i = extent - edge;
    }
    f(i);
  }
}

struct Printer {
  const Tensor& t;
  bool summary;
  std::size_t width = 0;
  std::string text = {};

  void measure(int axis, i64 offset) {
    if (axis == t.rank()) {
      width = std::max(width, element(t, offset).size());
      return;
    }
    shown(
        t.shape()[axis], summary, [&](i64 i) { measure(axis + 1, offset * t.shape()[axis] + i); }, [] {});
  }

  void print(int axis, i64 offset) {
    if (axis == t.rank()) {
      text += fmt::format("{:>{}}", element(t, offset), width);
      return;
    }
    const bool innermost = axis == t.rank() - 1;
    const std::string separator = innermost ? ", "
                                            : "," + std::string(static_cast<std::size_t>(t.rank() - 1 - axis), '\n') +
                                                  std::string(static_cast<std::size_t>(axis + 1), ' ');
    text += '[';
    bool first = true;
    const auto next = [&] {
      if (!first) text += separator;
      first = false;
    };
    shown(
        t.shape()[axis], summary,
        [&](i64 i) {
          next();
          print(axis + 1, offset * t.shape()[axis] + i);
        },
        [&] {
          next();
          text += "...";
        });
    text += ']';
  }
};

}  // namespace
}  // namespace detail

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined tensor";
  detail::Printer printer{tensor, tensor.size() > detail::summarise_from};
  if (tensor.size() > 0) {
    printer.measure(0, 0);
    printer.print(0, 0);
  } else {
    printer.text = "[]";
  }
  return fmt::format("{} {} {}", printer.text, name_of(tensor.dtype()), to_string(tensor.shape()));
}

}  // namespace xgrad
