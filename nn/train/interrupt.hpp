#pragma once
#include <xgrad/engine/site.hpp>

namespace xgrad::nn {

/// While one lives, SIGINT (^C) and SIGTERM are noted instead of ending the process; a second one ends it at once, as
/// it would have without this. The handlers from before are put back when the last one goes. A signal that is ignored
/// (as under nohup) stays ignored. Any thread may ask.
class Interrupt {
 public:
  [[nodiscard]] explicit Interrupt(Site site = Site::here());
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// The signal that has come: SIGINT, SIGTERM, or 0; also where none of them lives.
  static int signal() noexcept;
  static bool requested() noexcept { return signal() != 0; }
};

}  // namespace xgrad::nn
