#include <xgrad/nn/train/report.hpp>

#include <algorithm>
#include <cmath>
#include <ctime>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/parallel.hpp>
#include <xgrad/engine/runtime.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/io/file.hpp>
#include <xgrad/nn/train/internal/evaluate.hpp>
#include <xgrad/nn/train/internal/markup.hpp>
#include <xgrad/nn/train/internal/png.hpp>
#include <xgrad/ops/argmax.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::nn {

using detail::escaped;
using detail::Picture;
using xgrad::detail::fail;

namespace {

// Nothing may be fetched, whatever the text says: the page's own policy has the browser refuse it.
constexpr const char* head =
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<style>\n"
    "body{font:15px/1.45 sans-serif;color:#222;background:#fff;max-width:75em;margin:2em auto;padding:0 1em}\n"
    "h2{margin:1.8em 0 .5em;font-size:1.2em;border-bottom:1px solid #ddd}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "td,th{padding:.2em .6em;text-align:right;border-bottom:1px solid #eee}\n"
    "th{font-weight:600;color:#555}table.plain td,table.plain th{text-align:left}\n"
    ".matrix td{min-width:2.2em;border:1px solid #fff}.wide{overflow-x:auto}\n"
    ".images{display:flex;flex-wrap:wrap;gap:10px}figure{margin:0;text-align:center;font-size:12px}\n"
    "img{image-rendering:pixelated;display:block;margin:0 auto 3px;background:#eee}\n"
    "svg{font:12px sans-serif;max-width:100%;height:auto;margin-right:1em}pre{white-space:pre-wrap}\n"
    "</style>\n";

std::string name_of_class(const std::vector<std::string>& names, std::int64_t c) {
  return c < std::ssize(names) ? names[static_cast<std::size_t>(c)] : std::to_string(c);
}

std::string figure(const Picture& picture, double scale, const std::string& caption) {
  return fmt::format("<figure><img src=\"{}\" width=\"{:.0f}\" height=\"{:.0f}\" alt=\"\">{}</figure>\n",
                     to_data_uri(picture), scale * static_cast<double>(picture.columns),
                     scale * static_cast<double>(picture.rows), escaped(caption));
}

/// So many times its size that an image is easy to look at.
double scale_for(std::int64_t rows, std::int64_t columns) {
  return std::max(1.0, std::floor(96.0 / static_cast<double>(std::max(rows, columns))));
}

std::vector<double> numbers(const Tensor& x) { return to(x.detach(), float64).to_vector<double>(); }

/// Channels x rows x columns numbers, from the smallest to the largest.
Picture photograph(const std::vector<double>& x, std::int64_t rows, std::int64_t columns) {
  const auto area = static_cast<std::size_t>(rows * columns);
  Picture picture{rows, columns, x.size() == 3 * area ? 3 : 1, {}};
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  const double range = *high > *low ? *high - *low : 1;
  for (std::size_t i = 0; i < area; ++i)
    for (std::size_t c = 0; c < x.size() / area; ++c) {
      const double part = (x[c * area + i] - *low) / range;
      picture.bytes.push_back(static_cast<std::uint8_t>(std::lround(255 * (part >= 0 && part <= 1 ? part : 0))));
    }
  return picture;
}

/// Blue for -1, white for 0, red for 1.
void paint(Picture& picture, double value) {
  constexpr double blue[] = {33, 102, 172}, red[] = {178, 24, 43};
  const double away = std::isfinite(value) ? std::min(1.0, std::abs(value)) : 0;
  for (int c = 0; c < 3; ++c)
    picture.bytes.push_back(static_cast<std::uint8_t>(std::lround(255 + away * ((value < 0 ? blue : red)[c] - 255))));
}

const std::vector<double>* find(const std::vector<Series>& history, const char* name) {
  for (const Series& series : history)
    if (series.name == name) return &series.values;
  return nullptr;
}

std::string row_of_scores(const std::string& name, const ClassScores& s) {
  return fmt::format("<tr><th>{}</th><td>{:.4f}</td><td>{:.4f}</td><td>{:.4f}</td><td>{}</td></tr>\n", escaped(name),
                     s.precision, s.recall, s.f1, s.support);
}

}  // namespace

std::vector<Mistake> find_mistakes(Module& module, DataLoader& loader, std::size_t most, Site site) {
  const NoGrad guard;
  const detail::EvalMode mode(module);
  std::vector<Mistake> mistakes;
  for (std::int64_t b = 0; b < loader.count() && mistakes.size() < most; ++b) {
    const Batch batch = loader.at(0, b, site);
    const Tensor outputs = module(batch.input);
    if (!detail::names_classes(outputs, batch.target, true))
      fail<ShapeError>("find_mistakes", site, "outputs are {}, targets {}: expected (n, classes), and labels",
                       xgrad::detail::describe(outputs), xgrad::detail::describe(batch.target));
    const Tensor& target = batch.target;
    const auto actual = (target.rank() == 2 ? argmax(target, 1) : target).to_vector<std::int64_t>();
    const auto predicted = argmax(outputs, 1).to_vector<std::int64_t>();
    const Tensor probabilities = softmax(outputs, 1);
    for (std::size_t i = 0; i < actual.size() && mistakes.size() < most; ++i) {
      if (actual[i] == predicted[i]) continue;
      const auto row = static_cast<std::int64_t>(i);
      mistakes.push_back({slice(batch.input, {row}).clone(), actual[i], predicted[i],
                          slice(probabilities, {row, predicted[i]}).item()});
    }
  }
  return mistakes;
}

HtmlReport::HtmlReport(std::string title) : title_(std::move(title)) {}

void HtmlReport::add_section(const std::string& heading, const std::string& content) {
  body_ += fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", escaped(heading), content);
}

void HtmlReport::add_text(const std::string& heading, const std::string& text) {
  add_section(heading, fmt::format("<pre>{}</pre>\n", escaped(text)));
}

void HtmlReport::add_table(const std::string& heading, const std::vector<Setting>& rows) {
  std::string table = "<table class=\"plain\">\n";
  for (const Setting& row : rows)
    table += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(row.name), escaped(row.value));
  add_section(heading, table + "</table>\n");
}

