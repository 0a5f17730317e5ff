#include <xgrad/ops/binary_cross_entropy.hpp>

#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/div.hpp>
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

Tensor bounded(const Tensor& y) { return maximum(y, -100); }
/// Both logarithms are bounded, and so is what divides the derivative: it is finite at 0 and 1 too, as in PyTorch.
constexpr double smallest = 1e-12F;  // PyTorch's, to the last bit

constexpr Reads both = reads_in(0) | reads_in(1);
const Op op{.name = "binary_cross_entropy", .reads = {both, reads_in(0)}, .vjp = [](Vjp& d) {
              const Tensor g = weight(d.grad(), d.attributes<Loss>()), p = d.in(0);
              if (d.wanted(0)) d.add(0, g * ((p - d.in(1)) / maximum(p * (1 - p), smallest)));
              if (d.wanted(1)) d.add(1, g * (bounded(log1p(-p)) - bounded(log(p))));
            }};

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
  Call call(op, input, target);
  check_pair(call);
  check_probabilities(call);
  const Tensor &p = call.in(0), &t = call.in(1);
  const Tensor value = no_grad([&] { return reduced((t - 1) * bounded(log1p(-p)) - t * bounded(log(p)), reduction); });
  return call.record(value, Loss(reduction, call.shape(0)));
}

}  // namespace xgrad
