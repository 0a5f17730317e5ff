#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// A module of any type, held by value: copying an AnyModule copies the module in it.
class AnyModule {
 public:
  template <class M>
  requires std::is_base_of_v<Module, M> AnyModule(M module)
      : module_(new M(std::move(module))), copy_(copy<M>), assign_(assign<M>) {}
  AnyModule(const AnyModule& other)
      : module_(other.copy_(*other.module_)), copy_(other.copy_), assign_(other.assign_) {}
  AnyModule(AnyModule&& other) noexcept
      : module_(std::exchange(other.module_, nullptr)), copy_(other.copy_), assign_(other.assign_) {}
  /// Where both hold the same type, assigns the module: parameters of the same shape stay the same leaves.
  AnyModule& operator=(const AnyModule& other);
  AnyModule& operator=(AnyModule&& other) noexcept {
    swap(other);
    return *this;
  }
  ~AnyModule() { delete module_; }

  Module& operator*() const noexcept { return *module_; }
  Module* operator->() const noexcept { return module_; }

 private:
  template <class M> static Module* copy(const Module& from) { return new M(static_cast<const M&>(from)); }
  template <class M> static void assign(Module& to, const Module& from) {
    static_cast<M&>(to) = static_cast<const M&>(from);
  }
  void swap(AnyModule& other) noexcept {
    std::swap(module_, other.module_);
    std::swap(copy_, other.copy_);
    std::swap(assign_, other.assign_);
  }

  Module* module_;
  Module* (*copy_)(const Module& from);
  void (*assign_)(Module& to, const Module& from);
};

/// Modules in a row, named "0", "1", ...: `ModuleList{Linear(3, 4, random), ReLU()}`. It holds copies, and computes
/// nothing itself.
class ModuleList : public Module {
 public:
  ModuleList() = default;
  template <class... Modules>
  requires(sizeof...(Modules) > 0 &&
           (std::is_base_of_v<Module, Modules> && ...)) explicit ModuleList(Modules... modules) {
    modules_.reserve(sizeof...(Modules));
    (modules_.emplace_back(std::move(modules)), ...);
  }

  void append(AnyModule module) { modules_.push_back(std::move(module)); }
  std::size_t size() const noexcept { return modules_.size(); }
  /// ValueError: index >= size().
  Module& at(std::size_t index, Site site = Site::here()) const;
  Module& operator[](std::size_t index) const noexcept { return *modules_[index]; }
  /// The module at `index` as what it is: `model.get<Linear>(0).weight`. ValueError: it is of another type.
  template <class M> M& get(std::size_t index, Site site = Site::here()) const {
    if (M* module = dynamic_cast<M*>(&at(index, site))) return *module;
    wrong_type(index, site);
  }
  void members(Members& m) override;

 private:
  [[noreturn]] void wrong_type(std::size_t index, Site site) const;

  std::vector<AnyModule> modules_;
};

/// One module after another: `Sequential{Linear(784, 50, random), ReLU(), Linear(50, 10, random)}`. In braces, because
/// in parentheses which layer draws from `random` first is up to the compiler. It holds copies: take the parameters
/// from the outermost module, not from what went in.
class Sequential : public ModuleList {
 public:
  Sequential() = default;
  template <class... Modules>
  requires(sizeof...(Modules) > 0 &&
           (std::is_base_of_v<Module, Modules> && ...)) explicit Sequential(Modules... modules)
      : ModuleList{std::move(modules)...} {}
  Tensor forward(const Operand& x) override;
};

/// Modules by name, in the order in which they were added: `ModuleDict({{"up", Linear(3, 4, random)}, ...})`.
class ModuleDict : public Module {
 public:
  struct Item {
    std::string name;
    AnyModule module;
  };
  ModuleDict() = default;
  explicit ModuleDict(std::initializer_list<Item> items, Site site = Site::here());
  /// ValueError: a name that is empty, has a dot in it, or is there already.
  void add(std::string name, AnyModule module, Site site = Site::here());
  std::size_t size() const noexcept { return items_.size(); }
  bool contains(std::string_view name) const noexcept;
  /// ValueError: there is no such name.
  Module& at(std::string_view name, Site site = Site::here()) const;
  /// ValueError: no such name, or it is of another type.
  template <class M> M& get(std::string_view name, Site site = Site::here()) const {
    if (M* module = dynamic_cast<M*>(&at(name, site))) return *module;
    wrong_type(name, site);
  }
  void members(Members& m) override;

 private:
  [[noreturn]] static void wrong_type(std::string_view name, Site site);

  std::vector<Item> items_;
};

}  // namespace xgrad::nn
