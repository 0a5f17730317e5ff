#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

#include <xgrad/nn/data/loader.hpp>
#include <xgrad/nn/metrics.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/train/callback.hpp>

namespace xgrad::nn {

/// What is to become small: any function of outputs and targets to a tensor of one element.
///     [](const Tensor& outputs, const Tensor& labels) { return cross_entropy(outputs, labels); }
class LossFunction {
 public:
  template <class F>
  requires(!std::is_base_of_v<LossFunction, F> && std::is_invocable_r_v<Tensor, F&, const Tensor&, const Tensor&>)
      LossFunction(F f)
      : body_(new Owner<F>(std::move(f))) {}
  LossFunction(LossFunction&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  LossFunction& operator=(LossFunction&& other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~LossFunction() { delete body_; }

  Tensor operator()(const Tensor& outputs, const Tensor& targets) const { return body_->call(outputs, targets); }

 private:
  struct Body {
    Body() = default;
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;
    virtual ~Body() = default;
    virtual Tensor call(const Tensor& outputs, const Tensor& targets) = 0;
  };
  template <class F> struct Owner final : Body {
    F f;
    explicit Owner(F&& given) : f(std::move(given)) {}
    Tensor call(const Tensor& outputs, const Tensor& targets) override { return f(outputs, targets); }
  };
  Body* body_;
};

struct Evaluation {
  double loss = unknown;      ///< mean over all samples, if that of a batch is one
  double accuracy = unknown;  ///< where classes are learned
  std::int64_t samples = 0;
};
struct EvaluationOptions {
  bool one_hot = false;                  ///< targets name classes too where they have the outputs' shape
  ConfusionMatrix* confusion = nullptr;  ///< to add to
};
/// A module's figures on all batches of a loader's epoch 0, in eval() and without a tape; its modes are put back.
/// Classes are learned where outputs are (n, classes) and targets int64 (n,).
Evaluation evaluate(Module& module, const LossFunction& loss, DataLoader& loader, const EvaluationOptions& options = {},
                    Site site = Site::here());

}  // namespace xgrad::nn
