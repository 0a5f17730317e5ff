#include <xgrad/engine/random.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/internal/random.hpp>

#include <cmath>
#include <new>
#include <numeric>

#include <Random123/philox.h>

namespace xgrad {
namespace {

/// log(x) for normal x > 0 from +, *, / alone, so that every system computes the same bits: x = m 2^e with m in
/// [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)) as a series.
double portable_log(double x) noexcept {
  int exponent;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return 2 * s * sum + exponent * 0.69314718055994531;
}

double polynomial(const double (&c)[8], double x) noexcept {
  double y = c[7];
  for (int i = 6; i >= 0; --i) y = y * x + c[i];
  return y;
}

/// The quantile of the standard normal distribution, to about 1e-16: M. J. Wichura, "Algorithm AS 241: The percentage
/// points of the normal distribution", Applied Statistics 37 (1988) 477-484.
double normal_quantile(double p) noexcept {
  constexpr double a[8] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                           1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                           3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr double b[8] = {1.0,
                           4.2313330701600911252e1,
                           6.8718700749205790830e2,
                           5.3941960214247511077e3,
                           2.1213794301586595867e4,
                           3.9307895800092710610e4,
                           2.8729085735721942674e4,
                           5.2264952788528545610e3};
  constexpr double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                           3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                           2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double d[8] = {1.0,
                           2.05319162663775882187e0,
                           1.67638483018380384940e0,
                           6.89767334985100004550e-1,
                           1.48103976427480074590e-1,
                           1.51986665636164571966e-2,
                           5.47593808499534494600e-4,
                           1.05075007164441684324e-9};
  constexpr double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                           2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                           2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double f[8] = {1.0,
                           5.99832206555887937690e-1,
                           1.36929880922735805310e-1,
                           1.48753612908506148525e-2,
                           7.86869131145613259100e-4,
                           1.84631831751005468180e-5,
                           1.42151175831644588870e-7,
                           2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double r = std::sqrt(-portable_log(q < 0 ? p : 1 - p));
  const double x =
      r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -x : x;
}

template <class Draw>
Tensor draw_tensor(const char* op, const Shape& shape, DType dtype, Site site, Random& random, Draw draw) {
  if (!is_floating(dtype)) detail::fail<DTypeError>(op, site, "dtype {}, expected float32 or float64", name_of(dtype));
  detail::Output out(dtype, shape);
  if (dtype == DType::float32) detail::fill_randomly<float>(out, shape.size(), random, draw);
  else detail::fill_randomly<double>(out, shape.size(), random, draw);
  return out.finish();
}

/// For a program that draws a number itself, or asks where the stream is: no launch, and so nothing for a plan.
detail::Stream& looked_at(const Random& random) noexcept {
  if (detail::tracing()) [[unlikely]]
    detail::trace_refuse("draws random numbers one by one, or looks at a Random's state");
  return detail::RandomAccess::stream(random);
}

}  // namespace

namespace detail {

u64 Stream::bits() noexcept {
  // One block of Philox gives two draws; the block's number is the counter.
  using Philox = r123::Philox4x32;
  const u64 block = position / 2;
  const auto low = [](u64 x) { return static_cast<u32>(x); };
  const auto high = [](u64 x) { return static_cast<u32>(x >> 32); };
  const Philox::ctr_type counter = {{low(block), high(block), low(number), high(number)}};
  const Philox::key_type key = {{low(seed), high(seed)}};
  const Philox::ctr_type words = Philox()(counter, key);
  const std::size_t half = position++ % 2 * 2;
  return u64{words[half + 1]} << 32 | words[half];
}

double Stream::uniform() noexcept { return static_cast<double>(bits() >> 11) * 0x1p-53; }

double Stream::normal() noexcept {
  // The middle of one of 2^53 equal cells: never 0 or 1.
  return normal_quantile((static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53);
}

i64 Stream::below(i64 bound) noexcept {
  // Lemire's multiply-and-reject, "Fast random integer generation in an interval" (2019).
  __extension__ using Wide = unsigned __int128;
  const auto n = static_cast<u64>(bound);
  Wide product = static_cast<Wide>(bits()) * n;
  if (static_cast<u64>(product) < n) {
    const u64 threshold = -n % n;
    while (static_cast<u64>(product) < threshold) product = static_cast<Wide>(bits()) * n;
  }
  return static_cast<i64>(product >> 64);
}

}  // namespace detail

Random::Random(std::uint64_t seed, std::uint64_t stream) : state_(detail::new_array(DType::int64, {3})) {
  // The seed may be of this call alone, and a plan would not know.
  if (detail::tracing()) [[unlikely]]
    detail::trace_refuse("seeds a Random; capture one, or copy one that is captured");
  new (detail::Access::body(state_)->data) detail::Stream{seed, stream, 0};
}
Random::Random(const Random& other) : state_(detail::new_array(DType::int64, {3})) { *this = other; }
Random& Random::operator=(const Random& other) {
  detail::launch({detail::writes(state_), detail::reads(other.state_)}, detail::Copy{sizeof(detail::Stream)});
  return *this;
}

std::uint64_t Random::bits() noexcept { return looked_at(*this).bits(); }
double Random::uniform() noexcept { return looked_at(*this).uniform(); }
double Random::normal() noexcept { return looked_at(*this).normal(); }
std::int64_t Random::below(std::int64_t bound) noexcept { return looked_at(*this).below(bound); }

std::uint64_t Random::seed() const noexcept { return looked_at(*this).seed; }
std::uint64_t Random::stream() const noexcept { return looked_at(*this).number; }
std::uint64_t Random::position() const noexcept { return looked_at(*this).position; }
void Random::set_position(std::uint64_t position) noexcept { looked_at(*this).position = position; }

Tensor uniform(Random& random, const Shape& shape, double low, double high, DType dtype, Site site) {
  if (!(low <= high) || !std::isfinite(high - low))
    detail::fail<ValueError>("uniform", site, "bounds {} and {}, expected low <= high, finite", low, high);
  // A float32 has room for 24 of the 53 bits; rounded, the highest draws would be 1.
  const double cells = dtype == DType::float32 ? 0x1p24 : 0x1p53;
  return draw_tensor("uniform", shape, dtype, site, random, [=](detail::Stream& stream) {
    return low + (high - low) * (std::floor(stream.uniform() * cells) / cells);
  });
}

Tensor normal(Random& random, const Shape& shape, double mean, double std, DType dtype, Site site) {
  if (!(std >= 0) || !std::isfinite(mean + std))
    detail::fail<ValueError>("normal", site, "mean {} and std {}, expected finite and std >= 0", mean, std);
  return draw_tensor("normal", shape, dtype, site, random,
                     [=](detail::Stream& stream) { return mean + std * stream.normal(); });
}

Tensor permutation(Random& random, std::int64_t n, Site site) {
  if (n < 0) detail::fail<ValueError>("permutation", site, "{} elements, expected 0 or more", n);
  detail::Output out(DType::int64, Shape({n}, site));
  detail::launch({detail::writes(out), detail::updates(random)}, [n](detail::Pointers p) {
    auto* order = static_cast<std::int64_t*>(p[0]);
    std::iota(order, order + n, 0);
    for (std::int64_t i = n; i-- > 1;) std::swap(order[i], order[detail::stream_at(p[1]).below(i + 1)]);
  });
  return out.finish();
}

}  // namespace xgrad
