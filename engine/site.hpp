#pragma once

namespace xgrad {

/// A place in the user's source. As a defaulted last parameter it is the caller's own line,
/// which errors then name: `[at model.cpp:42]`.
struct Site {
  const char* file;
  int line;
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

}  // namespace xgrad
