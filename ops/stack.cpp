#include <xgrad/ops/stack.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/join.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = join_op("stack", join_vjp);

Tensor stack(const Tensor* tensors, std::size_t count, int axis, Site site) {
  if (count == 0) fail<ValueError>(op.name, site, "no tensors");
  Call call(op, tensors, static_cast<int>(count), site);
  same_dtype(call);
  const Shape& each = call.shape(0);
  for (int i = 1; i < call.count(); ++i)
    if (call.shape(i) != each)
      call.fail<ShapeError>("argument {} is {}, argument 1 is {}", i + 1, to_string(call.shape(i)), to_string(each));
  axis = normal_axis(call, axis, each.rank() + 1);
  const CallScope scope(call);
  Shape shape(each.begin(), axis);
  shape.push_back(call.count());
  for (int k = axis; k < each.rank(); ++k) shape.push_back(each[k]);
  return join(call, {axis, true}, shape);
}

}  // namespace

Tensor stack(std::initializer_list<Tensor> tensors, int axis, Site site) {
  return stack(tensors.begin(), tensors.size(), axis, site);
}
Tensor stack(const std::vector<Tensor>& tensors, int axis, Site site) {
  return stack(tensors.data(), tensors.size(), axis, site);
}

}  // namespace xgrad
