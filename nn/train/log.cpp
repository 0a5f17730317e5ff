#include <xgrad/nn/train/log.hpp>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/io/file.hpp>

namespace xgrad::nn {
struct TrainingLog::Figure {
  const char* name;
  double value;
  bool whole = false;  // a count
};

TrainingLog::TrainingLog(std::string path, Per per, bool json, Site site)
    : path_(std::move(path)), per_(per), json_(json), site_(site) {}

TrainingLog::~TrainingLog() { close(); }

void TrainingLog::close() noexcept {
  if (file_) std::fclose(std::exchange(file_, nullptr));
}

void TrainingLog::fail(const char* what) const {
  xgrad::detail::fail<IoError>(json_ ? "JsonLinesLog" : "CsvLog", site_, "{} cannot be {}: {}", path_, what,
                               std::strerror(errno));
}

/// What is in the file of the steps that are done.
std::string TrainingLog::kept(const TrainingPlan& plan) const {
  std::string text, kept;
  std::FILE* const file = std::fopen(path_.c_str(), "rb");
  if (!file && errno != ENOENT) fail("read");
  char block[1 << 14];
  while (const std::size_t n = file ? std::fread(block, 1, sizeof block, file) : 0) text.append(block, n);
  if (file) std::fclose(file);
  for (std::size_t start = 0, end; (end = text.find('\n', start)) != text.npos; start = end + 1) {
    const std::string line = text.substr(start, end + 1 - start);
    long long epoch = 0, step = 0;
    const char* const form = json_ ? "{\"epoch\":%lld,\"step\":%lld," : "%lld,%lld,";
    const bool is_line = std::sscanf(line.c_str(), form, &epoch, &step) == 2;
    const bool is_done = per_ == Per::epoch ? epoch <= plan.epochs_done : step <= plan.steps_done;
    if (is_line ? is_done : kept.empty() && line.starts_with("epoch,")) kept += line;
  }
  return kept;
}

void TrainingLog::on_start(const TrainingPlan& plan) {
  close();
  const std::string before = plan.steps_done > 0 ? kept(plan) : "";
  FileWriter begun(path_, site_);
  begun.write(before, site_);
  begun.commit(site_);
  is_empty_ = before.empty();
  file_ = std::fopen(path_.c_str(), "ab");
  if (!file_) fail("written");
}

template <std::size_t n> void TrainingLog::write(const Figure (&figures)[n]) {
  if (!file_) return;
  fmt::memory_buffer line;
  const auto out = std::back_inserter(line);
  if (std::exchange(is_empty_, false) && !json_)
    for (const Figure& figure : figures)
      fmt::format_to(out, "{}{}", figure.name, &figure == figures + n - 1 ? '\n' : ',');
  for (const Figure& figure : figures) {
    const bool first = &figure == figures;
    if (json_) fmt::format_to(out, "{}\"{}\":", first ? '{' : ',', figure.name);
    else if (!first) line.push_back(',');
    if (figure.whole) fmt::format_to(out, "{:.0f}", figure.value);
    else if (std::isfinite(figure.value)) fmt::format_to(out, "{}", figure.value);
    else if (json_) fmt::format_to(out, "null");
  }
  fmt::format_to(out, "{}", json_ ? "}\n" : "\n");
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0) fail("written");
}

void TrainingLog::on_step(const StepFigures& f) {
  if (per_ != Per::step) return;
  write({{"epoch", static_cast<double>(f.epoch), true},
         {"step", static_cast<double>(f.step), true},
         {"loss", f.loss},
         {"accuracy", f.accuracy},
         {"lr", f.lr},
         {"grad_norm", f.grad_norm},
         {"samples", static_cast<double>(f.samples), true},
         {"seconds", f.seconds}});
}

void TrainingLog::on_epoch(const EpochFigures& f) {
  if (per_ != Per::epoch) return;
  write({{"epoch", static_cast<double>(f.epoch), true},
         {"step", static_cast<double>(f.step), true},
         {"loss", f.loss},
         {"accuracy", f.accuracy},
         {"validation_loss", f.validation_loss},
         {"validation_accuracy", f.validation_accuracy},
         {"lr", f.lr},
         {"seconds", f.seconds}});
}

void TrainingLog::on_end(const TrainingResult&) { close(); }

}  // namespace xgrad::nn
