#pragma once
// Matrices in the last two axes, and batches of them in the axes in front, which broadcast.
#include <xgrad/engine/internal/loops.hpp>

namespace xgrad::detail {

/// The axes in front of a matrix.
inline Shape batch_of(const Tensor& x) { return Shape(x.shape().begin(), x.rank() - 2); }

/// Where the matrices of a batch lie: the n-th one's index in an operand that is broadcast to it.
class BatchIndex {
 public:
  BatchIndex(const Shape& batch, const Shape& operand) {
    const Shape* shapes[] = {&operand};
    loop_ = broadcast_loop(batch, shapes, 1);
  }
  i64 operator()(i64 n) const noexcept {
    i64 index = 0;
    for (int axis = loop_.axes; axis-- > 0; n /= loop_.extent[axis])
      index += n % loop_.extent[axis] * loop_.stride[1][axis];
    return index;
  }

 private:
  Loop loop_;
};

}  // namespace xgrad::detail
