#include <xgrad/nn/layers/containers.hpp>

#include <algorithm>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/internal/inspect.hpp>

namespace xgrad::nn {

using detail::fail;

AnyModule& AnyModule::operator=(const AnyModule& other) {
  if (module_ && copy_ == other.copy_) {
    assign_(*module_, *other.module_);
  } else {
    AnyModule copied(other);
    swap(copied);
  }
  return *this;
}

Module& ModuleList::at(std::size_t index, Site site) const {
  if (index >= modules_.size())
    fail<ValueError>(Inspect::type(*this).c_str(), site, "there is no layer {}: it has {}", index, modules_.size());
  return *modules_[index];
}

void ModuleList::wrong_type(std::size_t index, Site site) const {
  fail<ValueError>(Inspect::type(*this).c_str(), site, "layer {} is of another type, a {}", index,
                   Inspect::type(*modules_[index]));
}

void ModuleList::members(Members& m) {
  for (std::size_t i = 0; i < modules_.size(); ++i) m(std::to_string(i), *modules_[i]);
}

Tensor Sequential::forward(const Operand& x) {
  if (size() == 0) fail<ValueError>("Sequential", x.site, "it has no layers");
  Tensor value = (*this)[0](x);
  for (std::size_t i = 1; i < size(); ++i) value = (*this)[i](Operand(value, x.site.file, x.site.line));
  return value;
}

ModuleDict::ModuleDict(std::initializer_list<Item> items, Site site) {
  for (const Item& item : items) add(item.name, item.module, site);
}

void ModuleDict::add(std::string name, AnyModule module, Site site) {
  if (name.empty() || name.find('.') != name.npos)
    fail<ValueError>("ModuleDict", site, "'{}' is not a name: it may not be empty or have a dot in it", name);
  if (contains(name)) fail<ValueError>("ModuleDict", site, "there is a '{}' already", name);
  items_.push_back({std::move(name), std::move(module)});
}

bool ModuleDict::contains(std::string_view name) const noexcept {
  return std::any_of(items_.begin(), items_.end(), [&](const Item& item) { return item.name == name; });
}

Module& ModuleDict::at(std::string_view name, Site site) const {
  for (const Item& item : items_)
    if (item.name == name) return *item.module;
  fail<ValueError>("ModuleDict", site, "there is no '{}'", name);
}

void ModuleDict::wrong_type(std::string_view name, Site site) {
  fail<ValueError>("ModuleDict", site, "'{}' is of another type", name);
}

void ModuleDict::members(Members& m) {
  for (Item& item : items_) m(item.name, *item.module);
}

}  // namespace xgrad::nn
