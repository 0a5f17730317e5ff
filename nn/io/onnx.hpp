#pragma once
#include <string>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// The names in the file.
struct OnnxOptions {
  std::string input = "input", output = "output", graph = "model";
};

/// Writes what model(x) computes, in eval(), as an ONNX file (opset 17) for onnxruntime and others, whole or not at
/// all. Axis 0 of `example`, whose other extents and dtype the input then has, is the batch, and may have any extent in
/// the file. The model runs twice on rows of `example`, and what it does is written: so forward() may be anything that
/// is made of dense layers, convolutions, pools, norms, activations, arithmetic, sums, reshapes, slices and such.
/// Parameters and buffers keep their names in state(). ValueError, with the module and the line: an operation that has
/// no counterpart; numbers or branches that change with the batch's values or size. IoError: the file cannot be
/// written.
void save_onnx(const std::string& path, Module& model, const Tensor& example, const OnnxOptions& options = {},
               Site site = Site::here());

}  // namespace xgrad::nn
