#pragma once

namespace xgrad {

/// The number of threads operations may use; results do not depend on it.
/// At start: $XGRAD_THREADS (ValueError unless it is 1 to 1024), else the number of processors.
int threads();
/// 1 to 1024; ValueError otherwise.
void set_threads(int count);

}  // namespace xgrad
