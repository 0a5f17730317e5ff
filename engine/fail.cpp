#include <xgrad/engine/elementwise.hpp>
#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::detail {
constinit thread_local Site called_site{nullptr, 0};

namespace {
constinit thread_local const char* called_op = nullptr;
}  // namespace

SiteScope::SiteScope(const char* op, Site site) noexcept : previous_op_(called_op), previous_site_(called_site) {
  if (!called_op) called_op = op;
  called_site = site;
}
SiteScope::~SiteScope() {
  called_op = previous_op_;
  called_site = previous_site_;
}

UserScope::UserScope() noexcept
    : previous_op_(std::exchange(called_op, nullptr)), previous_site_(std::exchange(called_site, {nullptr, 0})) {}
UserScope::~UserScope() {
  called_op = previous_op_;
  called_site = previous_site_;
}

std::string with_site(const char* op, const std::string& message, Site site) {
  site = effective(site);
  if (called_op) op = called_op;
  return fmt::format("{}: {} [at {}:{}]", op, message, site.file, site.line);
}

void refuse_option(const char* op, const char* name, double value, const char* expected, Site site) {
  fail<ValueError>(op, site, "{} is {}, expected {}", name, value, expected);
}

std::string describe(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  return fmt::format("{} {}", name_of(tensor.dtype()), to_string(tensor.shape()));
}

}  // namespace xgrad::detail
