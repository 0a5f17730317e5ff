#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/ops/reduction.hpp>

namespace xgrad {

/// -w_t log_p_t for int64 labels t: log_p (N, C), or (C), or (N, C, d...), labels without the axis C, class weights w
/// (C) or none. A label that is `ignored` costs nothing; the mean is over the others, weighted. Other labels outside
/// [0, C) are a ValueError, shapes that do not fit a ShapeError, dtypes a DTypeError.
Tensor nll_loss(const Operand& log_p, const Operand& labels, Reduction reduction = Reduction::mean,
                const Tensor& class_weights = {}, std::int64_t ignored = -100);

}  // namespace xgrad
