// What a trainer's options bring with them.
#include <xgrad/compile.hpp>
#include <xgrad/nn/optim/clip.hpp>
#include <xgrad/nn/train/trainer.hpp>

namespace xgrad::nn::detail {
namespace {

struct CompiledRunner final : StepRunner {
  xgrad::detail::Plans plans;
  std::vector<Tensor> run(const std::vector<Tensor>& in, Function f, void* context) override {
    return plans.run(in, f, context);
  }
};

}  // namespace

StepRunner* compiled_runner() { return new CompiledRunner; }

Tensor clip_norm(const std::vector<Tensor>& parameters, double most, Site site) {
  return clip_grad_norm_(parameters, most, 2, site);
}

Tensor clip_value(const std::vector<Tensor>& parameters, double most, Site site) {
  clip_grad_value_(parameters, most, site);
  return {};
}

}  // namespace xgrad::nn::detail
