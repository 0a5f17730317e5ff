#include <xgrad/ops/index.hpp>

#include <algorithm>

#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/pick.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/nonzero.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op = pick_op("index");

using Order = std::vector<int>;

bool is_mask(const Index& entry) {
  return entry.kind == Index::Kind::tensor && entry.positions.dtype() == DType::boolean;
}

/// How many axes of x an entry stands for; the ellipsis: none yet.
int axes_of(const Index& entry) {
  if (entry.kind == Index::Kind::new_axis || entry.kind == Index::Kind::rest) return 0;
  return is_mask(entry) ? entry.positions.rank() : 1;
}

/// Where a mask is set, axis by axis.
void append_set(const Call& call, const Tensor& mask, int axis, std::vector<Index>& out) {
  for (int i = 0; i < mask.rank(); ++i)
    if (mask.shape()[i] != call.shape(0)[axis + i])
      call.fail<ShapeError>("the mask is {}, at axis {} of {}", to_string(mask.shape()), axis, describe(call.in(0)));
  const Tensor set = nonzero(mask);
  for (int i = 0; i < mask.rank(); ++i) out.push_back(slice(set, {{}, i}));
}

/// One entry for each axis, and new axes: without masks and ellipses, and with numbers as tensors where there are
/// tensors.
std::vector<Index> written_out(const Call& call, const std::vector<Index>& entries) {
  const int rank = call.shape(0).rank();
  int named = 0;
  bool tensors = false;
  for (const Index& entry : entries) {
    if (entry.kind == Index::Kind::tensor && !entry.positions.defined())
      call.fail<ValueError>("an entry is an undefined tensor");
    if (is_mask(entry) && entry.positions.rank() == 0) call.fail<ShapeError>("a 0-d mask, expected an axis or more");
    named += axes_of(entry);
    tensors = tensors || entry.kind == Index::Kind::tensor;
  }
  if (named > rank) call.fail<ShapeError>("entries for {} axes, x is {}", named, describe(call.in(0)));
  std::vector<Index> out;
  int axis = 0, open = rank - named;
  const auto append_rest = [&] {
    out.insert(out.end(), static_cast<std::size_t>(open), Slice());
    axis += std::exchange(open, 0);
  };
  bool ellipsis_met = false;
  for (const Index& entry : entries) {
    if (entry.kind == Index::Kind::rest) {
      if (std::exchange(ellipsis_met, true)) call.fail<ShapeError>("more than one ellipsis");
      append_rest();
    } else if (is_mask(entry)) {
      append_set(call, entry.positions, axis, out);
    } else if (entry.kind == Index::Kind::position && tensors) {
      out.push_back(full({}, static_cast<double>(entry.slice.start), DType::int64));
    } else {
      out.push_back(entry);
    }
    axis += axes_of(entry);
  }
  append_rest();
  return out;
}

/// The axes of x whose entries are tensors, then the others.
Order indexed_first(const std::vector<Index>& entries) {
  Order order;
  for (const bool tensors : {true, false})
    for (std::size_t i = 0; i < entries.size(); ++i)
      if ((entries[i].kind == Index::Kind::tensor) == tensors) order.push_back(static_cast<int>(i));
  return order;
}

Shape joint_shape(const Call& call, const std::vector<Index>& entries) {
  Shape shape;
  for (const Index& entry : entries) {
    if (entry.kind != Index::Kind::tensor) continue;
    const Shape before = shape;
    if (!broadcast(before, entry.positions.shape(), shape))
      call.fail<ShapeError>("positions do not broadcast: {} and {}", to_string(before),
                            to_string(entry.positions.shape()));
  }
  return shape;
}

/// Of x whose first axes are indexed, by entry.
Tensor by_tensors(const Tensor& x, const std::vector<Index>& entries, const Shape& joint) {
  const Operand from(x);
  Tensor places = zeros(joint, DType::int64);
  int axis = 0;
  for (const Index& entry : entries) {
    if (entry.kind != Index::Kind::tensor) continue;
    const Operand positions(entry.positions);
    const Call each(op, from, positions);
    const i64 n = x.shape()[axis++];
    places = places * static_cast<double>(n) + checked_indices(each, 1, n, true);
  }
  Shape shape = joint;
  i64 row = 1;
  for (; axis < x.rank(); ++axis) {
    row *= x.shape()[axis];
    shape.push_back(x.shape()[axis]);
  }
  Call call(op, from);
  return pick(call, places, {x.shape(), shape, row});
}

/// The first `moved` axes put behind the next `before`.
Tensor put_back(const Tensor& y, int moved, int before) {
  Order order;
  for (int i = 0; i < before; ++i) order.push_back(moved + i);
  for (int i = 0; i < moved; ++i) order.push_back(i);
  for (int i = moved + before; i < y.rank(); ++i) order.push_back(i);
  return reordered(y, order.data());
}

}  // namespace

Tensor index(const Operand& x, const std::vector<Index>& entries) {
  const Call call(op, x);
  const CallScope scope(call);
  std::vector<Index> all = written_out(call, entries);
  std::vector<Slice> slices;
  for (const Index& entry : all)
    if (entry.kind != Index::Kind::new_axis) slices.push_back(entry.slice);
  const Tensor part = slice(call.in(0), slices.data(), slices.size());
  all.erase(
      std::remove_if(all.begin(), all.end(), [](const Index& entry) { return entry.kind == Index::Kind::position; }),
      all.end());
  Shape shape;
  int axis = 0;
  for (const Index& entry : all)
    shape.push_back(entry.kind == Index::Kind::new_axis ? 1 : part.shape()[axis++], call.site());
  const Tensor spread = reshape(part, shape);

  const auto is_tensor = [](const Index& entry) { return entry.kind == Index::Kind::tensor; };
  const auto first = std::find_if(all.begin(), all.end(), is_tensor);
  if (first == all.end()) return spread;
  const auto last = std::find_if(all.rbegin(), all.rend(), is_tensor).base();
  const Shape joint = joint_shape(call, all);
  const Tensor y = by_tensors(reordered(spread, indexed_first(all).data()), all, joint);
  const bool together = std::all_of(first, last, is_tensor);
  return together ? put_back(y, joint.rank(), static_cast<int>(first - all.begin())) : y;
}

}  // namespace xgrad
