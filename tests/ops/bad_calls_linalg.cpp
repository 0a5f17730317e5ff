#include <cmath>

#include "bad_calls.hpp"

#include <xgrad/xgrad.hpp>

namespace xgrad::tests {
namespace {

const Tensor a = variable(zeros({2, 3})), v = variable(zeros({3})), i = eye(2, int64), none_at_all;
const Tensor one = variable(eye(2)), singular = variable(ones({2, 2})),
             batch = variable(stack({one, singular, one, singular}));
const Tensor holes = reshape(batch, {2, 2, 2, 2}), not_finite = tensor({{1, 2}, {NAN, 1}});
const Tensor large = broadcast_to(1.0, {40'000, 1});

}  // namespace

// clang-format off
std::vector<BadCall> bad_linalg() {
  return {
      bad<ShapeError>("solve", [] { return solve(a, v); }, {"expected square matrices", "float32 (2, 3)"}),
      bad<ShapeError>("solve", [] { return solve(v, v); }, {"expected two axes or more", "float32 (3,)"}),
      bad<ShapeError>("solve", [] { return solve(one, v); }, {"rows differ: a is (2, 2), b is (3,)"}),
      bad<ShapeError>("solve", [] { return solve(one, zeros({3, 2})); }, {"rows differ: a is (2, 2), b is (3, 2)"}),
      bad<ShapeError>("solve", [] { return solve(one, tensor(1.0)); }, {"rows differ: a is (2, 2), b is ()"}),
      bad<ShapeError>("solve", [] { return solve(batch, zeros({3, 2, 1})); }, {"batches do not broadcast: a is (4, 2, 2), b is (3, 2, 1)"}),
      bad<ValueError>("solve", [] { return solve(singular, a); }, {"the matrix, float32 (2, 2), is singular"}),
      bad<ValueError>("solve", [] { return solve(holes, a); }, {"the matrix at (0, 1) of float32 (2, 2, 2, 2) is singular"}),
      bad<DTypeError>("solve", [] { return solve(one, zeros({2}, float64)); }, {"float32 (2, 2)", "float64 (2,)"}),
      bad<DTypeError>("solve", [] { return solve(i, i); }, {"int64 (2, 2)"}),
      bad<ShapeError>("inv", [] { return inv(a); }, {"expected square matrices", "float32 (2, 3)"}),
      bad<ValueError>("inv", [] { return inv(batch); }, {"the matrix at (1,) of float32 (4, 2, 2) is singular"}),
      bad<ValueError>("inv", [] { return inv(none_at_all); }, {"undefined"}),
      bad<ShapeError>("det", [] { return det(a); }, {"expected square matrices", "float32 (2, 3)"}),
      bad<ShapeError>("det", [] { return det(1.0); }, {"expected two axes or more", "float32 ()"}),
      bad<DTypeError>("det", [] { return det(i); }, {"int64 (2, 2)"}),
      bad<ShapeError>("slogdet", [] { return slogdet(a).sign; }, {"expected square matrices", "float32 (2, 3)"}),
      bad<ValueError>("slogdet", [] { Tape tape; return tape.gradient(sum(slogdet(batch).logabsdet), batch); }, {"the matrix at (1,) of float32 (4, 2, 2) is singular"}),
      bad<ShapeError>("cholesky", [] { return cholesky(a); }, {"expected square matrices", "float32 (2, 3)"}),
      bad<ValueError>("cholesky", [] { return cholesky(singular - 2.0); }, {"the matrix, float32 (2, 2), is not positive definite"}),
      bad<ValueError>("cholesky", [] { return cholesky(holes); }, {"the matrix at (0, 1) of float32 (2, 2, 2, 2) is not"}),
      bad<ValueError>("cholesky", [] { return cholesky(not_finite); }, {"is not positive definite"}),
      bad<ValueError>("cholesky", [] { return cholesky(none_at_all); }, {"undefined"}),
      bad<ShapeError>("qr", [] { return qr(v).q; }, {"expected two axes or more", "float32 (3,)"}),
      bad<ShapeError>("qr", [] { return qr(large).q; }, {"an extent of float32 (40000, 1) is more than 23000"}),
      bad<DTypeError>("qr", [] { return qr(i).r; }, {"int64 (2, 2)"}),
      bad<ShapeError>("eigh", [] { return eigh(a).values; }, {"expected square matrices", "float32 (2, 3)"}),
      bad<ValueError>("eigh", [] { return eigh(not_finite).values; }, {"the matrix, float32 (2, 2), has an element that is nan"}),
      bad<ValueError>("eigh", [] { return eigh(none_at_all).vectors; }, {"undefined"}),
      bad<ShapeError>("svd", [] { return svd(v).s; }, {"expected two axes or more", "float32 (3,)"}),
      bad<ValueError>("svd", [] { return svd(stack({one, not_finite})).s; }, {"the matrix at (1,) of float32 (2, 2, 2) has an element that is nan"}),
  };
}
// clang-format on

}  // namespace xgrad::tests
