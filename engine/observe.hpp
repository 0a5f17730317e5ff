#pragma once
#include <string_view>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// What an operation was called with besides tensors: "stride", {2, 2}.
struct Setting {
  const char* name;
  std::vector<double> values;
};

/// An operation as it was called. One that is made of others may show as those.
struct Operation {
  const char* name;
  Site site;
  std::vector<Tensor> inputs;  ///< one that was left out is undefined
  Tensor output;
  std::vector<Setting> settings;

  /// The setting of that name; none of them: ValueError.
  const std::vector<double>& operator[](std::string_view setting) const;
};

/// Sees the operations that this thread does while it lives, one after the other, also those that nothing records; of
/// several, the newest does. Not seen are operations of 0-d values alone, and those on indices. What saw() throws
/// leaves the operation, and what saw() does itself is not seen. For writing models in formats of other libraries.
class Observer {
 public:
  Observer() noexcept;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer();

  virtual void saw(const Operation& operation) = 0;

 private:
  friend struct ObserverAccess;
  Observer* outer_;
  std::vector<Setting> noted_;
};

}  // namespace xgrad
