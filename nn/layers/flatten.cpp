#include <xgrad/nn/layers/flatten.hpp>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/ops/flatten.hpp>
#include <xgrad/ops/unflatten.hpp>
#include <xgrad/ops/unsqueeze.hpp>

namespace xgrad::nn {

Tensor Flatten::forward(const Operand& x) {
  const int rank = layers::shape_of(x).rank();
  return rank == 1 && start_ == 1 && end_ == -1 ? unsqueeze(x, 1) : flatten(x, start_, end_);
}

std::string Flatten::options() const { return start_ == 1 && end_ == -1 ? "" : fmt::format("{} to {}", start_, end_); }

Tensor Unflatten::forward(const Operand& x) { return unflatten(x, axis_, shape_); }

std::string Unflatten::options() const { return fmt::format("{} to {}", axis_, to_string(shape_)); }

}  // namespace xgrad::nn
