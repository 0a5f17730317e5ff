#include <xgrad/nn/module.hpp>

#include <algorithm>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::nn {

using detail::fail;

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
  if (parameter.defined()) add(name, {{}, &parameter, nullptr, nullptr});
}

void Members::operator()(std::string_view name, Tensor& buffer) {
  if (buffer.defined()) add(name, {{}, nullptr, &buffer, nullptr});
}

void Members::operator()(std::string_view name, Module& child) {
  add(name, {{}, nullptr, nullptr, &child});
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
    if (part.parameter) named.push_back({std::move(part.name), *part.parameter});
  return named;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> handles;
  for (const auto& part : entries())
    if (part.parameter) handles.push_back(*part.parameter);
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
    if (part.parameter) named.push_back({std::move(part.name), *part.parameter});
    if (part.buffer) named.push_back({std::move(part.name), *part.buffer});
  }
  return named;
}

void Module::load_state(const std::vector<NamedTensor>& loaded, Site site) {
  std::vector<NamedTensor> own = state();
  const auto find = [](auto& list, const std::string& name) {
    return std::find_if(list.begin(), list.end(), [&](const NamedTensor& item) { return item.name == name; });
  };
  for (const auto& item : loaded) {
    const auto& [name, source] = item;
    if (&*find(loaded, name) != &item) fail<ValueError>("load_state", site, "'{}' comes twice", name);
    const auto target = find(own, name);
    if (target == own.end()) fail<ValueError>("load_state", site, "the module has no '{}'", name);
    if (target->tensor.shape() != source.shape())
      fail<ShapeError>("load_state", site, "'{}' is {} in the module and {} in the state", name,
                       to_string(target->tensor.shape()), to_string(source.shape()));
    if (target->tensor.dtype() != source.dtype())
      fail<DTypeError>("load_state", site, "'{}' is {} in the module and {} in the state", name,
                       name_of(target->tensor.dtype()), name_of(source.dtype()));
    if (target->tensor.requires_grad() && !target->tensor.is_leaf())
      fail<GraphError>("load_state", site, "'{}' was recorded on a tape", name);
  }
  for (const auto& [name, target] : own)
    if (find(loaded, name) == loaded.end()) fail<ValueError>("load_state", site, "the state has no '{}'", name);
  for (const auto& [name, source] : loaded) find(own, name)->tensor.assign(source, site);
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
    if (part.parameter && part.parameter->dtype() != dtype)
      *part.parameter = Parameter(xgrad::to(*part.parameter, dtype));
    if (part.buffer && is_floating(part.buffer->dtype())) *part.buffer = xgrad::to(*part.buffer, dtype);
  }
}

void Module::zero_grad() {
  for (const auto& part : entries())
    if (part.parameter) part.parameter->zero_grad();
}

}  // namespace xgrad::nn