void HtmlReport::add_run(const TrainingResult& result) {
  const std::time_t now = std::time(nullptr);
  char date[40] = "";
  std::tm utc{};
  if (::gmtime_r(&now, &utc)) std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
  std::vector<Setting> rows{{"outcome", result.message},
                            {"epochs", std::to_string(result.epochs)},
                            {"steps", std::to_string(result.steps)},
                            {"time", fmt::format("{:.1f} s", result.seconds)},
                            {"written", date},
                            {"kernels", instruction_set()},
                            {"threads", std::to_string(threads())}};
  if (!result.checkpoint.empty()) rows.push_back({"last checkpoint", result.checkpoint});
  add_table("Run", rows);
}

void HtmlReport::add_curves(const std::vector<Series>& history) {
  const auto epochs_of = [](const std::vector<double>& values) {
    std::vector<double> x;
    for (std::size_t i = 0; i < values.size(); ++i) x.push_back(static_cast<double>(i + 1));
    return x;
  };
  const auto chart = [&](const char* title, std::initializer_list<std::pair<const char*, const char*>> names) {
    std::vector<detail::Curve> curves;
    for (const auto& [series, name] : names)
      if (const auto* const y = find(history, series);
          y && std::any_of(y->begin(), y->end(), [](double v) { return std::isfinite(v); }))
        curves.push_back({name, epochs_of(*y), *y});
    return curves.empty() ? std::string() : detail::to_svg(title, "epoch", curves);
  };
  const auto by_step = [&](const char* title, const char* series, const char* name) {
    const auto *const x = find(history, "steps"), *const y = find(history, series);
    return x && y && !x->empty() ? detail::to_svg(title, "step", {{name, *x, *y}}) : std::string();
  };
  add_section("Curves", chart("Loss", {{"loss", "training"}, {"validation_loss", "validation"}}) +
                            chart("Accuracy", {{"accuracy", "training"}, {"validation_accuracy", "validation"}}) +
                            by_step("Loss within epochs", "steps_loss", "training") +
                            (find(history, "steps_lr") ? by_step("Learning rate", "steps_lr", "lr")
                                                       : chart("Learning rate", {{"lr", "lr"}})));
}

