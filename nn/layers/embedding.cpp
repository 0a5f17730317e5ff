#include <xgrad/nn/layers/embedding.hpp>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/ops/arange.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/unsqueeze.hpp>
#include <xgrad/ops/where.hpp>

namespace xgrad::nn {

Embedding::Embedding(std::int64_t count, std::int64_t features, Random& random, const EmbeddingOptions& options,
                     Site site)
    : padding_(options.padding_idx) {
  layers::check_least("Embedding", 1, {{"count", count}, {"features", features}}, site);
  if (padding_ && (*padding_ < -count || *padding_ >= count))
    detail::fail<ValueError>("Embedding", site, "padding_idx is {}, expected -{} to {}", *padding_, count, count - 1);
  if (padding_ && *padding_ < 0) *padding_ += count;
  Tensor start = normal(random, {count, features}, 0, 1, options.dtype, site);
  if (padding_) start = where(unsqueeze(arange(count), 1) == static_cast<double>(*padding_), 0, start);
  weight = Parameter(std::move(start), site);
}

Tensor Embedding::forward(const Operand& index) {
  const Operand rows(weight, index.site.file, index.site.line);
  if (!padding_) return embedding(rows, index);
  const detail::SiteScope scope("embedding", index.site);
  const Tensor y = embedding(rows, index);
  return where(unsqueeze(index == static_cast<double>(*padding_), -1), y.detach(), y);
}

void Embedding::members(Members& m) { m("weight", weight); }

std::string Embedding::options() const { return padding_ ? fmt::format("padding_idx {}", *padding_) : ""; }

}  // namespace xgrad::nn
