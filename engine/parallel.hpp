#pragma once

namespace xgrad {

/// The number of threads operations may use; results do not depend on it.
/// At start: $XGRAD_THREADS, else the number of processors.
int threads() noexcept;
void set_threads(int count);

}  // namespace xgrad
