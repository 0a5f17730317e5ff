#include <xgrad/engine/kernels/arch.hpp>

#include <cstdlib>
#include <cstring>
#include <string>

#include <xgrad/engine/error.hpp>
#include <xgrad/engine/runtime.hpp>

namespace xgrad {
namespace detail {
namespace {

constexpr const char* names[] = {"sse2", "avx2", "avx512"};

/// The processor (and its operating system) has every extension the objects of that set are compiled with.
int best_arch() noexcept {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  return avx512 ? 2 : 1;
#else
  return 0;
#endif
}

}  // namespace

int choose_arch() {
  const int best = best_arch();
  const char* wanted = std::getenv("XGRAD_ARCH");
  if (wanted == nullptr || *wanted == '\0') return best;
  std::string available;
  for (int i = 0; i <= best; ++i) {
    if (std::strcmp(wanted, names[i]) == 0) return i;
    available.append(i == 0 ? "" : ", ").append(names[i]);
  }
  std::string text = "XGRAD_ARCH: '";
  throw ValueError(text.append(wanted).append("' is none of what this processor has: ").append(available));
}

}  // namespace detail

const char* instruction_set() noexcept {
  try {
    return detail::names[detail::arch_index()];
  } catch (const ValueError&) {
    return detail::names[detail::best_arch()];
  }
}

}  // namespace xgrad
