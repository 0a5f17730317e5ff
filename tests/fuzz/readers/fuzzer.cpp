// libFuzzer's entry to one reader of files, XGRAD_READER.
#include <cstdint>

#include "readers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static const xgrad::tests::Reader reader = xgrad::tests::reader_of(XGRAD_READER);
  reader(std::string(reinterpret_cast<const char*>(bytes), count));
  return 0;
}
