#include <xgrad/ops/reshape.hpp>

#include <span>

#include <xgrad/engine/internal/op.hpp>
#include <xgrad/engine/internal/trace.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "reshape", .vjp = [](Vjp& d) { d.add(0, reshape(d.grad(), d.shape(0))); }};

/// An inline 0-d value has no elements to share.
Tensor reshaped(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x.detach();
  if ((x.rank() > 0 && shape.rank() > 0) || tracing()) return view(x, shape);
  Output out(x.dtype(), shape);
  std::memcpy(out.get(), elements(x), static_cast<std::size_t>(item_size(x.dtype())));
  return out.finish();
}

std::string written(std::span<const i64> extents) { return fmt::format("({})", fmt::join(extents, ", ")); }

Shape filled_in(const Call& call, std::span<const i64> extents) {
  const Tensor& x = call.in(0);
  Shape shape;
  int open = -1;
  i64 known = 1;
  for (i64 extent : extents) {
    if (extent == -1 && open < 0) {
      open = shape.rank();
      extent = 1;
    }
    if (extent < 0) call.fail<ShapeError>("to {}: one extent may be -1, the others are 0 or more", written(extents));
    shape.push_back(extent, call.site());
    known *= extent;
  }
  if (open >= 0) {
    if (known == 0 || x.size() % known != 0)
      call.fail<ShapeError>("{} has {} elements: no extent for the -1 in {} fits", describe(x), x.size(),
                            written(extents));
    shape[open] = x.size() / known;
  }
  return shape;
}

Tensor reshape(Call& call, const Shape& shape) {
  const Tensor& x = call.in(0);
  if (shape.size() != x.size())
    call.fail<ShapeError>("{} has {} elements, shape {} has {}", describe(x), x.size(), to_string(shape), shape.size());
  return call.record(reshaped(x, shape));
}

}  // namespace

Tensor reshape(const Operand& x, const Shape& shape) {
  Call call(op, x);
  return reshape(call, shape);
}

Tensor reshape(const Operand& x, std::initializer_list<std::int64_t> extents) {
  return reshape(x, extents.begin(), extents.size());
}

Tensor reshape(const Operand& x, const std::int64_t* extents, std::size_t count) {
  Call call(op, x);
  return reshape(call, filled_in(call, {extents, count}));
}

}  // namespace xgrad
