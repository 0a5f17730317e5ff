#pragma once
// What math.hpp knows about float and double: the format, where functions overflow, and polynomial coefficients,
// constant term first.
#include <cstdint>

namespace xgrad::detail {

template <class T> struct Float;

template <> struct Float<float> {
  using Word = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr float bias = 127, two_to_mantissa = 0x1p23f, rounder = 0x1.8p23f, smallest_normal = 0x1p-126f;
  static constexpr float tiny = 0x1p-25f;                                // x is expm1(x) below
  static constexpr float sigmoid_unit = 0x1p32f, sigmoid_high = 110.4f;  // see ExpQuotient: 2^-159 2^32 is below 2^-126
  static constexpr float infinity = __builtin_inff(), nan = __builtin_nanf("");
  static constexpr Word upper_half = 0xfffff000u;

  static constexpr float log2_e = 1.44269504088896341f, log_2_high = 0.693359375f, log_2_low = -2.12194440e-4f;
  static constexpr float log10_2_high = 0x1.344p-2f, log10_2_low = 4.605038981195214e-6f;
  static constexpr float sqrt_half = 0.70710678118654752f;
  static constexpr float two_thirds = 0.666666667f, two_thirds_low = -1.98682155e-08f;
  // Where the result is 0, infinity, -1 or 1 to rounding.
  static constexpr float exp_low = -105, exp_high = 89, expm1_low = -18, sinh_high = 89.5f, tanh_high = 10,
                         erf_high = 5, normal_high = 14.5f;

  /// (e^r - 1 - r) / r^2, |r| <= log(2) / 2; error 2^-26.5 of e^r.
  static constexpr float exp[] = {0.5f, 0.16666573f, 0.04166655f, 0.008363774f, 0.0013926927f};
  /// (log((1 + s) / (1 - s)) - 2 s) / s^3 of s^2, for (1 + s) / (1 - s) in [sqrt(1/2), sqrt(2)]; error 2^-28.5.
  static constexpr float log[] = {0.66666687f, 0.3998878f, 0.2957995f};
  /// The same after the term in s^3: what is left of it, over s^5; error 2^-38.
  static constexpr float log_tail[] = {0.4f, 0.2857153f, 0.22204766f, 0.19120358f};
  /// erf(x) / x - 1 of x^2, |x| <= 1; error 2^-27.
  static constexpr float erf[] = {0.12837917f,   -0.37612626f,    0.11283594f,  -0.026854211f,
                                  0.0051890872f, -0.00080168643f, 7.875875e-05f};
  /// (e^(-b^2 / 2) / Q(b) - 2) / b - 2 of (b - centre) / (b + centre), for the standard normal's mass Q(b) above
  /// b >= 0.67; error 2^-27 of e^(-b^2 / 2) / Q(b).
  static constexpr float tail_centre = 3.5f;
  static constexpr float tail[] = {0.115240957f,   0.497354817f,    -0.084997788f,    -0.0477645856f, 0.0275154138f,
                                   0.00652254634f, -0.00838544238f, -0.000690804958f, 0.0019431597f};
  /// (1/2 - Q(x)) / x of x^2, |x| <= normal_near; error 2^-31.5.
  static constexpr float normal_near = 0.67f;
  static constexpr float normal[] = {0.398942278f, -0.066490291f, 0.00997250889f, -0.00118217693f, 0.000104124107f};
};

template <> struct Float<double> {
  using Word = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr double bias = 1023, two_to_mantissa = 0x1p52, rounder = 0x1.8p52, smallest_normal = 0x1p-1022;
  static constexpr double tiny = 0x1p-54;
  static constexpr double sigmoid_unit = 0x1p64, sigmoid_high = 753.5;
  static constexpr double infinity = __builtin_inf(), nan = __builtin_nan("");
  static constexpr Word upper_half = 0xfffffffff8000000u;

  static constexpr double log2_e = 1.44269504088896340736, log_2_high = 6.93147180369123816490e-01,
                          log_2_low = 1.90821492927058770002e-10;
  static constexpr double log10_2_high = 3.01029995663611771306e-01, log10_2_low = 3.69423907715893078616e-13;
  static constexpr double sqrt_half = 0.70710678118654752440;
  static constexpr double two_thirds = 0.66666666666666666, two_thirds_low = 3.7007434154171886e-17;
  static constexpr double exp_low = -746, exp_high = 710, expm1_low = -38, sinh_high = 710.5, tanh_high = 20,
                          erf_high = 7, normal_high = 38.75;

  /// Error 2^-61 of e^r.
  static constexpr double exp[] = {0.5,
                                   0.1666666666666667,
                                   0.04166666666666667,
                                   0.008333333333325544,
                                   0.0013888888888883327,
                                   0.00019841269876864356,
                                   2.4801587327007187e-05,
                                   2.755725283351691e-06,
                                   2.75572718102198e-07,
                                   2.5106274733573296e-08,
                                   2.0915442297780116e-09};
  /// Error 2^-57.6.
  static constexpr double log[] = {0.666666666666667,   0.39999999999899505, 0.28571428625975487, 0.2222221113479508,
                                   0.18182889125261723, 0.15331721600556042, 0.14616449685043406};
  /// Error 2^-66.
  static constexpr double log_tail[] = {0.4,
                                        0.28571428571429364,
                                        0.22222222221656232,
                                        0.18181818335314404,
                                        0.15384594970895454,
                                        0.13334804238225553,
                                        0.11706248540917667,
                                        0.1172305102814051};
  /// Error 2^-55.5.
  static constexpr double erf[] = {0.1283791670955126,      -0.3761263890318375,     0.11283791670954879,
                                   -0.026866170645076792,   0.0052239776248180145,   -0.000854832698083379,
                                   0.0001205533111164271,   -1.4925595266831182e-05, 1.6461000484121368e-06,
                                   -1.6350312701054695e-07, 1.4659775274047436e-08,  -1.1372848856791674e-09,
                                   5.957176147748911e-11};
  /// Error 2^-55.5.
  static constexpr double tail_centre = 3.125;
  static constexpr double tail[] = {
      0.086825417223030075,  0.50487591975573104,    -0.047305838634182349,   -0.060222054002688049,
      0.015297289129511028,  0.013823608514398285,   -0.0046732210502573276,  -0.0040391140968801926,
      0.0013252666681897881, 0.001331036840914422,   -0.00032008088613340168, -0.00045391581515676299,
      4.9472525531864299e-5, 0.00014935446472057958, 6.3057102300362685e-6,   -4.4822865119945013e-5,
      -9.168437309516128e-6, 1.1870007077183363e-5,  4.2059045171782577e-6,   -2.82877999354445e-6,
      -9.721972527260274e-7, 5.4466264964809449e-7};
  /// Error 2^-60.5.
  static constexpr double normal_near = 0.67;
  static constexpr double normal[] = {0.39894228040143267,    -0.066490380066904514,  0.0099735570100012227,
                                      -0.0011873282148888848, 0.0001154346820851039,  -9.4446256617819689e-6,
                                      6.6586638465698593e-7,  -4.1019239502825032e-8, 2.0421722513048048e-9};
};

}  // namespace xgrad::detail
