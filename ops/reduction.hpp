#pragma once

namespace xgrad {

/// What a loss makes of its elements: their mean, their sum, none of it (a loss for each), or their sum divided by the
/// first extent.
enum class Reduction { mean, sum, none, batchmean };

}  // namespace xgrad
