#include <xgrad/ops/to.hpp>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/kernels/arrays.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "to", .vjp = [](Vjp& d) { d.add(0, to(d.grad(), d.attributes<DType>())); }};

}  // namespace

Tensor to(const Operand& x, DType dtype) {
  Call call(op, x);
  const Tensor& in = call.in(0);
  const DType from = in.dtype();
  if (from == dtype) return in;
  if (!is_dtype(dtype)) call.fail<DTypeError>("{} is no dtype", static_cast<int>(dtype));
  Output out(dtype, in.shape());
  const auto index = [](DType d) { return static_cast<int>(d) - 1; };
  const auto convert = array_kernels().convert[index(from)][index(dtype)];
  if (dtype != DType::int64 || !is_floating(from)) {
    launch({writes(out), reads(in)}, [convert, n = in.size()](Pointers p) { convert(p[1], p[0], n); });
    return call.record(out.finish(), from);
  }
  const i64 refused = convert(elements(in), out.get(), in.size());
  if (refused >= 0) {
    const double value = from == DType::float32 ? static_cast<const float*>(elements(in))[refused]
                                                : static_cast<const double*>(elements(in))[refused];
    call.fail<ValueError>("element {} of {} is {:g}, which int64 cannot hold", refused, describe(in), value);
  }
  return call.record(out.finish(), from);
}

}  // namespace xgrad
