#include <xgrad/nn/layers/embedding.hpp>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::nn {

Embedding::Embedding(std::int64_t count, std::int64_t features, Random& random, const EmbeddingOptions& options,
                     Site site)
    : options_(options) {
  std::optional<std::int64_t>& padding = options_.padding_idx;
  layers::check_least("Embedding", 1, {{"count", count}, {"features", features}}, site);
  if (padding && (*padding < -count || *padding >= count))
    detail::fail<ValueError>("Embedding", site, "padding_idx is {}, expected -{} to {}", *padding, count, count - 1);
  if (options.max_norm && !(*options.max_norm > 0 && options.norm_type > 0))
    detail::fail<ValueError>("Embedding", site, "max_norm is {} and norm_type {}, expected numbers above 0",
                             *options.max_norm, options.norm_type);
  if (padding && *padding < 0) *padding += count;
  Tensor start = normal(random, {count, features}, 0, 1, options.dtype, site);
  if (padding) start = where(unsqueeze(arange(count), 1) == static_cast<double>(*padding), 0, start);
  weight = Parameter(std::move(start), site);
}

Tensor Embedding::forward(const Operand& index) {
  const Operand rows(weight, index.site.file, index.site.line);
  Tensor y = embedding(rows, index);
  const detail::SiteScope scope("embedding", index.site);
  if (options_.max_norm) {
    const NoGrad guard;
    const Tensor norms = norm(weight, options_.norm_type, {1}, true), most = full({}, *options_.max_norm, y.dtype());
    const Tensor is_long = logical_and(counts(*index.tensor) > 0, norms > most);
    weight.assign(where(is_long, weight * (most / (norms + 1e-7)), weight));
  }
  if (options_.max_norm) y = embedding(rows, index);
  // What is no constant here is 0, and has the gradient.
  if (options_.scale_grad_by_freq) y = y.detach() + (y - y.detach()) / embedding(counts(*index.tensor), index);
  if (!options_.padding_idx) return y;
  return where(unsqueeze(index == static_cast<double>(*options_.padding_idx), -1), y.detach(), y);
}

/// How often each row is named, (count, 1).
Tensor Embedding::counts(const Tensor& index) const {
  const Tensor flat = reshape(index, {-1});
  const DType dtype = weight.dtype();
  return index_add(zeros({weight.shape()[0], 1}, dtype), 0, flat, ones({flat.size(), 1}, dtype));
}

void Embedding::members(Members& m) { m("weight", weight); }

std::string Embedding::options() const {
  std::string text = options_.padding_idx ? fmt::format("padding_idx {}", *options_.padding_idx) : "";
  if (options_.max_norm) text += fmt::format("{}max_norm {}", text.empty() ? "" : ", ", *options_.max_norm);
  return text;
}

}  // namespace xgrad::nn
