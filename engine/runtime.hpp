#pragma once
#include <cstdint>

namespace xgrad {

/// The instruction set in use: "sse2", "avx2" or "avx512". The best one the processor has,
/// or the one named by $XGRAD_ARCH.
const char* instruction_set() noexcept;
/// The kernel set the linked BLAS has chosen, e.g. "SkylakeX"; $OPENBLAS_CORETYPE can force one.
const char* blas_core() noexcept;

/// Bytes of tensor memory, all threads together.
struct MemoryUse {
  std::int64_t in_use;  ///< held by live tensors and tapes
  std::int64_t peak;    ///< the most in_use has been since the start, or since reset_peak_memory()
  std::int64_t pooled;  ///< kept for reuse
};
MemoryUse memory_use() noexcept;
/// Makes what is in use now the peak.
void reset_peak_memory() noexcept;
/// Gives pooled memory of this thread, and what all threads share, back to the system.
void trim_memory() noexcept;

}  // namespace xgrad
