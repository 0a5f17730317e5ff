#include <xgrad/ops/scaled_dot_product_attention.hpp>

#include <cmath>
#include <limits>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/all.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/tril.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "scaled_dot_product_attention"};

}  // namespace

Tensor scaled_dot_product_attention(const Operand& q, const Operand& k, const Operand& v, const Tensor& mask,
                                    bool causal, double scale) {
  const Call call(op, q, k, v);
  call.floating();
  for (int i = 0; i < 3; ++i)
    if (call.shape(i).rank() < 2)
      call.fail<ShapeError>("q is {}, k is {}, v is {}: expected two axes or more", to_string(call.shape(0)),
                            to_string(call.shape(1)), to_string(call.shape(2)));
  const CallScope scope(call);
  const auto last = [&](int i, int from_end) { return call.shape(i)[call.shape(i).rank() - from_end]; };
  if (last(0, 1) != last(1, 1) || last(1, 2) != last(2, 2))
    call.fail<ShapeError>("q is {}, k is {}, v is {}: expected (L, E), (S, E) and (S, F)", to_string(call.shape(0)),
                          to_string(call.shape(1)), to_string(call.shape(2)));
  if (scale == 0) scale = 1 / std::sqrt(static_cast<double>(last(0, 1)));
  constexpr double never = -std::numeric_limits<double>::infinity();
  Tensor scores = matmul(call.in(0) * scale, false, call.in(1), true);
  const auto allow = [&](const Tensor& allowed) { scores = where(allowed, scores, never); };
  if (mask.defined() && mask.dtype() == DType::boolean) allow(mask);
  else if (mask.defined()) scores = scores + mask;
  if (causal) allow(tril(ones({last(0, 2), last(1, 2)}, DType::boolean)));
  if (!mask.defined()) return matmul(softmax(scores), call.in(2));
  const Tensor nowhere = all(scores == never, -1, true);  // softmax would be nan there, and every gradient with it
  return matmul(where(nowhere, 0, softmax(where(nowhere, 0, scores))), call.in(2));
}

}  // namespace xgrad
