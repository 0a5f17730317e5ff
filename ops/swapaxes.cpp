#include <xgrad/ops/swapaxes.hpp>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/view.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = view_op("swapaxes");

}  // namespace

Tensor swapaxes(const Operand& x, int a, int b) {
  Call call(op, x);
  const int rank = call.shape(0).rank();
  a = normal_axis(call, a, rank), b = normal_axis(call, b, rank);
  View view(call.shape(0));
  std::swap(view.shape[a], view.shape[b]);
  std::swap(view.strides[a], view.strides[b]);
  return take(call, view);
}

}  // namespace xgrad
