#pragma once
#include <xgrad/engine/random.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// dropout() while training, x else. It draws from a stream of its own, which starts where `random` says; a copy of the
/// module draws what the module would.
class Dropout : public Module {
 public:
  /// ValueError: p outside [0, 1].
  Dropout(double p, Random& random, Site site = Site::here());
  Tensor forward(const Operand& x) override;
  void members(Members& m) override;
  std::string options() const override;

  double p() const noexcept { return p_; }

 private:
  double p_;
  Random random_;
};

}  // namespace xgrad::nn
