#include <xgrad/ops/internal/pick.hpp>

#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/trace.hpp>
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
  launch({writes(out), reads(x), reads(index)}, [=, row = form.row](Pointers p) {
    parallel_for((count + piece - 1) / piece, [&](i64 part) {
      const i64 first = part * piece;
      copy(p[1], static_cast<const i64*>(p[2]) + first, std::min(piece, count - first), row,
           static_cast<char*>(p[0]) + first * row * item);
    });
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
  const auto sum = dtype == DType::float32   ? sum_rows<float>
                   : dtype == DType::float64 ? sum_rows<double>
                                             : sum_rows<i64>;
  launch({writes(out), reads(call.in(0)), reads(index)},
         [sum, bytes = form.whole.size() * item_size(dtype), count = index.size(), row = form.row](Pointers p) {
           std::memset(p[0], 0, static_cast<std::size_t>(bytes));
           sum(p[1], static_cast<const i64*>(p[2]), count, row, p[0]);
         });
  return call.record(out.finish(), form, index);
}

void pick_vjp(Vjp& d) { d.add(0, add_rows(d.grad(), d.extra(), d.attributes<Pick>())); }

Tensor checked_indices(const Call& call, int argument, i64 n, bool from_end) {
  const Tensor& index = call.in(argument);
  if (index.dtype() != DType::int64)
    call.fail<DTypeError>("argument {} is {}, expected int64 indices", argument + 1, describe(index));
  const i64 count = index.size(), least = from_end ? -n : 0;
  const auto first_outside = [count, least, n](const i64* i) {
    return std::find_if(i, i + count, [&](i64 at) { return at < least || at >= n; }) - i;
  };
  if (!launch_check({reads(index)},
                    [=](Pointers p) { return first_outside(static_cast<const i64*>(p[0])) == count; })) {
    const i64 k = first_outside(indices(index));
    call.fail<ValueError>("index {} at {} is outside [{}, {}): argument 1 is {}", indices(index)[k],
                          position(index.shape(), k), least, n, describe(call.in(0)));
  }
  Output out(DType::int64, index.shape());
  launch({writes(out), reads(index)}, [count, n](Pointers p) {
    const auto* from = static_cast<const i64*>(p[1]);
    std::transform(from, from + count, static_cast<i64*>(p[0]), [n](i64 i) { return i < 0 ? i + n : i; });
  });
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
  launch({writes(out), reads(index)}, [axis, shape, strides](Pointers p) {
    auto* to = static_cast<i64*>(p[0]);
    i64 at[max_rank] = {};
    for (i64 k = 0; k < shape.size(); ++k) {
      i64 place = static_cast<const i64*>(p[1])[k] * strides[axis];
      for (int i = 0; i < shape.rank(); ++i)
        if (i != axis) place += at[i] * strides[i];
      to[k] = place;
      for (int i = shape.rank(); i-- > 0;) {
        if (++at[i] < shape[i]) break;
        at[i] = 0;
      }
    }
  });
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
  launch({writes(rows), reads(index)}, [m, count](Pointers p) {
    auto* to = static_cast<i64*>(p[0]);
    for (i64 o = 0; o < m.outer && count > 0; ++o)
      for (i64 k = 0; k < count; ++k) *to++ = o * m.n + static_cast<const i64*>(p[1])[k];
  });
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
