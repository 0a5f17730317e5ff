#include <xgrad/nn/train/interrupt.hpp>

#include <csignal>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <mutex>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
namespace {

std::atomic<int> noted{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch it");

constexpr int signals[] = {SIGINT, SIGTERM};
std::mutex mutex;  // of what follows
int guards = 0;
struct sigaction before[std::size(signals)];

void note(int signal) {
  if (noted.exchange(signal) == 0) return;
  struct sigaction ends {};
  ends.sa_handler = SIG_DFL;
  ::sigaction(signal, &ends, nullptr);
  ::raise(signal);  // held back until this returns
}

}  // namespace

Interrupt::Interrupt(Site site) {
  const std::lock_guard lock(mutex);
  if (guards > 0) {
    ++guards;
    return;
  }
  noted = 0;
  struct sigaction notes {};
  notes.sa_handler = note;
  notes.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&notes.sa_mask);
  for (std::size_t i = 0; i < std::size(signals); ++i) {
    if (::sigaction(signals[i], nullptr, &before[i]) != 0 ||
        (before[i].sa_handler != SIG_IGN && ::sigaction(signals[i], &notes, nullptr) != 0))
      detail::fail<Error>("Interrupt", site, "no handler for signal {}: {}", signals[i], std::strerror(errno));
  }
  guards = 1;
}

Interrupt::~Interrupt() {
  const std::lock_guard lock(mutex);
  if (--guards > 0) return;
  for (std::size_t i = 0; i < std::size(signals); ++i) ::sigaction(signals[i], &before[i], nullptr);
  noted = 0;
}

int Interrupt::signal() noexcept { return noted.load(); }

}  // namespace xgrad::nn
