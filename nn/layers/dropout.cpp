#include <xgrad/nn/layers/dropout.hpp>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/ops/dropout.hpp>

namespace xgrad::nn {

Dropout::Dropout(double p, Random& random, Site site) : p_(p), random_(random.bits()) {
  layers::check_probability("Dropout", "p", p, site);
}

Tensor Dropout::forward(const Operand& x) { return dropout(x, p_, random_, training()); }

void Dropout::members(Members& m) { m("random", random_); }

std::string Dropout::options() const { return fmt::format("p {}", p_); }

}  // namespace xgrad::nn
