#pragma once
// What tests of tensors share.
#include <xgrad/engine/parallel.hpp>
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>

#include <cstring>
#include <string>

#include "catch.hpp"

namespace xgrad::tests {

/// Elements drawn from U(low, high), the same ones every time.
inline Tensor random_tensor(const Shape& shape, double low = -1, double high = 1, DType dtype = float64,
                            std::uint64_t seed = 1) {
  Random random(seed);
  return uniform(random, shape, low, high, dtype);
}
inline Tensor random_variable(const Shape& shape, double low = -1, double high = 1, DType dtype = float64,
                              std::uint64_t seed = 1) {
  return variable(random_tensor(shape, low, high, dtype, seed));
}

/// Another number of threads; when it goes, the one before.
struct Threads {
  explicit Threads(int count) : before(threads()) { set_threads(count); }
  ~Threads() { set_threads(before); }
  Threads(const Threads&) = delete;
  int before;
};

/// Same dtype, shape and bits.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  const auto equal = [&]<class T>(T) {
    return std::memcmp(a.data<T>(), b.data<T>(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
  };
  switch (a.dtype()) {
    case float32: return equal(float{});
    case float64: return equal(double{});
    case int64: return equal(std::int64_t{});
    case boolean: return equal(bool{});
  }
  return false;
}

/// Of one shape, and float64 elements that differ by `epsilon`, relative or absolute.
inline void check_close(const Tensor& a, const Tensor& b, double epsilon = 1e-12) {
  REQUIRE(a.shape() == b.shape());
  const std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == Approx(y[i]).epsilon(epsilon).margin(epsilon));
}

/// What the error of type E says that f() throws; empty where it throws none.
template <class E, class F> std::string error_of(F f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return {};
}

/// A line of a test, as errors name it.
inline std::string at(int line, const char* file = __builtin_FILE()) {
  return "[at " + std::string(file) + ":" + std::to_string(line) + "]";
}

/// The same as error_of, without the place, which has to be the line that calls this.
template <class E, class F> std::string error_here(F f, Site site = Site::here()) {
  const std::string message = error_of<E>(f), place = " " + at(site.line, site.file);
  if (message.ends_with(place)) return message.substr(0, message.size() - place.size());
  return "expected" + place + ", found \"" + message.substr(message.rfind('[') + 1);
}

}  // namespace xgrad::tests
