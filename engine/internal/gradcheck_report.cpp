#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/internal/gradcheck.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

namespace xgrad {

const char* to_string(GradcheckCause cause) noexcept {
  switch (cause) {
    case GradcheckCause::nothing: return "none";
    case GradcheckCause::sign: return "sign";
    case GradcheckCause::factor: return "factor";
    case GradcheckCause::cut_off: return "cut_off";
    case GradcheckCause::transposed: return "transposed";
    case GradcheckCause::misplaced: return "misplaced";
    case GradcheckCause::upstream: return "upstream";
    case GradcheckCause::missing_sum: return "missing_sum";
    case GradcheckCause::overwritten: return "overwritten";
    case GradcheckCause::shape: return "shape";
    case GradcheckCause::error: return "error";
    case GradcheckCause::recording: return "recording";
    case GradcheckCause::forward_mode: return "forward_mode";
    case GradcheckCause::nondeterministic: return "nondeterministic";
    case GradcheckCause::changed_input: return "changed_input";
    case GradcheckCause::kink: return "kink";
    case GradcheckCause::other: return "other";
  }
  return "?";
}

std::string GradcheckReport::json() const {
  nlohmann::ordered_json kinks_json = nlohmann::ordered_json::array();
  for (const GradcheckKink& kink : kinks)
    kinks_json.push_back({{"input", kink.input},
                          {"element", kink.element},
                          {"left", kink.left},
                          {"right", kink.right},
                          {"analytic", kink.analytic}});
  const nlohmann::ordered_json all{{"ok", ok},
                                   {"order", order},
                                   {"input", input},
                                   {"name", name},
                                   {"element", element},
                                   {"analytic", analytic},
                                   {"numeric", numeric},
                                   {"forward", forward},
                                   {"relative_error", relative_error},
                                   {"checked", checked},
                                   {"cause", to_string(cause)},
                                   {"kinks", kinks_json},
                                   {"text", text}};
  return all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

namespace detail {
namespace {

/// `[1, 2]`: where element i of a shape is.
std::string position(const Shape& shape, std::int64_t i) {
  std::string text = "]";
  for (int axis = shape.rank(); axis-- > 0; i /= shape[axis])
    text = fmt::format("{}{}{}", axis ? ", " : "", i % shape[axis], text);
  return "[" + text;
}

}  // namespace

void Findings::fail(GradcheckCause cause, int input, std::int64_t element, double analytic, double numeric) {
  const auto i = static_cast<std::size_t>(input);
  report_.ok = false;
  report_.order = order_;
  report_.cause = cause;
  report_.input = input;
  report_.name = input >= 0 && i < names_.size() ? names_[i] : "";
  report_.element = element;
  report_.analytic = analytic;
  report_.numeric = numeric;
  report_.forward = std::numeric_limits<double>::quiet_NaN();
  report_.relative_error = std::abs(analytic - numeric) / std::max(std::abs(analytic), std::abs(numeric));
}

void Findings::note_kink(const GradcheckKink& kink) {
  const auto same = [&](const GradcheckKink& k) { return k.input == kink.input && k.element == kink.element; };
  if (report_.kinks.size() < 100 && std::none_of(report_.kinks.begin(), report_.kinks.end(), same))
    report_.kinks.push_back(kink);
}

std::string Findings::quoted_name(int input) const {
  const auto i = static_cast<std::size_t>(input);
  return i < names_.size() ? fmt::format(" \"{}\"", names_[i]) : "";
}

std::string Findings::name_of(std::size_t unknown, std::int64_t element) const {
  const int input = subject_.number(unknown);
  const std::string at = element < 0 ? "" : position(subject_.unknowns()[unknown].shape(), element);
  if (input == inputs_) return "the upstream gradient" + at;
  return fmt::format("input {}{}{}", input, at, quoted_name(input));
}

std::string Findings::name_of_row(const std::vector<Tensor>* outputs, std::size_t row) const {
  if (!outputs) return order_ == 1 ? "a weighted sum of the result" : "a weighted sum of the gradient";
  auto element = static_cast<std::int64_t>(row);
  if (order_ == 1) return "result" + position((*outputs)[0].shape(), element);
  std::size_t which = 0;
  while (element >= (*outputs)[which].size()) element -= (*outputs)[which++].size();
  return fmt::format("the gradient for {}", name_of(which, element));
}

std::string Findings::name_of_cause(double factor) const {
  switch (report_.cause) {
    case GradcheckCause::sign: return "the sign is wrong";
    case GradcheckCause::factor: return fmt::format("it is {:.6g} times the right one", factor);
    case GradcheckCause::cut_off: return "no gradient passes, as through detach(), no_grad or elements read directly";
    case GradcheckCause::transposed: return "it is transposed";
    case GradcheckCause::misplaced: return "the right numbers are in the wrong places";
    case GradcheckCause::upstream: return "it does not depend on the upstream gradient";
    case GradcheckCause::missing_sum: return "the sum over broadcast axes is missing";
    case GradcheckCause::overwritten: return "uses of one element overwrite each other instead of adding up";
    case GradcheckCause::kink:
      for (const GradcheckKink& kink : report_.kinks)
        if (kink.input == report_.input && kink.element == report_.element)
          return fmt::format("a kink, whose slopes are {:.6g} and {:.6g}", kink.left, kink.right);
      return "a kink";
    default: return "";
  }
}

void Findings::describe(std::size_t unknown, const std::vector<Tensor>* outputs, std::size_t row,
                        const std::string& counts, double factor) {
  const std::string cause = name_of_cause(factor);
  const std::string forward =
      std::isnan(report_.forward) ? "" : fmt::format(", {:.10g} by forward mode", report_.forward);
  report_.text = fmt::format(
      "gradcheck, order {}: the derivative of {} with respect to {}, {}, is {:.10g} by reverse mode{} and {:.10g} by "
      "finite differences (relative error {:.2g}); wrong are {}{}{}",
      order_, name_of_row(outputs, row), name_of(unknown, report_.element),
      detail::describe(subject_.unknowns()[unknown]), report_.analytic, forward, report_.numeric,
      report_.relative_error, counts, cause.empty() ? "" : "; probable cause: ", cause);
}

}  // namespace detail
}  // namespace xgrad
