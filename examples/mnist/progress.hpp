#pragma once
#include <cstdint>
#include <cstdio>

namespace mnist {

/// Shows how training goes: on a terminal one line that is drawn again, elsewhere one line for each epoch.
class Progress {
 public:
  explicit Progress(std::FILE* out) noexcept;

  void begin(std::int64_t epochs, std::int64_t steps);
  void step(std::int64_t epoch, std::int64_t steps_done, double loss);
  void epoch(std::int64_t epoch, double loss, double test_accuracy);
  void end();

 private:
  void draw(std::int64_t epoch, std::int64_t steps_done, double now);

  std::FILE* out_;
  bool terminal_;
  std::int64_t epochs_ = 0, steps_ = 0, steps_done_ = 0;
  double loss_ = 0, test_accuracy_ = -1;  // < 0: not known yet
  double start_ = 0, drawn_ = 0;
};

}  // namespace mnist
