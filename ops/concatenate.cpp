#include <xgrad/ops/concatenate.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/join.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = join_op("concatenate", join_vjp);

Tensor concatenate(const Tensor* tensors, std::size_t count, int axis, Site site) {
  if (count == 0) fail<ValueError>(op.name, site, "no tensors");
  Call call(op, tensors, static_cast<int>(count), site);
  same_dtype(call);
  Shape shape = call.shape(0);
  if (shape.rank() == 0) call.fail<ShapeError>("argument 1 is 0-d, which has no axis; stack() gives it one");
  axis = normal_axis(call, axis, shape.rank());
  for (int i = 1; i < call.count(); ++i) {
    const Shape& next = call.shape(i);
    bool fits = next.rank() == shape.rank();
    for (int k = 0; fits && k < shape.rank(); ++k) fits = k == axis || next[k] == shape[k];
    if (!fits)
      call.fail<ShapeError>("along axis {}, argument {} is {}, argument 1 is {}", axis, i + 1, to_string(next),
                            to_string(call.shape(0)));
    shape[axis] += next[axis];
  }
  return join(call, {axis, false}, shape);
}

}  // namespace

Tensor concatenate(std::initializer_list<Tensor> tensors, int axis, Site site) {
  return concatenate(tensors.begin(), tensors.size(), axis, site);
}
Tensor concatenate(const std::vector<Tensor>& tensors, int axis, Site site) {
  return concatenate(tensors.data(), tensors.size(), axis, site);
}

}  // namespace xgrad
