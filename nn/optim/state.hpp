#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/nn/module.hpp>

// What parts of a training keep from step to step, as named tensors: state() gives it, load_state() takes it back, and
// what follows has the bits it would have had. Numbers are tensors of shape (1,). A name that is missing or unknown, a
// shape, a dtype or a number that cannot be is an error, and nothing has been changed then.
namespace xgrad::nn {

Tensor number_of(double value);
Tensor number_of(std::int64_t value);
/// The numbers themselves, in the memory that plans of compile() read.
void set_number(Tensor& number, double value);

/// Takes the parts of a state, each once.
class StateReader {
 public:
  /// `owner` is who errors name.
  StateReader(const char* owner, const std::vector<NamedTensor>& state, Site site);

  bool has(const std::string& name) const;
  Tensor take(const std::string& name, const Shape& shape, DType dtype);
  /// A number from low to high.
  double take_number(const std::string& name, double low, double high);
  /// A count from 0 on.
  std::int64_t take_count(const std::string& name);
  /// Nothing may be left. Only then may whoever reads change.
  void finish() const;

 private:
  std::size_t find(const std::string& name) const;

  const char* owner_;
  const std::vector<NamedTensor>& state_;
  Site site_;
  std::vector<bool> taken_;
};

/// Overwrites the elements where there are some, so that who knows their place finds the new ones.
void replace(Tensor& target, const Tensor& source);

}  // namespace xgrad::nn
