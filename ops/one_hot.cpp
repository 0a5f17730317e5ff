#include <xgrad/ops/one_hot.hpp>

#include <xgrad/ops/arange.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "one_hot"};

}  // namespace

Tensor one_hot(const Operand& labels, std::int64_t classes, DType dtype) {
  const Call call(op, labels);
  if (classes < 1) call.fail<ValueError>("{} classes, expected 1 or more", classes);
  const Tensor places = checked_indices(call, 0, classes);
  Shape shape = places.shape();
  shape.push_back(1, call.site());
  const CallScope scope(call);
  return to(reshape(places, shape) == arange(classes), dtype);
}

}  // namespace xgrad
