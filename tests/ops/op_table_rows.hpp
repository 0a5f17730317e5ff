#pragma once
// The parts of the table, and what adds a row to one.
#include "op_table.hpp"

namespace xgrad::tests {

void add_linalg(std::vector<OpRow>& rows);
void add_rearrangements(std::vector<OpRow>& rows);
void add_indexing(std::vector<OpRow>& rows);
void add_statistics(std::vector<OpRow>& rows);
void add_contractions(std::vector<OpRow>& rows);
void add_layers(std::vector<OpRow>& rows);
void add_more_losses(std::vector<OpRow>& rows);
void add_user_ops(std::vector<OpRow>& rows);

struct Rows {
  std::vector<OpRow>& to;
  using Call = std::function<Tensor(const Tensors&)>;

  void row(std::string name, std::string text, Call call, std::vector<Argument> arguments) const {
    to.push_back({std::move(name), std::move(text), std::move(call), std::move(arguments)});
  }
  /// Of an op that records others, not itself.
  void composite(std::string name, std::string text, Call call, std::vector<Argument> arguments) const {
    row(std::move(name), std::move(text), std::move(call), std::move(arguments));
    to.back().composite = true;
  }
  /// Of one without a derivative.
  void constant(std::string name, std::string text, Call call, std::vector<Argument> arguments) const {
    row(std::move(name), std::move(text), std::move(call), std::move(arguments));
    to.back().differentiable = false;
  }
};

}  // namespace xgrad::tests
