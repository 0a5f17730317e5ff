#pragma once
// How operations tell an Observer of themselves.
#include <utility>

#include <xgrad/engine/observe.hpp>

namespace xgrad::detail {

extern constinit thread_local Observer* current_observer;

template <class... Numbers> Setting setting(const char* name, Numbers... numbers) {
  return {name, {static_cast<double>(numbers)...}};
}
/// The settings of the operation that is told of next.
void note(std::initializer_list<Setting> settings);
void tell(const char* name, Site site, const Tensor* const* inputs, int count, const Tensor& output);

inline bool observed() noexcept { return current_observer != nullptr; }

/// For an op that is made of others and should show as itself: while it lives, nothing is seen.
class AsOne {
 public:
  AsOne(const char* name, Site site) noexcept
      : observer_(std::exchange(current_observer, nullptr)), name_(name), site_(site) {}
  AsOne(const AsOne&) = delete;
  AsOne& operator=(const AsOne&) = delete;
  ~AsOne() { current_observer = observer_; }

  bool watched() const noexcept { return observer_ != nullptr; }
  /// Where it is watched: tells of this op.
  void tell(const Tensor& output, std::initializer_list<const Tensor*> inputs,
            std::initializer_list<Setting> settings) {
    current_observer = observer_;
    note(settings);
    detail::tell(name_, site_, inputs.begin(), static_cast<int>(inputs.size()), output);
  }

 private:
  Observer* observer_;
  const char* name_;
  Site site_;
};

}  // namespace xgrad::detail
