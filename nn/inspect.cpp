#include <xgrad/nn/internal/inspect.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <typeinfo>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
namespace {

/// What an error knows of the module it came from, while it passes through those around it.
struct Origin {
  const Module* module;
  std::string message;
};

// Still a ShapeError, say, for who catches one.
template <class E> struct Located : E, Origin {
  Located(Origin origin, const std::string& what) : E(what), Origin(std::move(origin)) {}
};

template <class E> [[noreturn]] void rethrow_from(const Module& here, const E& error) {
  if (const auto* origin = dynamic_cast<const Origin*>(&error)) {
    const std::string path = Inspect::path(here, origin->module);
    if (!path.empty())
      throw Located<E>(*origin, fmt::format("{} ({}): {}", path, Inspect::type(*origin->module), origin->message));
  }
  throw Located<E>({&here, error.what()}, error.what());
}

bool is_below(const std::string& name, const std::string& path) {
  return path.empty() || (name.starts_with(path) && name.size() > path.size() && name[path.size()] == '.');
}

}  // namespace

constinit thread_local Watcher* Module::watcher = nullptr;

void Module::watched(const Tensor& result) const { watcher->seen.push_back({this, result.shape()}); }

void Module::rethrow() const {
  try {
    throw;
  } catch (const ShapeError& error) {
    rethrow_from(*this, error);
  } catch (const DTypeError& error) {
    rethrow_from(*this, error);
  } catch (const ValueError& error) {
    rethrow_from(*this, error);
  } catch (const GraphError& error) {
    rethrow_from(*this, error);
  } catch (const IoError& error) {
    rethrow_from(*this, error);
  }
}

Watcher* Inspect::watch(Watcher* watcher) noexcept { return std::exchange(Module::watcher, watcher); }

std::string Inspect::type(const Module& module) {
  int status = 0;
  const char* const mangled = typeid(module).name();
  char* const plain = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = plain ? plain : mangled;
  std::free(plain);
  name.resize(std::min(name.size(), name.find('<')));
  // Of a type that is local to a function the name has its arguments in front.
  if (const std::size_t colon = name.rfind("::"); colon != name.npos) name.erase(0, colon + 2);
  return name;
}

std::string Inspect::path(const Module& module, const Module* part) noexcept {
  try {
    for (auto& entry : module.entries())
      if (entry.module == part) return std::move(entry.name);
  } catch (...) {  // then what is under way counts, and not what members() says
  }
  return {};
}

std::vector<Tensor*> Inspect::buffers(const Module& module) {
  std::vector<Tensor*> buffers;
  for (const auto& entry : module.entries())
    if (entry.buffer) buffers.push_back(entry.buffer);
  return buffers;
}

std::vector<bool> Inspect::modes(const Module& module) {
  std::vector<bool> modes{module.training_};
  for (const auto& entry : module.entries())
    if (entry.module) modes.push_back(entry.module->training_);
  return modes;
}

void Inspect::set_modes(Module& module, const std::vector<bool>& modes) {
  module.training_ = modes[0];
  std::size_t i = 0;
  for (const auto& entry : module.entries())
    if (entry.module) entry.module->training_ = modes.at(++i);
}

std::vector<Line> Inspect::lines(const Module& module) {
  const auto entries = module.entries();
  std::vector<Line> lines(1);
  lines[0].module = &module;
  std::vector<std::size_t> open{0};
  for (const auto& entry : entries)
    if (entry.module) {
      while (!is_below(entry.name, lines[open.back()].path)) open.pop_back();
      const std::size_t above = lines[open.back()].path.size();
      Line line;
      line.module = entry.module;
      line.path = entry.name;
      line.name = entry.name.substr(above == 0 ? 0 : above + 1);
      line.depth = static_cast<int>(open.size());
      lines.push_back(std::move(line));
      open.push_back(lines.size() - 1);
    }
  for (const auto& entry : entries) {
    const Tensor* const tensor = entry.parameter ? entry.parameter : entry.buffer;
    if (!tensor) continue;
    Line* owner = nullptr;
    for (Line& line : lines)
      if (is_below(entry.name, line.path)) {
        if (!owner || line.path.size() >= owner->path.size()) owner = &line;
        if (entry.parameter) line.count += tensor->size();
        if (entry.parameter && entry.parameter->frozen()) line.frozen += tensor->size();
      }
    const std::size_t above = owner->path.size();
    owner->parts +=
        fmt::format("{}{} {}{}", owner->parts.empty() ? "" : ", ", entry.name.substr(above == 0 ? 0 : above + 1),
                    to_string(tensor->shape()), entry.parameter && entry.parameter->frozen() ? " frozen" : "");
  }
  return lines;
}

std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, ",");
  return text;
}

std::string to_string(const Module& module) {
  std::string text;
  for (const Line& line : Inspect::lines(module)) {
    const std::string options = line.module->options();
    const std::string inside = options + (options.empty() || line.parts.empty() ? "" : ", ") + line.parts;
    if (line.depth > 0) text += "\n" + std::string(static_cast<std::size_t>(line.depth) * 2, ' ') + line.name + ": ";
    text += Inspect::type(*line.module);
    if (!inside.empty()) text += "(" + inside + ")";
    if (line.count > 0) text += ", " + with_commas(line.count) + " parameters";
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << to_string(module); }

}  // namespace xgrad::nn
