#pragma once
// The layers that are compared with PyTorch's: as layers.py builds them, under the same names.
#include <functional>
#include <string>
#include <vector>
#include <xgrad/nn.hpp>

namespace xgrad::tests {

using TensorList = std::vector<Tensor>;

struct LayerRow {
  std::string name;
  nn::AnyModule module;
  /// All that it gives; null: its value at the first input.
  std::function<TensorList(nn::Module&, const TensorList&)> call = nullptr;

  TensorList outputs(nn::Module& m, const TensorList& in) const { return call ? call(m, in) : TensorList{m(in.at(0))}; }
};

/// In float64, all in training.
std::vector<LayerRow> layer_table();
std::vector<LayerRow> sequence_table();

}  // namespace xgrad::tests
