#include <xgrad/ops/cosine_similarity.hpp>

#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/div.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/maximum.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/sum.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "cosine_similarity"};

}  // namespace

Tensor cosine_similarity(const Operand& a, const Operand& b, int axis, double eps) {
  const Call call(op, a, b);
  call.floating();
  Shape shape;
  if (!broadcast(call.shape(0), call.shape(1), shape))
    call.fail<ShapeError>("shapes do not broadcast: {} and {}", to_string(call.shape(0)), to_string(call.shape(1)));
  const CallScope scope(call);
  // The axis is one of that shape, and a length that of the repeated elements.
  const auto whole = [&](const Tensor& x) { return x.shape() == shape ? x : broadcast_to(x, shape); };
  const Tensor u = whole(call.in(0)), v = whole(call.in(1));
  const auto length = [&](const Tensor& x) { return maximum(norm(x, 2, axis), eps); };
  return sum(u * v, axis) / (length(u) * length(v));
}

}  // namespace xgrad
