#include <xgrad/ops/cosine_similarity.hpp>

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
  const CallScope scope(call);
  const auto length = [&](const Tensor& x) { return maximum(norm(x, 2, axis), eps); };
  return sum(call.in(0) * call.in(1), axis) / (length(call.in(0)) * length(call.in(1)));
}

}  // namespace xgrad
