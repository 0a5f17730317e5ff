#pragma once
#include <cstdint>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

namespace detail {
struct RandomAccess;
}

/// A stream of random numbers, addressed by counter: the n-th draw of (seed, stream) is a pure
/// function of those three, the same on every compiler and for any number of threads.
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);
  /// A stream of its own that goes on from the same place.
  Random(const Random& other);
  Random& operator=(const Random& other);
  ~Random() = default;

  /// 64 uniform bits.
  std::uint64_t bits() noexcept;
  /// Uniform in [0, 1), 53 bits.
  double uniform() noexcept;
  /// Standard normal, by inverting its distribution function.
  double normal() noexcept;
  /// Uniform in [0, bound), without bias. bound >= 1.
  std::int64_t below(std::int64_t bound) noexcept;

  std::uint64_t seed() const noexcept;
  std::uint64_t stream() const noexcept;
  /// How many 64-bit draws have been taken; setting it resumes a saved stream.
  std::uint64_t position() const noexcept;
  void set_position(std::uint64_t position) noexcept;

 private:
  friend struct detail::RandomAccess;
  Tensor state_;  // seed, stream, position: elements, so that a plan of compile() sees them as they are and goes on
                  // counting
};

/// Elements drawn from U(low, high).
Tensor uniform(Random& random, const Shape& shape, double low = 0, double high = 1, DType dtype = float32,
               Site site = Site::here());
/// Elements drawn from N(mean, std^2).
Tensor normal(Random& random, const Shape& shape, double mean = 0, double std = 1, DType dtype = float32,
              Site site = Site::here());
/// The numbers 0 .. n-1 in random order (Fisher-Yates), int64.
Tensor permutation(Random& random, std::int64_t n, Site site = Site::here());

}  // namespace xgrad
