#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include <fmt/format.h>

namespace mnist {
namespace {

constexpr double seconds_between_drawings = 0.1;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::size_t columns(std::FILE* terminal) {
  winsize size{};
  return ::ioctl(::fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(std::FILE* out) noexcept : out_(out), terminal_(::isatty(::fileno(out)) == 1) {}

void Progress::begin(std::int64_t epochs, std::int64_t steps) {
  epochs_ = epochs;
  steps_ = steps;
  start_ = now();
}

void Progress::step(std::int64_t epoch, std::int64_t steps_done, double loss) {
  steps_done_ = steps_done;
  loss_ = loss;
  if (!terminal_) return;
  if (const double time = now(); time - drawn_ >= seconds_between_drawings) draw(epoch, steps_done, time);
}

void Progress::epoch(std::int64_t epoch, double loss, double test_accuracy) {
  loss_ = loss;
  test_accuracy_ = test_accuracy;
  if (terminal_) return draw(epoch, steps_done_, now());
  fmt::print(out_, "epoch {:>2}/{}  loss {:.4f}  test accuracy {:.4f}  {:.1f} s\n", epoch + 1, epochs_, loss,
             test_accuracy, now() - start_);
  std::fflush(out_);
}

void Progress::end() {
  if (terminal_) std::fputc('\n', out_);
}

void Progress::draw(std::int64_t epoch, std::int64_t steps_done, double time) {
  drawn_ = time;
  const double part = static_cast<double>(steps_done) / static_cast<double>(steps_);
  const double left = (time - start_) * (1 - part) / part;
  char text[160];  // on the stack: a step makes no heap call
  auto at = text;
  const auto room = [&] { return static_cast<std::size_t>(std::end(text) - at); };
  at = fmt::format_to_n(at, room(), "{:>3.0f}%  epoch {}/{}  loss {:.4f}", 100 * part, epoch + 1, epochs_, loss_).out;
  if (test_accuracy_ >= 0) at = fmt::format_to_n(at, room(), "  accuracy {:.4f}", test_accuracy_).out;
  at = fmt::format_to_n(at, room(), "  {:.0f} s left", left).out;

  constexpr char full[] = "################", blank[] = "................";
  constexpr std::size_t bar = sizeof full - 1;
  const std::size_t width = columns(out_) - 1, used = std::min(static_cast<std::size_t>(at - text), width);
  const auto done = static_cast<std::size_t>(part * static_cast<double>(bar));
  std::fputc('\r', out_);
  if (used + bar + 3 <= width) fmt::print(out_, "[{:.{}}{:.{}}] ", full, done, blank, bar - done);
  fmt::print(out_, "{:.{}}\x1b[K", fmt::string_view(text, used), used);
  std::fflush(out_);
}

}  // namespace mnist
