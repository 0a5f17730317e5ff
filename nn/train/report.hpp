#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/nn/metrics.hpp>
#include <xgrad/nn/train/callback.hpp>
#include <xgrad/nn/train/checkpoint.hpp>

namespace xgrad::nn {

/// A sample whose class a module gets wrong.
struct Mistake {
  Tensor input = {};
  std::int64_t actual = 0, predicted = 0;
  double probability = 0;  ///< of the predicted class, by softmax of the outputs
};
/// The first `most` mistakes on a loader's epoch 0, in eval(). Outputs are (n, classes), targets as for accuracy().
std::vector<Mistake> find_mistakes(Module& module, DataLoader& loader, std::size_t most = 48, Site site = Site::here());

/// A report of a training as one HTML file that needs nothing else: no network, no script. Its parts come in the order
/// in which they are added.
///     nn::HtmlReport report("mnist");
///     report.add_table("Configuration", state.configuration);
///     report.add_curves(state.history);
///     report.add_confusion(matrix);
///     report.add_mistakes(nn::find_mistakes(net, test), 28, 28);
///     report.add_weights("First layer", net.parameters()[0], 28, 28);
///     report.save("report.html");
class HtmlReport {
 public:
  explicit HtmlReport(std::string title);

  void add_text(const std::string& heading, const std::string& text);
  void add_table(const std::string& heading, const std::vector<Setting>& rows);
  /// What run() returned, and where: date, machine, threads, version.
  void add_run(const TrainingResult& result);
  /// Loss, accuracy and learning rate, as far as a Trainer's history has them.
  void add_curves(const std::vector<Series>& history);
  /// Counts, darker the larger their part of the row, and the figures of each class. Names for classes 0, 1, ... or
  /// none.
  void add_confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names = {});
  /// Images of rows x columns, grey from the smallest to the largest element; an input of channels x rows x columns has
  /// 1 or 3. ShapeError: an input of another size.
  void add_mistakes(const std::vector<Mistake>& mistakes, std::int64_t rows, std::int64_t columns,
                    const std::vector<std::string>& names = {}, Site site = Site::here());
  /// The first axis of `weights` as images of rows x columns, blue below 0 and red above, 100 at most. More than one
  /// channel gives an image each. ShapeError: the other axes do not make such images.
  void add_weights(const std::string& heading, const Tensor& weights, std::int64_t rows, std::int64_t columns,
                   Site site = Site::here());

  std::string html() const;
  /// Writes the file whole or not at all. IoError: it cannot be written.
  void save(const std::string& path, Site site = Site::here()) const;

 private:
  void add_section(const std::string& heading, const std::string& content);

  std::string title_, body_;
};

}  // namespace xgrad::nn
