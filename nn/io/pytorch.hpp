#pragma once
#include <string>
#include <vector>

#include <xgrad/nn/module.hpp>

// The files of torch.save: a zip archive with a pickle that says what the tensors are, and their storages.
namespace xgrad::nn {

/// Reads a dict of tensors as `torch.save(model.state_dict(), path)` writes it, in its order:
/// `model.load_state(load_pytorch(path))`. float32, float64, int64 and bool stay as they are; half and bfloat16 become
/// float32, narrower integers int64. Strides are honoured, tensors that share a storage get elements of their own.
/// The pickle is read by an interpreter of its own that knows what such a dict needs and runs nothing: whatever else a
/// file asks for (a whole module, nested dicts, files from before PyTorch 1.6) is refused by name.
/// IoError: no such file, or anything in it that is not as it should be. Memory grows with the file's size alone.
std::vector<NamedTensor> load_pytorch(const std::string& path, Site site = Site::here());

/// Writes a file that `torch.load(path)` reads as a dict of tensors, whole or not at all. ValueError: two tensors of
/// one name, or one that is undefined. IoError: the file cannot be written.
void save_pytorch(const std::string& path, const std::vector<NamedTensor>& tensors, Site site = Site::here());

}  // namespace xgrad::nn
