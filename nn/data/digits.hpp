#pragma once
#include <cstdint>

#include <xgrad/engine/site.hpp>
#include <xgrad/nn/data/images.hpp>

namespace xgrad::nn {

/// Digits drawn by stroke shapes under random affine and elastic distortion: 28x28, white on black,
/// what a program trains on where no MNIST is at hand. Image i of a set is a pure function of
/// (seed, set, i), and so the same in every run, whatever the counts. A count below 1 is a ValueError.
TrainTest synthetic_digits(std::int64_t count_train = 20000, std::int64_t count_test = 4000, std::uint64_t seed = 1,
                           Site site = Site::here());

}  // namespace xgrad::nn
