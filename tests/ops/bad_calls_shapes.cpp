#include "bad_calls.hpp"

#include <xgrad/xgrad.hpp>

namespace xgrad::tests {
namespace {

const Tensor a = variable(zeros({2, 3})), b = variable(zeros({2, 4})), s = variable(1.0),
             empty_rows = variable(zeros({0, 3}));
const Tensor d = variable(zeros({2, 3}, float64)), i = zeros({2, 3}, int64), m = zeros({2, 3}, boolean), none_at_all;
const Tensor far = tensor({0, 3}, int64);

}  // namespace

// clang-format off
std::vector<BadCall> bad_shapes() {
  return {
      bad<ShapeError>("permute", [] { return permute(a, {0, 0}); }, {"axis 0 is named twice", "float32 (2, 3)"}),
      bad<ShapeError>("permute", [] { return permute(a, {}); }, {"no axes given"}),
      bad<ShapeError>("swapaxes", [] { return swapaxes(a, 0, 2); }, {"axis 2 for float32 (2, 3), expected -2 to 1"}),
      bad<ShapeError>("movedim", [] { return movedim(a, {0, 1}, 0); }, {"2 axes to 1 places", "float32 (2, 3)"}),
      bad<ShapeError>("movedim", [] { return movedim(a, {0, 1}, {1, -1}); }, {"axis -1 is named twice"}),
      bad<ShapeError>("flatten", [] { return flatten(a, 1, 0); }, {"axes 1 to 0 of float32 (2, 3)"}),
      bad<ShapeError>("flatten", [] { return flatten(s, 1); }, {"axis 1"}),
      bad<ShapeError>("unflatten", [] { return unflatten(a, 1, {2, 2}); }, {"axis 1 of float32 (2, 3) has 3", "(2, 2)"}),
      bad<ShapeError>("squeeze", [] { return squeeze(a, 1); }, {"axis 1 of float32 (2, 3) has 3 elements, expected 1"}),
      bad<ShapeError>("unsqueeze", [] { return unsqueeze(a, 3); }, {"axis 3", "expected -3 to 2"}),
      bad<ShapeError>("expand", [] { return expand(a, {-1, 2, 3}); }, {"extent -1 of a new axis", "float32 (2, 3)"}),
      bad<ShapeError>("expand", [] { return expand(a, {4, 3}); }, {"float32 (2, 3)", "(4, 3)"}),
      bad<ValueError>("split", [] { return split(a, 0)[0]; }, {"parts of 0", "float32 (2, 3)"}),
      bad<ShapeError>("split", [] { return split(a, {1, 1}, 1)[0]; }, {"1 + 1", "axis 1 of float32 (2, 3)"}),
      bad<ValueError>("chunk", [] { return chunk(a, 0)[0]; }, {"0 parts", "float32 (2, 3)"}),
      bad<ShapeError>("pad", [] { return pad(a, {{1, 1}}); }, {"1 widths for float32 (2, 3), which has 2 axes"}),
      bad<ValueError>("pad", [] { return pad(a, {{0, 0}, {-1, 0}}); }, {"widths -1 and 0 on axis 1 of float32 (2, 3)"}),
      bad<ShapeError>("pad", [] { return pad(a, {{0, 0}, {0, 3}}, PadMode::reflect); }, {"widths 0 and 3 on axis 1"}),
      bad<ShapeError>("pad", [] { return pad(empty_rows, {{1, 0}, {0, 0}}, PadMode::replicate); }, {"float32 (0, 3)"}),
      bad<ShapeError>("flip", [] { return flip(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ShapeError>("roll", [] { return roll(a, 1, {0, 0}); }, {"axis 0 is named twice"}),
      bad<ValueError>("tile", [] { return tile(a, {2, -1}); }, {"-1 times", "float32 (2, 3)"}),
      bad<ValueError>("repeat_interleave", [] { return repeat_interleave(a, -1, 0); }, {"-1 times", "float32 (2, 3)"}),
      bad<ShapeError>("repeat_interleave", [] { return repeat_interleave(a, INT64_MAX, 1); }, {"more than 2^40"}),
      bad<ShapeError>("tril", [] { return tril(s); }, {"float32 ()"}),
      bad<ShapeError>("triu", [] { return triu(zeros({3})); }, {"float32 (3,)"}),
      bad<ShapeError>("diagonal", [] { return diagonal(a, 0, 1, -1); }, {"axis -1 is named twice"}),
      bad<ShapeError>("diag", [] { return diag(zeros({2, 2, 2})); }, {"float32 (2, 2, 2)"}),
      bad<ShapeError>("trace", [] { return trace(zeros({2, 2, 2})); }, {"float32 (2, 2, 2)"}),
      bad<ShapeError>("meshgrid", [] { return meshgrid({a})[0]; }, {"argument 1 is (2, 3)"}),
      bad<ValueError>("meshgrid", [] { return meshgrid({})[0]; }, {"no tensors"}),
      // by index
      bad<ValueError>("take", [] { return take(a, tensor({0, 6}, int64)); }, {"index 6 at (1,) is outside [-6, 6)", "float32 (2, 3)"}),
      bad<DTypeError>("take", [] { return take(a, a); }, {"argument 2 is float32 (2, 3), expected int64"}),
      bad<ShapeError>("gather", [] { return gather(a, 0, zeros({2, 4}, int64)); }, {"x is (2, 3)", "(2, 4)"}),
      bad<ValueError>("gather", [] { return gather(a, 0, i + 2.0); }, {"index 2 at (0, 0)", "[0, 2)"}),
      bad<ShapeError>("index_select", [] { return index_select(a, 0, i); }, {"(2, 3), expected one axis"}),
      bad<ValueError>("index_select", [] { return index_select(a, 0, far); }, {"index 3 at (1,)"}),
      bad<ValueError>("gather", [] { return gather(a, 0, i - 1.0); }, {"index -1 at (0, 0)", "[0, 2)"}),
      bad<ValueError>("index_add", [] { return index_add(a, 0, tensor({-1, 0}, int64), a); }, {"index -1 at (0,)"}),
      bad<ShapeError>("index_add", [] { return index_add(a, 0, tensor({0}, int64), b); }, {"source is (2, 4), expected (1, 3)"}),
      bad<DTypeError>("index_add", [] { return index_add(a, 0, tensor({0, 1}, int64), d); }, {"float32 (2, 3)", "float64 (2, 3)"}),
      bad<ShapeError>("scatter_add", [] { return scatter_add(a, 0, i, zeros({2, 2})); }, {"source is (2, 2)", "(2, 3)"}),
      bad<ValueError>("scatter_add", [] { return scatter_add(a, 0, i + 2.0, a); }, {"index 2 at (0, 0)"}),
      bad<DTypeError>("scatter", [] { return scatter(a, 0, i, d); }, {"float32 (2, 3)", "float64 (2, 3)"}),
      bad<ValueError>("scatter", [] { return scatter(a, 1, i - 4.0, a); }, {"index -4 at (0, 0)"}),
      bad<ShapeError>("embedding", [] { return embedding(s, i); }, {"float32 (), expected (n, d)"}),
      bad<ValueError>("embedding", [] { return embedding(a, i - 1.0); }, {"index -1 at (0, 0) is outside [0, 2)"}),
      bad<DTypeError>("masked_select", [] { return masked_select(a, a); }, {"mask is float32 (2, 3), expected boolean"}),
      bad<ShapeError>("masked_select", [] { return masked_select(b, m); }, {"x is (2, 4), mask is (2, 3)"}),
      bad<ShapeError>("index", [] { return index(a, {0, 0, 0}); }, {"3 axes", "float32 (2, 3)"}),
      bad<ShapeError>("index", [] { return index(a, {2}); }, {"index 2 on axis 0 of float32 (2, 3)"}),
      bad<ShapeError>("index", [] { return index(a, {ellipsis, ellipsis}); }, {"more than one ellipsis"}),
      bad<ShapeError>("index", [] { return index(a, {zeros({3}, boolean)}); }, {"the mask is (3,), at axis 0"}),
      bad<ShapeError>("index", [] { return index(a, {zeros({2}, int64), zeros({3}, int64)}); }, {"(2,) and (3,)"}),
      bad<ValueError>("index", [] { return index(a, {far}); }, {"index 3 at (1,)"}),
      bad<DTypeError>("index", [] { return index(a, {a}); }, {"expected int64"}),
      bad<ValueError>("nonzero", [] { return nonzero(none_at_all); }, {"undefined"}),
      bad<ValueError>("one_hot", [] { return one_hot(far, 3); }, {"index 3 at (1,) is outside [0, 3)"}),
      bad<ValueError>("one_hot", [] { return one_hot(far, 0); }, {"0 classes"}),
      bad<ValueError>("arange", [] { return arange(0, 1, 0); }, {"from 0 to 1 by 0"}),
      bad<ShapeError>("arange", [] { return arange(0, 1e15); }, {"more than 2^40"}),
      bad<ValueError>("linspace", [] { return linspace(0, 1, -1); }, {"-1 numbers"}),
      bad<ShapeError>("eye", [] { return eye(-1); }, {"-1"}),
      // reductions and order
      bad<ShapeError>("prod", [] { return prod(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<DTypeError>("prod", [] { return prod(m); }, {"boolean (2, 3)"}),
      bad<DTypeError>("amax", [] { return amax(m); }, {"boolean (2, 3)"}),
      bad<ValueError>("amin", [] { return amin(empty_rows, 0); }, {"float32 (0, 3)"}),
      bad<ShapeError>("argmax", [] { return argmax(a, {0, 1}); }, {"2 axes"}),
      bad<ValueError>("argmin", [] { return argmin(empty_rows); }, {"of no elements"}),
      bad<DTypeError>("argmin", [] { return argmin(m); }, {"boolean (2, 3)"}),
      bad<ShapeError>("all", [] { return all(m, 2); }, {"axis 2 for"}),
      bad<ShapeError>("any", [] { return any(a, 2); }, {"axis 2 for"}),
      bad<DTypeError>("var", [] { return var(i); }, {"int64 (2, 3), expected float32 or float64"}),
      bad<ShapeError>("std", [] { return xgrad::std(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ValueError>("norm", [] { return norm(a, 0); }, {"ord is 0"}),
      bad<ShapeError>("norm", [] { return norm(a, 2, 5); }, {"axis 5 for float32 (2, 3)"}),
      bad<ShapeError>("cumsum", [] { return cumsum(s, 0); }, {"float32 ()"}),
      bad<DTypeError>("cumsum", [] { return cumsum(m, 0); }, {"boolean (2, 3)"}),
      bad<ShapeError>("cumprod", [] { return cumprod(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ShapeError>("argsort", [] { return argsort(a, 2); }, {"axis 2 for float32 (2, 3)"}),
      bad<ShapeError>("sort", [] { return sort(a, -3).values; }, {"axis -3 for float32 (2, 3)"}),
      bad<ShapeError>("topk", [] { return topk(a, 4).values; }, {"k is 4, axis 1 of float32 (2, 3) has 3"}),
      bad<ValueError>("median", [] { return median(empty_rows, 0); }, {"of no elements: axis 0 of float32 (0, 3)"}),
  };
}
// clang-format on

}  // namespace xgrad::tests
