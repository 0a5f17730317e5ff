#include "cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace conformance {
namespace {

template <class T>
std::vector<T> read_elements(const std::filesystem::path& file, std::int64_t offset, std::int64_t n) {
  const std::int64_t bytes = n * static_cast<std::int64_t>(sizeof(T));
  std::error_code none;
  const std::uintmax_t size = std::filesystem::file_size(file, none);
  if (none) throw std::runtime_error(file.string() + " cannot be read");
  if (offset < 0 || size < static_cast<std::uintmax_t>(offset) ||
      size - static_cast<std::uintmax_t>(offset) < static_cast<std::uintmax_t>(bytes))
    throw std::runtime_error(fmt::format("{} has no {} bytes at {}", file.string(), bytes, offset));
  std::ifstream in(file, std::ios::binary);
  std::vector<T> elements(static_cast<std::size_t>(n));
  in.seekg(offset);
  in.read(reinterpret_cast<char*>(elements.data()), bytes);
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  return elements;
}

template <class From, class To>
Tensor read_as(const std::filesystem::path& file, std::int64_t offset, const xgrad::Shape& shape) {
  const std::vector<From> from = read_elements<From>(file, offset, shape.size());
  Tensor to = xgrad::empty(shape, xgrad::dtype_of<To>);
  std::transform(from.begin(), from.end(), to.mutable_data<To>(), [](From x) { return static_cast<To>(x); });
  return to;
}

std::string position(const xgrad::Shape& shape, std::int64_t index) {
  std::string text;
  for (int axis = shape.rank(); axis-- > 0; index /= shape[axis])
    text = fmt::format("{}{}{}", index % shape[axis], text.empty() ? "" : ", ", text);
  return "(" + text + ")";
}

bool equal_or_close(double got, double want, double rtol, double atol) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want) || std::isinf(got)) return got == want;
  return std::abs(got - want) <= atol + rtol * std::abs(want);
}

}  // namespace

Cases::Cases(const std::filesystem::path& file, xgrad::DType dtype) : folder_(file.parent_path()), dtype_(dtype) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  cases_ = Json::parse(in).at("cases");
}

Tensor Cases::read(const Json& reference, const Json& of_case, xgrad::DType floating) const {
  const std::filesystem::path file =
      folder_ / (reference.contains("file") ? reference : of_case).at("file").get<std::string>();
  const auto extents = reference.at("shape").get<std::vector<std::int64_t>>();
  const xgrad::Shape shape(extents.data(), static_cast<int>(extents.size()));
  const auto offset = reference.at("offset").get<std::int64_t>();
  const auto dtype = reference.at("dtype").get<std::string>();
  const bool single = floating == xgrad::float32;
  if (dtype == "f8")
    return single ? read_as<double, float>(file, offset, shape) : read_as<double, double>(file, offset, shape);
  if (dtype == "f4")
    return single ? read_as<float, float>(file, offset, shape) : read_as<float, double>(file, offset, shape);
  if (dtype == "i8") return read_as<std::int64_t, std::int64_t>(file, offset, shape);
  if (dtype == "b1") return read_as<std::uint8_t, bool>(file, offset, shape);
  if (dtype == "u1") return read_as<std::uint8_t, std::int64_t>(file, offset, shape);
  throw std::runtime_error("dtype " + dtype + ", expected f8, f4, i8, b1 or u1");
}

Tensor Cases::array(const Json& reference, const Json& of_case) const { return read(reference, of_case, dtype_); }
Tensor Cases::expected(const Json& reference, const Json& of_case) const {
  return read(reference, of_case, xgrad::float64);
}

void Check::operator()(const std::string& what, const Tensor& got, const Tensor& want, const Json& tolerances) const {
  if (got.shape() != want.shape())
    throw Failed(fmt::format("{} has shape {}, expected {}", what, to_string(got.shape()), to_string(want.shape())));
  double rtol = 0, atol = 0;
  if (tolerances.contains(key_)) {
    if (tolerances[key_].is_null()) return;  // this precision cannot hold the answer
    rtol = tolerances[key_].at(0), atol = tolerances[key_].at(1);
  }
  const std::vector<double> g = to(got.detach(), xgrad::float64).to_vector<double>(),
                            w = to(want, xgrad::float64).to_vector<double>();
  std::size_t worst = g.size();
  double excess = -1;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (equal_or_close(g[i], w[i], rtol, atol)) continue;
    const double over = std::abs(g[i] - w[i]) - rtol * std::abs(w[i]);
    if (worst == g.size() || !(over <= excess)) worst = i, excess = over;
  }
  if (worst < g.size())
    throw Failed(fmt::format("{} at {}: got {:.17g}, want {:.17g} (rtol {}, atol {})", what,
                             position(got.shape(), static_cast<std::int64_t>(worst)), g[worst], w[worst], rtol, atol));
}

}  // namespace conformance
