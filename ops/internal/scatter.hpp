#pragma once
// What scatter and scatter_add share.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// The first elements of an argument along every axis, as many as there are indices; ShapeError where it has fewer.
Tensor source_part(const Call& call, int argument, const Shape& shape);

}  // namespace xgrad::detail
