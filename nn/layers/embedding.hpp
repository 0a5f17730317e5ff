#pragma once
#include <cstdint>
#include <optional>

#include <xgrad/engine/random.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

struct EmbeddingOptions {
  /// A row that starts as zeros and gets no gradient; negative ones count from the end.
  std::optional<std::int64_t> padding_idx = {};
  /// Rows that are looked up are first scaled down, in place, where their norm, of order norm_type, is above this.
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;  ///< divides a row's gradient by how often the row is in the batch
  DType dtype = float32;
};

/// embedding(): the rows of weight (count, features), at first from N(0, 1), by int64 indices.
class Embedding : public Module {
 public:
  /// ValueError: an extent < 1, padding_idx outside of the rows, max_norm or norm_type not above 0.
  Embedding(std::int64_t count, std::int64_t features, Random& random, const EmbeddingOptions& options = {},
            Site site = Site::here());
  Tensor forward(const Operand& index) override;
  void members(Members& m) override;
  std::string options() const override;

  Parameter weight;

 private:
  Tensor counts(const Tensor& index) const;

  EmbeddingOptions options_;
};

}  // namespace xgrad::nn
