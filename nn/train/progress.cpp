#include <xgrad/nn/train/progress.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace xgrad::nn {
namespace {

constexpr double seconds_between_drawings = 0.1;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::size_t columns(std::FILE* terminal) {
  winsize size{};
  return ::ioctl(::fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Text on the stack: a step makes no heap call.
struct Line {
  char text[240];
  char* end = text;

  std::size_t size() const { return static_cast<std::size_t>(end - text); }
  fmt::string_view view() const { return {text, size()}; }
  template <class... Args> void add(fmt::format_string<Args...> words, Args&&... args) {
    end =
        fmt::format_to_n(end, static_cast<std::size_t>(std::end(text) - end), words, static_cast<Args&&>(args)...).out;
  }
  void add_figure(const char* name, double value) {
    if (!std::isnan(value)) add("  {} {:.4f}", name, value);
  }
  void add_time(double seconds) {
    const auto whole = static_cast<long long>(std::min(seconds, 1e9));
    if (whole < 100) add("  {:.0f} s", seconds);
    else if (whole < 3600) add("  {}:{:02} min", whole / 60, whole % 60);
    else add("  {}:{:02} h", whole / 3600, whole / 60 % 60);
  }
};

}  // namespace

Progress::Progress(std::FILE* out, std::string held_out)
    : out_(out), held_out_(std::move(held_out)), terminal_(::isatty(::fileno(out)) == 1) {}

void Progress::on_start(const TrainingPlan& plan) {
  *this = Progress(out_, std::move(held_out_));
  plan_ = plan;
  step_ = plan.steps_done;
  start_ = now();
}

void Progress::on_step(const StepFigures& figures) {
  if (std::exchange(epoch_, figures.epoch) != figures.epoch) {
    epoch_samples_ = 0;
    loss_sum_ = correct_ = 0;
  }
  const double n = static_cast<double>(figures.samples);
  step_ = figures.step;
  samples_ += figures.samples;
  epoch_samples_ += figures.samples;
  loss_sum_ += figures.loss * n;
  correct_ += figures.accuracy * n;
  loss_ = loss_sum_ / static_cast<double>(epoch_samples_);
  accuracy_ = correct_ / static_cast<double>(epoch_samples_);
  if (!terminal_) return;
  if (const double time = now(); time - drawn_ >= seconds_between_drawings) draw(time);
}

void Progress::on_epoch(const EpochFigures& figures) {
  epoch_ = figures.epoch;
  step_ = figures.step;
  loss_ = figures.loss;
  accuracy_ = figures.accuracy;
  held_out_accuracy_ = figures.validation_accuracy;
  if (terminal_) return draw(now());
  Line line;
  line.add("epoch {:>2}/{}", figures.epoch, plan_.epochs);
  line.add_figure("loss", figures.loss);
  line.add_figure("accuracy", figures.accuracy);
  line.add_figure((held_out_ + " loss").c_str(), figures.validation_loss);
  line.add_figure((held_out_ + " accuracy").c_str(), figures.validation_accuracy);
  if (samples_ > 0) line.add("  {:.0f}/s", static_cast<double>(samples_) / (now() - start_));
  fmt::print(out_, "{}  {:.1f} s\n", fmt::string_view(line.text, line.size()), now() - start_);
  std::fflush(out_);
}

void Progress::on_end(const TrainingResult& result) {
  if (terminal_) std::fputc('\n', out_);
  if (!result.message.empty()) fmt::print(out_, "{}\n", result.message);
  std::fflush(out_);
}

void Progress::draw(double time) {
  drawn_ = time;
  const double part = plan_.steps > 0 ? static_cast<double>(step_) / static_cast<double>(plan_.steps) : 1;
  const std::int64_t here = step_ - plan_.steps_done;
  constexpr char full[] = "################", blank[] = "................";
  constexpr std::size_t most = sizeof full - 1, least = 4, around = 3;
  const std::size_t width = columns(out_) - 1;
  Line line, rate, left;
  line.add("{:>3.0f}%  epoch {}/{}", 100 * part, epoch_, plan_.epochs);
  line.add_figure("loss", loss_);
  line.add_figure("accuracy", std::isnan(held_out_accuracy_) ? accuracy_ : held_out_accuracy_);
  if (samples_ > 0) rate.add("  {:.0f}/s", static_cast<double>(samples_) / (time - start_));
  if (here > 0) {
    left.add_time((time - start_) * static_cast<double>(plan_.steps - step_) / static_cast<double>(here));
    left.add(" left");
  }
  // The rate gives way to the bar.
  if (line.size() + rate.size() + left.size() + most + around <= width) line.add("{}", rate.view());
  line.add("{}", left.view());
  const std::size_t used = std::min(line.size(), width);
  const std::size_t bar = std::min(most, width - used - std::min(width - used, around));
  const auto done = static_cast<std::size_t>(part * static_cast<double>(bar));
  std::fputc('\r', out_);
  if (bar >= least) fmt::print(out_, "[{:.{}}{:.{}}] ", full, done, blank, bar - done);
  fmt::print(out_, "{:.{}}\x1b[K", fmt::string_view(line.text, used), used);
  std::fflush(out_);
}

}  // namespace xgrad::nn
