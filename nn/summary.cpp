#include <xgrad/nn/summary.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/internal/inspect.hpp>

namespace xgrad::nn {
namespace {

/// While it lives the modules are in eval() and tell the watcher; then buffers, streams and modes are as they were.
struct Trial {
  Trial(Module& module, Watcher& watcher)
      : module_(module), modes_(Inspect::modes(module)), random_(module.random_streams()) {
    for (Tensor* const buffer : Inspect::buffers(module)) buffers_.push_back({buffer, *buffer, buffer->clone()});
    for (const NamedRandom& r : random_) positions_.push_back(r.random->position());
    module.eval();
    before_ = Inspect::watch(&watcher);
  }
  Trial(const Trial&) = delete;
  ~Trial() {
    Inspect::watch(before_);
    Inspect::set_modes(module_, modes_);
    for (std::size_t i = 0; i < random_.size(); ++i) random_[i].random->set_position(positions_[i]);
    for (auto& [buffer, handle, elements] : buffers_) {
      *buffer = handle;
      buffer->assign(elements);
    }
  }

 private:
  struct Kept {
    Tensor *buffer, handle, elements;
  };
  Module& module_;
  std::vector<bool> modes_;
  std::vector<NamedRandom> random_;
  std::vector<std::uint64_t> positions_;
  std::vector<Kept> buffers_;
  Watcher* before_ = nullptr;
  NoGrad guard_;
};

std::string memory(std::int64_t bytes) {
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

}  // namespace

std::string summary(Module& module, const Shape& shape, Site site) {
  const auto parameters = module.parameters();
  return summary(module, shape, parameters.empty() ? float32 : parameters[0].dtype(), site);
}

std::string summary(Module& module, const Shape& shape, DType dtype, Site site) {
  Watcher watcher;
  {
    const Trial trial(module, watcher);
    const Tensor x = zeros(shape, dtype, site);
    module(Operand(x, site.file, site.line));
  }
  const std::vector<Line> lines = Inspect::lines(module);
  std::vector<std::string> names{"Layer"}, outputs{"Output"}, counts{"Parameters"};
  for (const Line& line : lines) {
    const auto seen = std::find_if(watcher.seen.begin(), watcher.seen.end(),
                                   [&](const Watcher::Seen& s) { return s.module == line.module; });
    const std::string indent(static_cast<std::size_t>(line.depth) * 2, ' '), type = Inspect::type(*line.module);
    names.push_back(indent + (line.depth == 0 ? type : fmt::format("{} ({})", line.name, type)));
    outputs.push_back(seen == watcher.seen.end() ? "" : to_string(seen->output));
    counts.push_back(with_commas(line.count));
  }
  const auto width = [](const std::vector<std::string>& column) {
    std::size_t most = 0;
    for (const std::string& cell : column) most = std::max(most, cell.size());
    return most;
  };
  std::string table;
  for (std::size_t i = 0; i < names.size(); ++i)
    table += fmt::format("{:<{}}  {:<{}}  {:>{}}\n", names[i], width(names), outputs[i], width(outputs), counts[i],
                         width(counts));
  std::int64_t bytes = 0;
  for (const Tensor& t : module.parameters()) bytes += t.size() * (t.dtype() == float64 ? 8 : 4);
  const std::int64_t count = lines[0].count, frozen = lines[0].frozen;
  return table + fmt::format("{} parameters ({}): {} trained, {} frozen\n", with_commas(count), memory(bytes),
                             with_commas(count - frozen), with_commas(frozen));
}

}  // namespace xgrad::nn
