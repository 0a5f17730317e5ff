#include <xgrad/nn/module.hpp>

#include <algorithm>
#include <map>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::nn {

using detail::fail;

namespace {

/// Whether `text` is what the pattern says: `*` is anything, `?` one character.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {  // the last star takes one character more
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

}  // namespace

std::size_t Members::enter(std::string_view name) {
  const std::size_t outer = prefix_.size();
  prefix_.append(name).push_back('.');
  return outer;
}

void Members::add(std::string_view name, Entry entry) {
  entry.name = prefix_ + std::string(name);
  if (name.empty() || name.find('.') != name.npos)
    fail<ValueError>("members", Site::here(), "'{}' is not a name: it may not be empty or have a dot in it", name);
  const auto same = [&](const Entry& other) { return other.name == entry.name; };
  if (std::any_of(entries_.begin(), entries_.end(), same))
    fail<ValueError>("members", Site::here(), "two parts are called '{}'", entry.name);
  entries_.push_back(std::move(entry));
}

void Members::operator()(std::string_view name, Parameter& parameter) {
  if (parameter.defined()) add(name, {.name = {}, .parameter = &parameter});
}

void Members::operator()(std::string_view name, Tensor& buffer) {
  if (buffer.defined()) add(name, {.name = {}, .buffer = &buffer});
}

void Members::operator()(std::string_view name, Random& random) { add(name, {.name = {}, .random = &random}); }

void Members::operator()(std::string_view name, Module& child) {
  add(name, {.name = {}, .module = &child});
  const std::size_t outer = enter(name);
  child.members(*this);
  leave(outer);
}

Tensor Module::forward(const Operand& x) {
  fail<ValueError>("forward", x.site, "this module has no forward() of one tensor");
}

void Module::members(Members&) {}

std::vector<Members::Entry> Module::entries() const {
  Members members;
  const_cast<Module*>(this)->members(members);  // it only names the parts
  return std::move(members.entries_);
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> named;
  for (auto& part : entries())
    if (part.parameter) named.push_back({std::move(part.name), part.parameter->variable()});
  return named;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> handles;
  for (const auto& part : entries())
    if (part.parameter) handles.push_back(part.parameter->variable());
  return handles;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.size();
  return count;
}

std::vector<NamedTensor> Module::state() const {
  std::vector<NamedTensor> named;
  for (auto& part : entries()) {
    if (part.parameter) named.push_back({std::move(part.name), part.parameter->variable()});
    if (part.buffer) named.push_back({std::move(part.name), *part.buffer});
  }
  return named;
}

std::vector<NamedRandom> Module::random_streams() {
  std::vector<NamedRandom> named;
  for (auto& part : entries())
    if (part.random) named.push_back({std::move(part.name), part.random});
  return named;
}

StateReport Module::load_state(const std::vector<NamedTensor>& loaded, bool strict, Site site) {
  constexpr const char* op = "load_state";
  std::map<std::string_view, const Tensor*> sources;
  for (const auto& [name, source] : loaded) {
    if (!source.defined()) fail<ValueError>(op, site, "'{}' has no value in the state", name);
    if (!sources.emplace(name, &source).second) fail<ValueError>(op, site, "'{}' comes twice", name);
  }
  const StateReport report = compare_states(state(), loaded);
  const auto is_shape = [](const StateReport::Misfit& m) { return m.module_shape != m.state_shape; };
  if (strict && (!report.missing.empty() || !report.unexpected.empty()))
    fail<ValueError>(op, site, "{}", to_string(report));
  if (std::any_of(report.misfits.begin(), report.misfits.end(), is_shape))
    fail<ShapeError>(op, site, "{}", to_string(report));
  if (!report.misfits.empty()) fail<DTypeError>(op, site, "{}", to_string(report));
  // The parts themselves: a 0-d buffer is not shared by handles.
  const auto each_source = [&](auto&& use) {
    for (const auto& part : entries())
      if (Tensor* const target = part.parameter ? part.parameter : part.buffer)
        if (const auto source = sources.find(part.name); source != sources.end())
          use(part.name, *target, *source->second);
  };
  each_source([&](const std::string& name, const Tensor& target, const Tensor&) {
    if (target.requires_grad() && !target.is_leaf()) fail<GraphError>(op, site, "'{}' was recorded on a tape", name);
  });
  each_source([&](const std::string&, Tensor& target, const Tensor& source) { target.assign(source, site); });
  return report;
}

void Module::set_frozen(std::string_view pattern, bool on, Site site) {
  bool found = false;
  for (const auto& part : entries())
    if (part.parameter && matches(pattern, part.name)) {
      part.parameter->freeze(on);
      found = true;
    }
  if (!found) fail<ValueError>(on ? "freeze" : "unfreeze", site, "no parameter is called '{}'", pattern);
}

void Module::freeze(std::string_view pattern, Site site) { set_frozen(pattern, true, site); }
void Module::unfreeze(std::string_view pattern, Site site) { set_frozen(pattern, false, site); }

std::vector<std::string> Module::frozen() const {
  std::vector<std::string> names;
  for (auto& part : entries())
    if (part.parameter && part.parameter->frozen()) names.push_back(std::move(part.name));
  return names;
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& part : entries())
    if (part.module) part.module->training_ = on;
}

void Module::to(DType dtype, Site site) {
  if (!is_floating(dtype)) fail<DTypeError>("to", site, "{} is not a floating dtype", name_of(dtype));
  NoGrad guard;
  for (const auto& part : entries()) {
    if (part.parameter && part.parameter->dtype() != dtype) {
      Parameter converted(xgrad::to(*part.parameter, dtype));
      converted.freeze(part.parameter->frozen());
      *part.parameter = std::move(converted);
    }
    if (part.buffer && is_floating(part.buffer->dtype())) *part.buffer = xgrad::to(*part.buffer, dtype);
  }
}

void Module::zero_grad() {
  for (const auto& part : entries())
    if (part.parameter) part.parameter->zero_grad();  // a frozen one has none
}

}  // namespace xgrad::nn