void HtmlReport::add_confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  const std::int64_t classes = matrix.classes();
  std::string table = "<div class=\"wide\"><table class=\"matrix\">\n<tr><th>actual \\ predicted</th>";
  for (std::int64_t p = 0; p < classes; ++p) table += fmt::format("<th>{}</th>", escaped(name_of_class(names, p)));
  table += "</tr>\n";
  for (std::int64_t a = 0; a < classes; ++a) {
    const double all = static_cast<double>(std::max<std::int64_t>(matrix.support(a), 1));
    table += fmt::format("<tr><th>{}</th>", escaped(name_of_class(names, a)));
    for (std::int64_t p = 0; p < classes; ++p) {
      const double part = static_cast<double>(matrix.count(a, p)) / all;
      // Few mistakes are to be seen too, so theirs are shown by the root.
      table += fmt::format("<td style=\"background:rgba({},{:.3f})\">{}</td>", a == p ? "42,143,77" : "217,72,1",
                           0.8 * (a == p ? part : std::sqrt(part)), matrix.count(a, p));
    }
    table += "</tr>\n";
  }
  table += "</table></div>\n";
  std::string scores = "<table>\n<tr><th>class</th><th>precision</th><th>recall</th><th>F1</th><th>support</th></tr>\n";
  for (std::int64_t c = 0; c < classes; ++c) scores += row_of_scores(name_of_class(names, c), matrix.scores(c));
  scores += row_of_scores("macro mean", matrix.scores(Averaging::macro)) +
            row_of_scores("weighted mean", matrix.scores(Averaging::weighted)) + "</table>\n";
  add_section("Confusion matrix",
              fmt::format("<p>{} samples, accuracy {:.4f}</p>\n{}", matrix.total(), matrix.accuracy(), table));
  add_section("Precision and recall", scores);
}

void HtmlReport::add_mistakes(const std::vector<Mistake>& mistakes, std::int64_t rows, std::int64_t columns,
                              const std::vector<std::string>& names, Site site) {
  std::string images = "<div class=\"images\">\n";
  for (const Mistake& mistake : mistakes) {
    if (rows < 1 || columns < 1 ||
        (mistake.input.size() != rows * columns && mistake.input.size() != 3 * rows * columns))
      fail<ShapeError>("add_mistakes", site, "an input is {}, expected 1 or 3 images of {} x {}",
                       xgrad::detail::describe(mistake.input), rows, columns);
    images += figure(photograph(numbers(mistake.input), rows, columns), scale_for(rows, columns),
                     fmt::format("{}, taken for {} ({:.0f} %)", name_of_class(names, mistake.actual),
                                 name_of_class(names, mistake.predicted), 100 * mistake.probability));
  }
  add_section("Misclassified", mistakes.empty() ? "<p>None.</p>\n" : images + "</div>\n");
}

void HtmlReport::add_weights(const std::string& heading, const Tensor& weights, std::int64_t rows, std::int64_t columns,
                             Site site) {
  constexpr std::size_t most = 100;
  const std::int64_t area = rows * columns;
  if (rows < 1 || columns < 1 || weights.rank() < 2 || weights.size() == 0 ||
      weights.size() / weights.shape()[0] % area != 0)
    fail<ShapeError>("add_weights", site, "weights are {}, expected images of {} x {} along the first axis",
                     xgrad::detail::describe(weights), rows, columns);
  const std::vector<double> x = numbers(weights);
  double largest = 0;
  for (const double value : x)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  const std::size_t one = static_cast<std::size_t>(area), count = std::min(most, x.size() / one);
  std::string images = fmt::format("<p>From -{0:.3g} (blue) to {0:.3g} (red).</p>\n<div class=\"images\">\n", largest);
  for (std::size_t i = 0; i < count; ++i) {
    Picture picture{rows, columns, 3, {}};
    for (std::size_t k = 0; k < one; ++k) paint(picture, largest > 0 ? x[i * one + k] / largest : 0);
    images += figure(picture, scale_for(rows, columns), std::to_string(i));
  }
  add_section(heading, images + "</div>\n");
}

std::string HtmlReport::html() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>{0}</title>\n{1}</head>\n<body>\n"
      "<h1>{0}</h1>\n{2}</body>\n</html>\n",
      escaped(title_), head, body_);
}

void HtmlReport::save(const std::string& path, Site site) const {
  FileWriter file(path, site);
  file.write(html(), site);
  file.commit(site);
}

}  // namespace xgrad::nn
