#include <xgrad/ops/internal/scatter.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/slice.hpp>

namespace xgrad::detail {

Tensor source_part(const Call& call, int argument, const Shape& shape) {
  const Tensor& source = call.in(argument);
  Slice part[max_rank];
  bool fits = source.rank() == shape.rank();
  for (int i = 0; fits && i < shape.rank(); ++i) {
    fits = shape[i] <= source.shape()[i];
    part[i] = Slice(0, shape[i]);
  }
  if (!fits)
    call.fail<ShapeError>("source is {}, the indices are {}: expected as many axes, none shorter",
                          to_string(source.shape()), to_string(shape));
  const CallScope scope(call);
  return source.shape() == shape ? source : slice(source, part, static_cast<std::size_t>(shape.rank()));
}

}  // namespace xgrad::detail
