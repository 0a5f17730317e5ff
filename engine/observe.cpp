#include <xgrad/engine/internal/observe.hpp>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad {

struct ObserverAccess {
  static std::vector<Setting>& noted(Observer& observer) noexcept { return observer.noted_; }
};

namespace detail {

constinit thread_local Observer* current_observer = nullptr;

void note(std::initializer_list<Setting> settings) {
  if (current_observer) ObserverAccess::noted(*current_observer) = settings;
}

void tell(const char* name, Site site, const Tensor* const* inputs, int count, const Tensor& output) {
  Operation operation{name, effective(site), {}, output, std::move(ObserverAccess::noted(*current_observer))};
  ObserverAccess::noted(*current_observer).clear();
  for (int i = 0; i < count; ++i) operation.inputs.push_back(*inputs[i]);
  struct Paused {
    Observer* observer = std::exchange(current_observer, nullptr);
    ~Paused() { current_observer = observer; }
  } paused;
  paused.observer->saw(operation);
}

}  // namespace detail

Observer::Observer() noexcept : outer_(std::exchange(detail::current_observer, this)) {}
Observer::~Observer() { detail::current_observer = outer_; }

const std::vector<double>& Operation::operator[](std::string_view setting) const {
  for (const Setting& one : settings)
    if (setting == one.name) return one.values;
  detail::fail<ValueError>(name, site, "does not tell its {}", setting);
}

}  // namespace xgrad
