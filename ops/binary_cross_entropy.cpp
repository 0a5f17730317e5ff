#include <xgrad/ops/binary_cross_entropy.hpp>

#include <xgrad/ops/add.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/loss.hpp>
#include <xgrad/ops/log.hpp>
#include <xgrad/ops/log1p.hpp>
#include <xgrad/ops/maximum.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/neg.hpp>
#include <xgrad/ops/sub.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "binary_cross_entropy"};

template <class T> void check_elements(const Call& call, const T* p) {
  for (i64 i = 0; i < call.in(0).size(); ++i)
    if (p[i] < 0 || p[i] > 1)
      call.fail<ValueError>("element {} of {} is {}, expected a probability", position(call.shape(0), i),
                            describe(call.in(0)), p[i]);
}

void check_probabilities(const Call& call) {
  if (call.in(0).dtype() == DType::float32) check_elements(call, static_cast<const float*>(elements(call.in(0))));
  else check_elements(call, static_cast<const double*>(elements(call.in(0))));
}

}  // namespace

Tensor binary_cross_entropy(const Operand& input, const Operand& target, Reduction reduction) {
  const Call call(op, input, target);
  check_pair(call);
  check_probabilities(call);
  const CallScope scope(call);
  const Tensor &x = call.in(0), &t = call.in(1);
  const auto bounded = [](const Tensor& y) { return maximum(y, -100); };
  return reduced(-(t * bounded(log(x)) + (1 - t) * bounded(log1p(-x))), reduction);
}

}  // namespace xgrad
