#pragma once
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// Whole numbers from `low` up to below `high`, each as likely as the others, int64. high not above low is a
/// ValueError.
Tensor randint(Random& random, std::int64_t low, std::int64_t high, const Shape& shape, Site site = Site::here());

}  // namespace xgrad
