#pragma once
// One way to throw: `op: message [at file:line]`.
#include <fmt/format.h>

#include <xgrad/engine/error.hpp>
#include <xgrad/engine/tensor.hpp>

namespace xgrad::detail {

/// The line of the innermost SiteScope's call; its file is null outside of any.
extern constinit thread_local Site called_site;

/// While a derivative runs, or an op that is made of others, errors and new nodes belong to the line of the user's
/// call, and errors to the op that was called.
class SiteScope {
 public:
  SiteScope(const char* op, Site site) noexcept;
  ~SiteScope();
  SiteScope(const SiteScope&) = delete;
  SiteScope& operator=(const SiteScope&) = delete;

 private:
  const char* previous_op_;
  Site previous_site_;
};
/// While user code runs inside of such a call, its own lines count.
class UserScope {
 public:
  UserScope() noexcept;
  ~UserScope();
  UserScope(const UserScope&) = delete;
  UserScope& operator=(const UserScope&) = delete;

 private:
  const char* previous_op_;
  Site previous_site_;
};
/// `site`, or that of the innermost scope.
inline Site effective(Site site) noexcept {
  const bool inside = called_site.file != nullptr;  // member by member: one wide load would wait for two narrow stores
  return {inside ? called_site.file : site.file, inside ? called_site.line : site.line};
}

std::string with_site(const char* op, const std::string& message, Site site);

template <class E, class... Args>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const char* op, Site site, fmt::format_string<Args...> text,
                                                 Args&&... args) {
  throw E(with_site(op, fmt::format(text, static_cast<Args&&>(args)...), site));
}

/// `float32 (2, 3)`
std::string describe(const Tensor& tensor);

}  // namespace xgrad::detail
