#include <xgrad/ops/internal/pick.hpp>

#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/ops/internal/along.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/strided.hpp>

#include <algorithm>

namespace xgrad::detail {
namespace {

const Op op = pick_op("pick");
const Op add_op{.name = "add_rows", .reads = {reads_extra}, .vjp = [](Vjp& d) {
                  d.add(0, pick(d.grad(), d.extra(), d.attributes<Pick>()));
                }};

const i64* indices(const Tensor& index) noexcept { return static_cast<const i64*>(elements(index)); }

template <class T> void copy_rows(const void* from, const i64* index, i64 count, i64 row, void* to) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  if (row == 1)
    for (i64 k = 0; k < count; ++k) target[k] = source[index[k]];
  else
    for (i64 k = 0; k < count; ++k)
      std::memcpy(target + k * row, source + index[k] * row, static_cast<std::size_t>(row) * sizeof(T));
}

template <class T> void sum_rows(const void* from, const i64* index, i64 count, i64 row, void* to) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  for (i64 k = 0; k < count; ++k)
    for (i64 i = 0; i < row; ++i) target[index[k] * row + i] += source[k * row + i];
}

}  // namespace

Tensor pick(Call& call, const Tensor& index, const Pick& form) {
  const Tensor& x = call.in(0);
  const i64 item = item_size(x.dtype()), count = index.size(),
            piece = std::max<i64>(1, 32 * 1024 / std::max<i64>(1, form.row));
  Output out(x.dtype(), form.shape);
  const auto copy = item == 1 ? copy_rows<u8> : item == 4 ? copy_rows<u32> : copy_rows<u64>;
  parallel_for((count + piece - 1) / piece, [&](i64 part) {
    const i64 first = part * piece;
    copy(elements(x), indices(index) + first, std::min(piece, count - first), form.row,
         static_cast<char*>(out.get()) + first * form.row * item);
  });
  return call.record(out.finish(), form, index);
}

Tensor pick(const Operand& x, const Tensor& index, const Pick& form) {
  Call call(op, x);
  return pick(call, index, form);
}

Tensor add_rows(const Operand& x, const Tensor& index, const Pick& form) {
  Call call(add_op, x);
  const DType dtype = call.in(0).dtype();
  Output out(dtype, form.whole);
  std::memset(out.get(), 0, static_cast<std::size_t>(form.whole.size() * item_size(dtype)));
  const auto sum = dtype == DType::float32   ? sum_rows<float>
                   : dtype == DType::float64 ? sum_rows<double>
                                             : sum_rows<i64>;
  sum(elements(call.in(0)), indices(index), index.size(), form.row, out.get());
  return call.record(out.finish(), form, index);
}

void pick_vjp(Vjp& d) { d.add(0, add_rows(d.grad(), d.extra(), d.attributes<Pick>())); }

Tensor checked_indices(const Call& call, int argument, i64 n, bool from_end) {
  const Tensor& index = call.in(argument);
  if (index.dtype() != DType::int64)
    call.fail<DTypeError>("argument {} is {}, expected int64 indices", argument + 1, describe(index));
  Output out(DType::int64, index.shape());
  auto* to = static_cast<i64*>(out.get());
  for (i64 k = 0; k < index.size(); ++k) {
    const i64 i = indices(index)[k];
    if (i < (from_end ? -n : 0) || i >= n)
      call.fail<ValueError>("index {} at {} is outside [{}, {}): argument 1 is {}", i, position(index.shape(), k),
                            from_end ? -n : 0, n, describe(call.in(0)));
    to[k] = i < 0 ? i + n : i;
  }
  return out.finish();
}

Tensor places_along(const Call& call, int axis, int argument) {
  const Shape &whole = call.shape(0), &shape = call.shape(argument);
  bool fits = shape.rank() == whole.rank();
  for (int i = 0; fits && i < shape.rank(); ++i) fits = i == axis || shape[i] <= whole[i];
  if (!fits)
    call.fail<ShapeError>("along axis {}, x is {}, the indices are {}: expected as many axes, none longer", axis,
                          to_string(whole), to_string(shape));
  const Tensor index = checked_indices(call, argument, whole[axis]);
  const Strides strides = dense_strides(whole);
  Output out(DType::int64, shape);
  auto* to = static_cast<i64*>(out.get());
  i64 at[max_rank] = {};
  for (i64 k = 0; k < index.size(); ++k) {
    i64 place = indices(index)[k] * strides[axis];
    for (int i = 0; i < shape.rank(); ++i)
      if (i != axis) place += at[i] * strides[i];
    to[k] = place;
    for (int i = shape.rank(); i-- > 0;) {
      if (++at[i] < shape[i]) break;
      at[i] = 0;
    }
  }
  return out.finish();
}

Slices slices_along(const Call& call, int axis, int argument) {
  const Shape& whole = call.shape(0);
  const Tensor index = checked_indices(call, argument, whole[axis]);
  if (index.rank() != 1)
    call.fail<ShapeError>("argument {} is {}, expected one axis", argument + 1, to_string(index.shape()));
  const Middle m = middle(whole, axis);
  const i64 count = index.size();
  Slices slices{{}, whole, m.inner};
  slices.shape[axis] = count;
  if (slices.shape.too_large())
    call.fail<ShapeError>("the result {} would have more than 2^40 elements", to_string(slices.shape));
  Output rows(DType::int64, {m.outer * count});
  auto* to = static_cast<i64*>(rows.get());
  for (i64 o = 0; o < m.outer && count > 0; ++o)
    for (i64 k = 0; k < count; ++k) *to++ = o * m.n + indices(index)[k];
  slices.rows = rows.finish();
  return slices;
}

Tensor set_places(const Tensor& mask) {
  const auto* from = static_cast<const bool*>(elements(mask));
  const i64 n = mask.size();
  Output out(DType::int64, {std::count(from, from + n, true)});
  auto* to = static_cast<i64*>(out.get());
  for (i64 i = 0; i < n; ++i)
    if (from[i]) *to++ = i;
  return out.finish();
}

}  // namespace xgrad::detail
