#include <xgrad/ops/binary_cross_entropy.hpp>

#include <algorithm>

#include <xgrad/engine/internal/trace.hpp>
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

template <class T> i64 first_outside(const T* p, i64 n) {
  return std::find_if(p, p + n, [](T x) { return x < 0 || x > 1; }) - p;
}

void check_probabilities(const Call& call) {
  const Tensor& p = call.in(0);
  const auto first = [dtype = p.dtype(), n = p.size()](const void* elements) {
    return dtype == DType::float32 ? first_outside(static_cast<const float*>(elements), n)
                                   : first_outside(static_cast<const double*>(elements), n);
  };
  if (launch_check({reads(p)}, [first, n = p.size()](Pointers from) { return first(from[0]) == n; })) return;
  const i64 i = first(elements(p));
  const double value = p.dtype() == DType::float32 ? static_cast<const float*>(elements(p))[i]
                                                   : static_cast<const double*>(elements(p))[i];
  call.fail<ValueError>("element {} of {} is {}, expected a probability", position(call.shape(0), i), describe(p),
                        value);
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
