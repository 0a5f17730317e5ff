#pragma once
#include <string>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// What summary() is told: each module that was called, and the first thing it gave.
struct Watcher {
  struct Seen {
    const Module* module;
    Shape output;
  };
  std::vector<Seen> seen;
};

/// A module as a line of a tree.
struct Line {
  const Module* module = nullptr;
  std::string path, name;  // from the outermost module, and from the one above
  int depth = 0;
  std::string parts;                   // its own parameters and buffers, with their shapes
  std::int64_t count = 0, frozen = 0;  // numbers in all parameters below it
};

struct Inspect {
  /// "Linear"
  static std::string type(const Module& module);
  /// The dotted name of a part of `module`; empty if it is not one.
  static std::string path(const Module& module, const Module* part) noexcept;
  /// `module`, and all modules in it as members() lists them.
  static std::vector<Line> lines(const Module& module);
  static std::vector<Tensor*> buffers(const Module& module);
  /// training() of `module` and of all modules in it.
  static std::vector<bool> modes(const Module& module);
  static void set_modes(Module& module, const std::vector<bool>& modes);
  /// Who is told from now on; returns who was before.
  static Watcher* watch(Watcher* watcher) noexcept;
};

/// 12,345
std::string with_commas(std::int64_t number);

}  // namespace xgrad::nn
