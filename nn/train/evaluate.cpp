#include <xgrad/nn/train/evaluate.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/train/internal/evaluate.hpp>

namespace xgrad::nn {
bool detail::names_classes(const Tensor& outputs, const Tensor& targets, bool one_hot) {
  if (!targets.defined() || outputs.rank() != 2 || outputs.shape()[1] < 2) return false;
  return (targets.dtype() == int64 && targets.rank() == 1) || (one_hot && targets.shape() == outputs.shape());
}

Tensor detail::loss_of(const LossFunction& loss, const Tensor& outputs, const Tensor& targets, Site site) {
  Tensor value = loss(outputs, targets);
  if (!value.defined() || value.size() != 1)
    xgrad::detail::fail<ShapeError>("loss", site, "the loss function gave {}, expected one number",
                                    xgrad::detail::describe(value));
  return value;
}

Evaluation detail::evaluate_until(bool (*stop)() noexcept, Module& module, const LossFunction& loss, DataLoader& loader,
                                  const EvaluationOptions& options, Site site) {
  const NoGrad guard;
  const detail::EvalMode mode(module);
  Evaluation all;
  double loss_sum = 0;
  std::int64_t correct = 0, named = 0;
  for (std::int64_t i = 0; i < loader.count() && !(stop && stop()); ++i) {
    const Batch batch = loader.at(0, i, site);
    const Tensor outputs = module(batch.input);
    const std::int64_t n = batch.input.shape()[0];
    loss_sum += loss_of(loss, outputs, batch.target, site).item() * static_cast<double>(n);
    all.samples += n;
    if (names_classes(outputs, batch.target, options.one_hot)) {
      named += n;
      correct += count_correct(outputs, batch.target, site);
      if (options.confusion) options.confusion->add(outputs, batch.target, site);
    }
  }
  if (all.samples > 0) all.loss = loss_sum / static_cast<double>(all.samples);
  if (named > 0) all.accuracy = static_cast<double>(correct) / static_cast<double>(named);
  return all;
}

Evaluation evaluate(Module& module, const LossFunction& loss, DataLoader& loader, const EvaluationOptions& options,
                    Site site) {
  return detail::evaluate_until(nullptr, module, loss, loader, options, site);
}

}  // namespace xgrad::nn
