#pragma once
#include <xgrad/engine/tape.hpp>

namespace xgrad {

/// Finds where nan or inf comes from. While it lives, an operation that this thread's innermost tape records, and that
/// makes nan or inf of arguments that are all finite, is a ValueError with the operation's line:
///     log: -inf at [3, 0] of float32 (8, 10), from finite arguments [at model.cpp:42]
/// Inside of a module the error says in which part. What masks with -inf on purpose passes, and is not looked for
/// further: its arguments are not finite. Every result is read once more, so this is for a step that went wrong.
class FiniteCheck {
 public:
  /// GraphError: no tape records on this thread.
  [[nodiscard]] explicit FiniteCheck(Site site = Site::here());
  ~FiniteCheck();
  FiniteCheck(const FiniteCheck&) = delete;
  FiniteCheck& operator=(const FiniteCheck&) = delete;

 private:
  std::uint32_t tape_;  // its serial number
};

}  // namespace xgrad
