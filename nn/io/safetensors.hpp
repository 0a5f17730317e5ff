#pragma once
#include <string>
#include <utility>
#include <vector>

#include <xgrad/nn/module.hpp>

// The safetensors format (github.com/huggingface/safetensors): eight bytes of length, a JSON header with each tensor's
// dtype, shape and place, then the elements, little-endian.
namespace xgrad::nn {

/// What a file says of itself: names and texts, {{"model", "cnn"}}.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Writes tensors (dtypes F32, F64, I64, BOOL) to `path`, whole or not at all: `save_safetensors(path, model.state())`.
/// ValueError: two tensors (or metadata) of one name, a tensor that is undefined, text that is not UTF-8. IoError: the
/// file cannot be written.
void save_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors, Site site = Site::here());
void save_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors, const Metadata& metadata,
                      Site site = Site::here());

/// Reads a file back, in the order of the elements in it: `model.load_state(load_safetensors(path))`.
/// IoError: no such file, or anything in it that is not as it should be, with the tensor and the reason. Memory grows
/// with the file's size, never with what its header claims.
std::vector<NamedTensor> load_safetensors(const std::string& path, Site site = Site::here());
/// The same, with its metadata, in the order of their names.
std::vector<NamedTensor> load_safetensors(const std::string& path, Metadata& metadata, Site site = Site::here());

}  // namespace xgrad::nn
