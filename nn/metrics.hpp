#pragma once
#include <cstdint>

#include <xgrad/engine/tensor.hpp>

namespace xgrad::nn {

/// How many rows of `scores` (n, classes) are largest where `labels` say: int64 (n,), or one-hot (n, classes).
std::int64_t count_correct(const Tensor& scores, const Tensor& labels, Site site = Site::here());
/// The same as a fraction of n. ValueError: n is 0.
double accuracy(const Tensor& scores, const Tensor& labels, Site site = Site::here());

}  // namespace xgrad::nn
