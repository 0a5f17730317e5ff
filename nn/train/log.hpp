#pragma once
#include <cstdio>
#include <string>
#include <utility>

#include <xgrad/engine/site.hpp>
#include <xgrad/nn/train/callback.hpp>

namespace xgrad::nn {

/// A line of a log is about an epoch or a step.
enum class Per : std::uint8_t { epoch, step };

/// Writes the figures of a training into a file, line by line: each is on its way to the disk before the training goes
/// on. A training that goes on from a checkpoint appends; what the file has of later steps, which are done again, goes
/// first. A figure that there is not is left empty. IoError: the file cannot be read or written.
class TrainingLog : public Callback {
 public:
  TrainingLog(const TrainingLog&) = delete;
  TrainingLog& operator=(const TrainingLog&) = delete;
  ~TrainingLog() override;

  void on_start(const TrainingPlan& plan) override;
  void on_step(const StepFigures& figures) override;
  void on_epoch(const EpochFigures& figures) override;
  void on_end(const TrainingResult& result) override;

 protected:
  TrainingLog(std::string path, Per per, bool json, Site site);

 private:
  struct Figure;
  template <std::size_t n> void write(const Figure (&figures)[n]);
  std::string kept(const TrainingPlan& plan) const;
  [[noreturn]] void fail(const char* what) const;
  void close() noexcept;

  std::string path_;
  Per per_;
  bool json_;
  Site site_;
  std::FILE* file_ = nullptr;
  bool is_empty_ = true;
};

/// Comma-separated values with a header: epoch,step,loss,accuracy,...
class CsvLog : public TrainingLog {
 public:
  explicit CsvLog(std::string path, Per per = Per::epoch, Site site = Site::here())
      : TrainingLog(std::move(path), per, false, site) {}
};

/// A JSON object in each line: {"epoch":1,"step":600,"loss":0.31,...}; null where there is no figure.
class JsonLinesLog : public TrainingLog {
 public:
  explicit JsonLinesLog(std::string path, Per per = Per::epoch, Site site = Site::here())
      : TrainingLog(std::move(path), per, true, site) {}
};

}  // namespace xgrad::nn
