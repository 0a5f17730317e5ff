#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::detail {
namespace {
constinit thread_local Site forward_site{nullptr, 0};
}

SiteScope::SiteScope(Site site) noexcept : previous_(forward_site) { forward_site = site; }
SiteScope::~SiteScope() { forward_site = previous_; }

Site effective(Site site) noexcept { return forward_site.file ? forward_site : site; }

std::string with_site(const char* op, const std::string& message, Site site) {
  site = effective(site);
  return fmt::format("{}: {} [at {}:{}]", op, message, site.file, site.line);
}

std::string describe(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  return fmt::format("{} {}", name_of(tensor.dtype()), to_string(tensor.shape()));
}

}  // namespace xgrad::detail
