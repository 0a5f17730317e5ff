#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>

#include <xgrad/nn/io/internal/bytes.hpp>
#include <xgrad/nn/module.hpp>

#include <fmt/format.h>

namespace xgrad::nn {

namespace {

/// Levenshtein's distance: how many letters have to be changed, put in or taken out.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j)
      diagonal = std::exchange(row[j + 1], std::min({diagonal + (a[i] != b[j]), row[j] + 1, row[j + 1] + 1}));
  }
  return row.back();
}

/// The name among those that fit which is most like `name`; none that shares less than half of its letters.
template <class Fits>
std::string nearest(const std::string& name, const std::vector<NamedTensor>& among, const Fits& fits) {
  constexpr std::size_t longest = 200, most = 1000;  // a file's names can be of any length and number
  if (name.size() > longest || among.size() > most) return {};
  std::string best;
  std::size_t least = name.size() / 2 + 1;
  for (const NamedTensor& other : among) {
    if (other.name == name || other.name.size() > longest || !fits(other)) continue;
    if (const std::size_t d = distance(name, other.name);
        d < std::max(least, best.empty() ? other.name.size() / 2 : 0)) {
      least = d;
      best = other.name;
    }
  }
  return best;
}

bool same_form(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && a.dtype() == b.dtype(); }

std::string hint(const std::string& nearest) {
  return nearest.empty() ? "" : fmt::format(" (nearest: '{}')", detail::printable(nearest, 200));
}

std::string listed(const char* what, const std::vector<StateReport::Name>& names) {
  std::string text;
  for (const auto& [name, nearest] : names)
    text += fmt::format("{}'{}'{}", text.empty() ? what : ", ", detail::printable(name, 200), hint(nearest));
  return text;
}

}  // namespace

StateReport compare_states(const std::vector<NamedTensor>& own, const std::vector<NamedTensor>& loaded) {
  std::map<std::string_view, const Tensor*> ours, theirs;
  for (const NamedTensor& item : own) ours[item.name] = &item.tensor;
  for (const NamedTensor& item : loaded) theirs[item.name] = &item.tensor;
  StateReport report;
  for (const NamedTensor& item : own) {
    const std::string& name = item.name;
    const Tensor& tensor = item.tensor;
    const auto found = theirs.find(name);
    if (found == theirs.end())
      report.missing.push_back({name, nearest(name, loaded, [&](auto& other) { return !ours.count(other.name); })});
    else if (!same_form(tensor, *found->second))
      report.misfits.push_back({name, tensor.shape(), found->second->shape(), tensor.dtype(), found->second->dtype(),
                                nearest(name, loaded, [&](auto& other) { return same_form(tensor, other.tensor); })});
  }
  for (const auto& [name, tensor] : loaded)
    if (!ours.count(name))
      report.unexpected.push_back({name, nearest(name, own, [&](auto& other) { return !theirs.count(other.name); })});
  return report;
}

std::string to_string(const StateReport& report) {
  std::vector<std::string> parts = {listed("the state has no ", report.missing),
                                    listed("the module has no ", report.unexpected)};
  for (const StateReport::Misfit& m : report.misfits) {
    const bool shapes = m.module_shape != m.state_shape;
    parts.push_back(fmt::format("'{}' is {} in the module and {} in the state{}", m.name,
                                shapes ? to_string(m.module_shape) : name_of(m.module_dtype),
                                shapes ? to_string(m.state_shape) : name_of(m.state_dtype), hint(m.nearest)));
  }
  std::erase(parts, "");
  return parts.empty() ? "everything fits" : fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace xgrad::nn
