#include <xgrad/nn/parameter.hpp>

namespace xgrad::nn {
namespace {

bool alike(const Tensor& a, const Tensor& b) {
  return a.defined() && b.defined() && a.shape() == b.shape() && a.dtype() == b.dtype();
}

}  // namespace

Parameter::Parameter(const Parameter& other) : Tensor(other.defined() ? xgrad::variable(other.clone()) : Tensor()) {
  if (other.frozen()) freeze();
}

Parameter& Parameter::operator=(const Parameter& other) {
  if (this == &other) return *this;
  if (!alike(*this, other)) return *this = Parameter(other);
  assign(other);
  freeze(other.frozen());
  zero_grad();
  return *this;
}

void Parameter::freeze(bool on) {
  if (!defined() || on == frozen()) return;
  if (on) {
    zero_grad();
    leaf_ = *this;
    Tensor::operator=(leaf_.detach());
  } else {
    Tensor::operator=(std::exchange(leaf_, Tensor()));
  }
}

Buffer& Buffer::operator=(const Buffer& other) {
  if (this == &other) return *this;
  if (alike(*this, other)) assign(other);
  else Tensor::operator=(other.clone());
  return *this;
}

}  // namespace xgrad::nn
