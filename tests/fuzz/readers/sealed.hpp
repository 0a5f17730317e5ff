#pragma once
// Checksums made right after a file was changed, so that what lies behind them is read too.
#include <string>

namespace xgrad::tests {

/// A checkpoint's SHA-256, its last 32 bytes.
std::string sealed_checkpoint(std::string content);
/// The CRC of each chunk.
std::string sealed_png(std::string content);
/// The CRC of each part that is not compressed, in both places.
std::string sealed_zip(std::string content);

}  // namespace xgrad::tests
