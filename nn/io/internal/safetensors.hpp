#pragma once
// Private to nn: all that a safetensors file can hold, and a seal that shows whether it is what was written.
#include <string>
#include <vector>

#include <xgrad/nn/io/safetensors.hpp>

namespace xgrad::nn::detail {

struct SafetensorsFile {
  std::vector<NamedTensor> tensors;
  Metadata texts;  // the format's __metadata__
};

/// A sealed file ends with a tensor "checksum", int64 (4): the SHA-256 of all bytes before its own.
void write_safetensors(const char* op, const std::string& path, const SafetensorsFile& content, bool sealed, Site site);
/// What is in a file, without its seal. IoError: as of load_safetensors(), or there is no seal, or not the right one.
SafetensorsFile read_safetensors(const char* op, const std::string& path, bool sealed, Site site);

}  // namespace xgrad::nn::detail
