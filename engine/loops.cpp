#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>

#include <algorithm>

namespace xgrad::detail {

bool broadcast(const Shape& a, const Shape& b, Shape& out) noexcept {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  out = longer;
  const int offset = longer.rank() - shorter.rank();
  for (int i = 0; i < shorter.rank(); ++i) {
    const i64 n = longer[offset + i], m = shorter[i];
    if (n != m && n != 1 && m != 1) return false;
    out[offset + i] = n == 1 ? m : n;
  }
  return true;
}

Shape broadcast(const char* op, Site site, const Tensor* const* in, int count, const char* const* names) {
  Shape shape = in[0]->shape();
  for (int i = 1; i < count; ++i) {
    const Shape before = shape;
    if (broadcast(before, in[i]->shape(), shape)) continue;
    std::string list;
    for (int k = 0; k < count; ++k)
      list += fmt::format("{}{} is {}", k ? ", " : "", names ? names[k] : fmt::format("argument {}", k + 1),
                          to_string(in[k]->shape()));
    fail<ShapeError>(op, site, "shapes do not broadcast: {}", list);
  }
  if (count > 1 && shape.too_large())
    fail<ShapeError>(op, site, "the result {} would have more than 2^40 elements", to_string(shape));
  return shape;
}

Loop broadcast_loop(const Shape& out, const Shape* const* shapes, int count) noexcept {
  Loop loop;  // only the axes and operands in use are set
  const int operands = count + 1;
  // Nearly every loop: each operand has the output's shape, or is 0-d.
  bool plain = true;
  for (int k = 0; plain && k < count; ++k) plain = !shapes[k] || shapes[k]->rank() == 0 || *shapes[k] == out;
  if (plain) {
    loop.axes = 1;
    loop.extent[0] = out.size();
    loop.stride[0][0] = 1;
    for (int k = 0; k < count; ++k) loop.stride[k + 1][0] = shapes[k] && shapes[k]->rank() > 0;
    return loop;
  }
  const int rank = out.rank();
  i64 strides[Loop::max_operands][max_rank] = {};
  i64 dense = 1;
  for (int axis = rank; axis-- > 0; dense *= out[axis]) strides[0][axis] = dense;
  for (int k = 0; k < count; ++k) {
    if (!shapes[k]) continue;
    const Shape& shape = *shapes[k];
    const int offset = rank - shape.rank();
    dense = 1;
    for (int axis = rank; axis-- > offset; dense *= shape[axis - offset])
      strides[k + 1][axis] = shape[axis - offset] == 1 ? 0 : dense;
  }
  loop.axes = 0;
  for (int axis = 0; axis < rank; ++axis) {
    if (out[axis] == 1) continue;
    const int last = loop.axes - 1;
    bool merges = last >= 0;
    for (int k = 0; merges && k < operands; ++k) merges = loop.stride[k][last] == strides[k][axis] * out[axis];
    const int place = merges ? last : loop.axes++;
    loop.extent[place] = merges ? loop.extent[place] * out[axis] : out[axis];
    for (int k = 0; k < operands; ++k) loop.stride[k][place] = strides[k][axis];
  }
  if (loop.axes == 0) {
    loop.axes = 1;
    loop.extent[0] = 1;
    for (int k = 0; k < operands; ++k) loop.stride[k][0] = 0;
  }
  return loop;
}

ElementwiseRun::ElementwiseRun(ElementwiseKernel kernel_, const Loop& loop_, const i64* items_, int operands_,
                               bool accumulate_)
    : kernel(kernel_), loop(loop_), operands(operands_), accumulate(accumulate_) {
  std::copy_n(items_, operands, items);
  if (loop.axes > 1) return;
  extent = loop.extent[0];
  for (int k = 0; k < operands; ++k) aligned |= static_cast<u32>(loop.stride[k][0] == 1) << k;
}

void ElementwiseRun::run(Pointers p, i64 begin, i64 end) const {
  Loop piece;
  piece.axes = 1;
  piece.extent[0] = end - begin;
  const void* in[Loop::max_operands] = {};
  for (int k = 0; k < operands; ++k) {
    piece.stride[k][0] = loop.stride[k][0];
    if (k > 0 && p[k]) in[k - 1] = static_cast<const char*>(p[k]) + begin * loop.stride[k][0] * items[k];
  }
  kernel(piece, static_cast<char*>(p[0]) + begin * loop.stride[0][0] * items[0], in, accumulate);
}

void ElementwiseRun::operator()(Pointers p) const {
  constexpr i64 tile = 32 * 1024;  // elements; about 10 us of work, above what waking a thread costs
  const int count = operands - 1;
  i64 total = 1;
  for (int axis = 0; axis < loop.axes; ++axis) total *= loop.extent[axis];
  if (total == 0) return;
  if (total < 2 * tile) return kernel(loop, p[0], p + 1, accumulate);
  // An element's bits do not depend on where a loop starts, so any cut will do: the outermost axis that is long enough.
  int cut = 0;
  while (cut + 1 < loop.axes && loop.extent[cut] < 8) ++cut;
  const i64 cut_extent = loop.extent[cut];
  const i64 least = cut == loop.axes - 1 ? 64 : 1;
  const i64 step = std::max(least, cut_extent * tile / total / least * least);
  parallel_for((cut_extent + step - 1) / step, [&](i64 part) {
    Loop piece = loop;
    const i64 start = part * step;
    piece.extent[cut] = std::min(step, cut_extent - start);
    const void* pointers[Loop::max_operands] = {};
    for (int k = 0; k < count; ++k)
      if (p[k + 1]) pointers[k] = static_cast<const char*>(p[k + 1]) + start * loop.stride[k + 1][cut] * items[k + 1];
    kernel(piece, static_cast<char*>(p[0]) + start * loop.stride[0][cut] * items[0], pointers, accumulate);
  });
}

}  // namespace xgrad::detail
