#pragma once
#include <string>
#include <vector>

#include <xgrad/nn/module.hpp>

// numpy's own files (numpy.org/neps/nep-0001-npy-format.html). A file is written whole or not at all.
// Read are versions 1 to 3, C and Fortran order, either byte order. float32, float64, int64 and bool stay as they are;
// what is narrower is widened to the dtype that holds it exactly: float16 to float32, integers of up to 32 bits to
// int64. Everything else (uint64, complex, text, objects, records) is refused by name.
namespace xgrad::nn {

/// Writes one array, as numpy.save does, byte for byte. IoError: the file cannot be written.
void save_npy(const std::string& path, const Tensor& tensor, Site site = Site::here());
/// Reads one array, plain or gzip'd, as numpy.load does. IoError: no such file, or anything in it that is not as it
/// should be, with the place and the reason. Memory grows with the file's size, never with what its header claims.
Tensor load_npy(const std::string& path, Site site = Site::here());

/// Writes arrays by name, as numpy.savez does, or numpy.savez_compressed. ValueError: two arrays of one name, an empty
/// name, or one that is not UTF-8. IoError: the file cannot be written.
void save_npz(const std::string& path, const std::vector<NamedTensor>& tensors, bool compressed = false,
              Site site = Site::here());
/// Reads all arrays of such a file, in the order in which they lie in it. IoError: as load_npy.
std::vector<NamedTensor> load_npz(const std::string& path, Site site = Site::here());

}  // namespace xgrad::nn
