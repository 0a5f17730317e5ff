#pragma once

namespace xgrad {

/// What a loss makes of its elements: their mean, their sum, or none of it (a loss for each).
enum class Reduction { mean, sum, none };

}  // namespace xgrad
