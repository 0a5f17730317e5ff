#include <xgrad/ops/to.hpp>

#include <algorithm>

#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/kernels/arrays.hpp>
#include <xgrad/ops/internal/axes.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "to", .vjp = [](Vjp& d) { d.add(0, to(d.grad(), d.attributes<DType>())); }};

template <class T> i64 first_misfit(const void* elements, i64 n) {
  const T* const x = static_cast<const T*>(elements);
  return std::find_if(x, x + n, [](T value) { return !(value >= T{-0x1p63} && value < T{0x1p63}); }) - x;
}

void check_fits_int64(const Call& call) {
  const Tensor& x = call.in(0);
  const bool single = x.dtype() == DType::float32;
  const auto first = [single, n = x.size()](const void* p) {
    return single ? first_misfit<float>(p, n) : first_misfit<double>(p, n);
  };
  if (launch_check({reads(x)}, [first, n = x.size()](Pointers p) { return first(p[0]) == n; })) return;
  const i64 i = first(elements(x));
  const double value = single ? static_cast<const float*>(elements(x))[i] : static_cast<const double*>(elements(x))[i];
  call.fail<ValueError>("element {} of {} is {:g}, which int64 cannot hold", i, describe(x), value);
}

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
  if (dtype == DType::int64 && is_floating(from)) check_fits_int64(call);
  launch({writes(out), reads(in)}, [convert, n = in.size()](Pointers p) { convert(p[1], p[0], n); });
  return call.record(out.finish(), from);
}

}  // namespace xgrad
