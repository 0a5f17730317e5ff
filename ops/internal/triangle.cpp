#include <xgrad/ops/internal/triangle.hpp>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad::detail {

Tensor triangle(const Call& call, i64 k, bool lower) {
  const Shape& shape = call.shape(0);
  if (shape.rank() < 2) call.fail<ShapeError>("expected two axes or more, the argument is {}", describe(call.in(0)));
  const i64 rows = shape[shape.rank() - 2], columns = shape[shape.rank() - 1];
  Output mask(DType::boolean, {rows, columns});
  auto* to = static_cast<bool*>(mask.get());
  for (i64 i = 0; i < rows && columns > 0; ++i)
    for (i64 j = 0; j < columns; ++j) *to++ = lower ? j - k <= i : j - k >= i;
  const CallScope scope(call);
  return where(trace_constant(mask.finish()), call.in(0), 0);
}

}  // namespace xgrad::detail
