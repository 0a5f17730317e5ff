#include <xgrad/ops/unsqueeze.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "unsqueeze"};

}  // namespace

Tensor unsqueeze(const Operand& x, int axis) {
  const Call call(op, x);
  const Shape& shape = call.shape(0);
  axis = normal_axis(call, axis, shape.rank() + 1);
  Shape longer(shape.begin(), axis);
  longer.push_back(1);
  for (int i = axis; i < shape.rank(); ++i) longer.push_back(shape[i], call.site());
  const CallScope scope(call);
  return reshape(call.in(0), longer);
}

}  // namespace xgrad
