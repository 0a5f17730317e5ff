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
  static constexpr float tiny = 0x1p-25f;  // x is expm1(x) below
  static constexpr float infinity = __builtin_inff(), nan = __builtin_nanf("");
  static constexpr Word upper_half = 0xfffff000u;

  static constexpr float log2_e = 1.44269504088896341f, log_2_high = 0.693359375f, log_2_low = -2.12194440e-4f;
  static constexpr float sqrt_half = 0.70710678118654752f;
  static constexpr float two_thirds = 0.666666667f, two_thirds_low = -1.98682155e-08f;
  // Where the result is 0, infinity, -1 or 1 to rounding.
  static constexpr float exp_low = -105, exp_high = 89, expm1_low = -18, tanh_high = 10, erf_high = 5, normal_high = 15;

  /// (e^r - 1 - r) / r^2, |r| <= log(2) / 2; error 2^-26.5 of e^r.
  static constexpr float exp[] = {0.5f, 0.16666573f, 0.04166655f, 0.008363774f, 0.0013926927f};
  /// (log((1 + s) / (1 - s)) - 2 s) / s^3 of s^2, for (1 + s) / (1 - s) in [sqrt(1/2), sqrt(2)]; error 2^-28.5.
  static constexpr float log[] = {0.66666687f, 0.3998878f, 0.2957995f};
  /// The same after the term in s^3: what is left of it, over s^5; error 2^-38.
  static constexpr float log_tail[] = {0.4f, 0.2857153f, 0.22204766f, 0.19120358f};
  /// erf(x) / x - 1 of x^2, |x| <= 1; error 2^-27.
  static constexpr float erf[] = {0.12837917f,   -0.37612626f,    0.11283594f,  -0.026854211f,
                                  0.0051890872f, -0.00080168643f, 7.875875e-05f};
  /// (b + centre) e^(b^2 / 2) times the standard normal's mass above b, of (b - centre) / (b + centre), b >= 0;
  /// error 2^-26.5.
  static constexpr float tail_centre = 5;
  static constexpr float tail[] = {0.76919305f,     -0.6653825f,   0.49530563f,     -0.31353322f,
                                   0.16502027f,     -0.06911793f,  0.020796092f,    -0.0029972885f,
                                   -0.00080354116f, 0.0005539788f, -4.3862397e-05f, -5.5419485e-05f};
};

template <> struct Float<double> {
  using Word = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr double bias = 1023, two_to_mantissa = 0x1p52, rounder = 0x1.8p52, smallest_normal = 0x1p-1022;
  static constexpr double tiny = 0x1p-54;
  static constexpr double infinity = __builtin_inf(), nan = __builtin_nan("");
  static constexpr Word upper_half = 0xfffffffff8000000u;

  static constexpr double log2_e = 1.44269504088896340736, log_2_high = 6.93147180369123816490e-01,
                          log_2_low = 1.90821492927058770002e-10;
  static constexpr double sqrt_half = 0.70710678118654752440;
  static constexpr double two_thirds = 0.66666666666666666, two_thirds_low = 3.7007434154171886e-17;
  static constexpr double exp_low = -746, exp_high = 710, expm1_low = -38, tanh_high = 20, erf_high = 7,
                          normal_high = 40;

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
  /// Error 2^-54.3.
  static constexpr double tail_centre = 5;
  static constexpr double tail[] = {
      0.769193049750063,      -0.6653825028900567,   0.49530561596997386,    -0.31353315667129955,
      0.16502036617051113,    -0.06911863870640436,  0.020795066797416595,   -0.0029933767701593532,
      -0.0007978693739469138, 0.0005448990707733159, -5.937586780212169e-05, -4.976288868029808e-05,
      1.6681694446690882e-05, 3.981274923141603e-06, -2.770264894685992e-06, -3.376318795644607e-07,
      4.343124300104718e-07,  4.385236079192329e-08, -6.65400740125251e-08,  -1.0623937439932971e-08,
      7.573702456952603e-09,  2.2061860857956886e-09};
};

}  // namespace xgrad::detail
