#include <xgrad/nn/data/dataset.hpp>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/data/internal/rethrow.hpp>
#include <xgrad/ops/index_select.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/stack.hpp>

namespace xgrad::nn {

using xgrad::detail::fail;

Random Draw::random(std::int64_t index) const noexcept {
  constexpr std::uint64_t sample_stream = 0x73616d70ull << 32;  // "samp", then the epoch
  Random random(seed, sample_stream + static_cast<std::uint64_t>(epoch));
  random.set_position(static_cast<std::uint64_t>(index) << 20);
  return random;
}

Sample Dataset::vary(std::int64_t index, Random&) const { return get(index); }

Batch Dataset::batch(const Draw& draw) const {
  std::vector<Tensor> inputs, targets;
  for (std::int64_t i = 0; i < draw.count; ++i) try {
      Random random = draw.random(draw.indices[i]);
      Sample sample = vary(draw.indices[i], random);
      if (!sample.input.defined()) fail<ValueError>("get", Site::here(), "there is no input");
      if (i > 0 && sample.target.defined() == targets.empty())
        fail<ValueError>("get", Site::here(), "only some of the batch have a target");
      if (i > 0 && sample.input.shape() != inputs[0].shape())
        fail<ShapeError>("get", Site::here(), "the input is {}, the first of the batch {}",
                         to_string(sample.input.shape()), to_string(inputs[0].shape()));
      inputs.push_back(std::move(sample.input));
      if (sample.target.defined()) targets.push_back(std::move(sample.target));
    } catch (...) {
      detail::rethrow(fmt::format("sample {}", draw.indices[i]));
    }
  return {stack(inputs), targets.empty() ? Tensor() : stack(targets)};
}

TensorDataset::TensorDataset(Tensor input, Tensor target, Site site)
    : input_(std::move(input)), target_(std::move(target)) {
  const char* op = "TensorDataset";
  if (!input_.defined() || input_.rank() == 0) fail<ShapeError>(op, site, "the input has no axis of samples");
  if (target_.defined() && (target_.rank() == 0 || target_.shape()[0] != input_.shape()[0]))
    fail<ShapeError>(op, site, "the input is {}, the target {}: other numbers of samples", to_string(input_.shape()),
                     to_string(target_.shape()));
}

Sample TensorDataset::get(std::int64_t index) const {
  return {slice(input_, {index}), target_.defined() ? slice(target_, {index}) : Tensor()};
}

Batch TensorDataset::batch(const Draw& draw) const {
  const Tensor index = from_data(draw.indices, {draw.count});
  return {index_select(input_, 0, index), target_.defined() ? index_select(target_, 0, index) : Tensor()};
}

}  // namespace xgrad::nn
