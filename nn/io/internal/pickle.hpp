#pragma once
// Private to nn/io: the part of Python's pickles that torch.save writes for a dict of tensors.
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/nn/io/internal/elements.hpp>

namespace xgrad::nn::detail {

/// A tensor as the pickle describes it: elements of a storage, which is a file of its own.
struct PickledTensor {
  std::string name;
  std::string storage;
  ElementType type;
  std::uint64_t storage_size;  // elements
  std::uint64_t offset;        // of the first element in the storage, in elements
  std::vector<std::uint64_t> shape, strides;
};

/// The dict of tensors that `pickle` stands for. Nothing is executed: the few names that may occur are known here, and
/// any other is refused. IoError: anything else, with the byte of `source`, whose content this is.
std::vector<PickledTensor> read_pickle(const Bytes& source, std::string_view pickle);

/// The pickle of such a dict; the tensors are contiguous in storages "0", "1", ...
std::string write_pickle(const std::vector<PickledTensor>& tensors);

}  // namespace xgrad::nn::detail
