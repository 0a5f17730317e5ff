#include <xgrad/ops/matmul.hpp>

#include <xgrad/engine/internal/observe.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/kernels/arrays.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/batch.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/reshape.hpp>

#include <algorithm>

namespace xgrad {
namespace detail {
namespace {

/// A column times a row: the gradient of weights from a single sample.
struct Outer {
  DType dtype;
  i64 extent, grain;  // see Sliceable; a grain is a row
  u32 aligned = 1;

  void operator()(Pointers p) const {
    const i64 step = std::max<i64>(1, (i64{1} << 17) / grain) * grain;  // products of vectors wait for memory
    if (extent < 2 * step) return run(p, 0, extent);
    parallel_for((extent + step - 1) / step, [&](i64 i) { run(p, i * step, std::min(extent, (i + 1) * step)); });
  }
  void run(Pointers p, i64 begin, i64 end) const {
    if (dtype == DType::float32) rows<float>(p, begin, end);
    else rows<double>(p, begin, end);
  }
  template <class T> void rows(Pointers p, i64 begin, i64 end) const {
    array_kernels<T>().outer(static_cast<T*>(p[0]) + begin, (end - begin) / grain, grain, grain, T{1},
                             static_cast<const T*>(p[1]) + begin / grain, static_cast<const T*>(p[2]));
  }
};

struct Transposed {
  bool a, b;
};

const Op op{.name = "matmul", .reads = {reads_in(1), reads_in(0)}, .vjp = [](Vjp& d) {
              const auto [ta, tb] = d.attributes<Transposed>();
              const Tensor& g = d.grad();
              if (d.wanted(0)) d.add(0, ta ? matmul(d.in(1), tb, g, true) : matmul(g, false, d.in(1), !tb));
              if (d.wanted(1)) d.add(1, tb ? matmul(g, true, d.in(0), ta) : matmul(d.in(0), !ta, g, false));
            }};

}  // namespace

Tensor matmul(const Operand& a, bool ta, const Operand& b, bool tb) {
  Call call(op, a, b);
  const DType dtype = call.floating();
  const Shape &sa = call.shape(0), &sb = call.shape(1);
  const int ra = sa.rank(), rb = sb.rank();
  const i64 m = sa[ra - (ta ? 1 : 2)], k = sa[ra - (ta ? 2 : 1)];
  const i64 inner = sb[rb - (tb ? 1 : 2)], n = sb[rb - (tb ? 2 : 1)];
  if (k != inner) call.fail<ShapeError>("inner dimensions differ: a is {}, b is {}", to_string(sa), to_string(sb));
  const Shape batch_a = batch_of(call.in(0)), batch_b = batch_of(call.in(1));
  Shape shape;
  if (!broadcast(batch_a, batch_b, shape))
    call.fail<ShapeError>("batches do not broadcast: a is {}, b is {}", to_string(sa), to_string(sb));
  const Shape batch = shape;
  const CallScope scope(call);
  shape.push_back(m);
  shape.push_back(n);

  if (observed()) note({setting("transposed", ta, tb)});
  Output out(dtype, shape);
  const i64 count = batch.size(), item = item_size(dtype);
  const Elements what[] = {writes(out), reads(call.in(0)), reads(call.in(1))};
  if (count == 1 && k == 1 && m > 1 && n > 1) {
    launch(what, 3, Outer{dtype, m * n, n});
    return call.record(out.finish(), Transposed{ta, tb});
  }
  if (count == 1 && m * n > 0) {  // no batch: a small product is over before where its matrices lie is worked out
    launch(what, 3,
           [=](Pointers p) { product(dtype, ta, tb, m, n, k, p[1], ta ? m : k, p[2], tb ? k : n, p[0], n, false); });
    return call.record(out.finish(), Transposed{ta, tb});
  }
  const BatchIndex index_a(batch, batch_a), index_b(batch, batch_b);
  const i64 together = std::max<i64>(1, parallel_product / std::max<i64>(1, m * n * k));
  const i64 tiles = shape.size() == 0 ? 0 : (count + together - 1) / together;
  launch(what, 3, [=](Pointers p) {
    const auto *from_a = static_cast<const char*>(p[1]), *from_b = static_cast<const char*>(p[2]);
    auto* to = static_cast<char*>(p[0]);
    parallel_for(tiles, [&](i64 tile) {
      for (i64 i = tile * together; i < std::min(count, (tile + 1) * together); ++i)
        product(dtype, ta, tb, m, n, k, from_a + index_a(i) * m * k * item, ta ? m : k,
                from_b + index_b(i) * k * n * item, tb ? k : n, to + i * m * n * item, n, false);
    });
  });
  return call.record(out.finish(), Transposed{ta, tb});
}

}  // namespace detail

// What is not a batch of matrices on both sides is made one, around the same product: a vector by an axis of 1, and a
// batch against a single matrix by stacking its rows, which is one product forward and one for each derivative.
Tensor matmul(const Operand& a, const Operand& b, const MatmulOptions& options) {
  using namespace detail;
  Call call(op, a, b);
  call.floating();
  const Shape &sa = call.shape(0), &sb = call.shape(1);
  const int ra = sa.rank(), rb = sb.rank();
  const auto [ta, tb] = options;
  if (ra < (ta ? 2 : 1) || rb < (tb ? 2 : 1))
    call.fail<ShapeError>("needs one axis or more{}: a is {}, b is {}", ta || tb ? ", two where transposed" : "",
                          to_string(sa), to_string(sb));
  if (ra >= 2 && (rb > 2 || (ra == 2 && rb == 2) || (ta && rb == 2))) return matmul(a, ta, b, tb);
  const i64 k = sa[ra - (ta ? 2 : 1)];
  if (k != sb[rb == 1 ? 0 : rb - (tb ? 1 : 2)])
    call.fail<ShapeError>("inner dimensions differ: a is {}, b is {}", to_string(sa), to_string(sb));

  const CallScope scope(call);
  Shape rows(sa.begin(), ra - 1);
  if (ta) rows[ra - 2] = sa[ra - 1];
  const bool is_matrix = ra == 2 || ta;
  const Tensor left = is_matrix ? call.in(0) : reshape(call.in(0), Shape{rows.size(), k});
  const Tensor right = rb == 1 ? reshape(call.in(1), Shape{k, 1}) : call.in(1);
  Shape shape = rb > 2 ? batch_of(call.in(1)) : rows;
  if (rb > 1) shape.push_back(sb[rb - (tb ? 2 : 1)]);
  return reshape(matmul(left, ta, right, tb), shape);
}

}  // namespace xgrad
