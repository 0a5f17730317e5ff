#include <xgrad/engine/finite.hpp>

#include <cmath>

#include <xgrad/engine/internal/graph.hpp>

namespace xgrad {
namespace detail {
namespace {

/// The number of the first element that is not finite; -1 where all are.
i64 first_not_finite(const Tensor& t) {
  if (!is_floating(t.dtype())) return -1;
  const auto find = [&](const auto* x) {
    for (i64 i = 0; i < t.size(); ++i)
      if (!std::isfinite(x[i])) return i;
    return i64{-1};
  };
  return t.dtype() == DType::float32 ? find(t.data<float>()) : find(t.data<double>());
}

std::string place_of(i64 element, const Shape& shape) {
  std::string text;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    text = fmt::format("{}{}{}", element % shape[axis], text.empty() ? "" : ", ", text);
    element /= shape[axis];
  }
  return text.empty() ? "" : fmt::format(" at [{}]", text);
}

}  // namespace

void refuse_not_finite(const char* op, Site site, const std::vector<const Tensor*>& in, const Tensor& out) {
  const i64 found = first_not_finite(out);
  if (found < 0) return;
  for (const Tensor* argument : in)
    if (first_not_finite(*argument) >= 0) return;
  const double value =
      out.dtype() == DType::float32 ? static_cast<double>(out.data<float>()[found]) : out.data<double>()[found];
  fail<ValueError>(op, site, "{}{} of {}, from finite arguments", value, place_of(found, out.shape()), describe(out));
}

void refuse_not_finite(const char* op, Site site, double a, double b, double out) {
  if (!std::isfinite(out) && std::isfinite(a) && std::isfinite(b))
    fail<ValueError>(op, site, "{} from {} and {}", out, a, b);
}

}  // namespace detail

FiniteCheck::FiniteCheck(Site site) {
  Tape::Impl* const tape = detail::thread_state.recording;
  if (!tape) detail::fail<GraphError>("FiniteCheck", site, "no tape records on this thread");
  tape_ = tape->serial;
  tape->finite_only = true;
}

FiniteCheck::~FiniteCheck() {
  if (Tape::Impl* const tape = detail::find_tape(tape_)) tape->finite_only = false;
}

}  // namespace xgrad
