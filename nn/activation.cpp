#include <xgrad/nn/activation.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/ops/gelu.hpp>
#include <xgrad/ops/identity.hpp>
#include <xgrad/ops/leaky_relu.hpp>
#include <xgrad/ops/relu.hpp>
#include <xgrad/ops/reshape.hpp>
#include <xgrad/ops/sigmoid.hpp>
#include <xgrad/ops/silu.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/softplus.hpp>
#include <xgrad/ops/tanh.hpp>

namespace xgrad::nn {

Tensor Identity::forward(const Operand& x) { return identity(x); }
Tensor ReLU::forward(const Operand& x) { return relu(x); }
Tensor LeakyReLU::forward(const Operand& x) { return leaky_relu(x, slope_); }
Tensor Sigmoid::forward(const Operand& x) { return sigmoid(x); }
Tensor Tanh::forward(const Operand& x) { return tanh(x); }
Tensor Softplus::forward(const Operand& x) { return softplus(x); }
Tensor GELU::forward(const Operand& x) { return gelu(x); }
Tensor SiLU::forward(const Operand& x) { return silu(x); }
Tensor Softmax::forward(const Operand& x) { return softmax(x, axis_); }

Tensor Flatten::forward(const Operand& x) {
  const Shape shape = x.tensor ? x.tensor->shape() : Shape();
  if (shape.rank() == 0)
    detail::fail<ShapeError>("flatten", x.site, "x wants a first axis: it is {}", to_string(shape));
  std::int64_t features = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) features *= shape[axis];
  return reshape(x, {shape[0], features});
}

}  // namespace xgrad::nn
