#include <xgrad/nn/parameter.hpp>

namespace xgrad::nn {

Parameter& Parameter::operator=(const Parameter& other) {
  if (this == &other) return *this;
  if (defined() && other.defined() && shape() == other.shape() && dtype() == other.dtype()) {
    assign(other);
    zero_grad();
  } else {
    Tensor::operator=(copy_of(other));
  }
  return *this;
}

}  // namespace xgrad::nn
