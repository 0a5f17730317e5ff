#pragma once
// Every reader of files there is, given any content.
#include <string>
#include <string_view>

namespace xgrad::tests {

using Reader = void (*)(const std::string& content);

/// Reads `content` as a file of that kind, and once more with the checksums made right, as no chance finds them. It
/// has to load or to be an Error; anything else goes on to the caller. A null pointer: there is no such reader.
Reader reader_of(std::string_view name);

/// The checkpoint from which corpus/checkpoint comes.
void write_checkpoint(const std::string& path);

}  // namespace xgrad::tests
