#include <xgrad/engine/internal/serial_blas.hpp>
#include <xgrad/engine/runtime.hpp>

#include <mutex>

// What OpenBLAS has beyond CBLAS; weak, so that any other CBLAS links too.
extern "C" {
[[gnu::weak]] char* openblas_get_corename();
[[gnu::weak]] int openblas_get_parallel();  // 0: built without threads, 1: with its own, 2: with OpenMP
[[gnu::weak]] int openblas_get_num_threads();
[[gnu::weak]] void openblas_set_num_threads(int);
[[gnu::weak]] int omp_get_max_threads();
[[gnu::weak]] void omp_set_num_threads(int);
}

namespace xgrad {

const char* blas_core() noexcept { return openblas_get_corename ? openblas_get_corename() : "unknown"; }

namespace detail {
namespace {

enum Kind { unlocked, own_threads, openmp, other };
Kind kind() noexcept {
  static const Kind found = [] {
    if (!openblas_get_parallel) return other;
    const int parallel = openblas_get_parallel();
    if (parallel == 1 && openblas_get_num_threads && openblas_set_num_threads) return own_threads;
    if (parallel == 2 && omp_get_max_threads && omp_set_num_threads) return openmp;
    return parallel == 0 ? unlocked : other;
  }();
  return found;
}

constinit std::mutex mutex;
constinit int calls = 0, users_count = 1;

}  // namespace

SerialBlas::SerialBlas() {
  if (kind() == own_threads) {
    const std::lock_guard lock(mutex);
    if (calls++ == 0) {
      users_count = openblas_get_num_threads();
      openblas_set_num_threads(1);
    }
  } else if (kind() == openmp) {
    threads_ = omp_get_max_threads();
    omp_set_num_threads(1);
  } else if (kind() == unlocked) {
    mutex.lock();
  }
}

SerialBlas::~SerialBlas() {
  if (kind() == own_threads) {
    const std::lock_guard lock(mutex);
    if (--calls == 0) openblas_set_num_threads(users_count);
  } else if (kind() == openmp) {
    omp_set_num_threads(threads_);
  } else if (kind() == unlocked) {
    mutex.unlock();
  }
}

}  // namespace detail
}  // namespace xgrad
