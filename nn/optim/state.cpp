#include <xgrad/nn/optim/state.hpp>

#include <set>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/io/internal/bytes.hpp>

namespace xgrad::nn {

using detail::printable;
using xgrad::detail::fail;

Tensor number_of(double value) { return from_data(&value, {1}); }
Tensor number_of(std::int64_t value) { return from_data(&value, {1}); }
void set_number(Tensor& number, double value) { number.assign(number_of(value)); }

StateReader::StateReader(const char* owner, const std::vector<NamedTensor>& state, Site site)
    : owner_(owner), state_(state), site_(site), taken_(state.size()) {
  std::set<std::string_view> names;
  for (const NamedTensor& item : state)
    if (!names.insert(item.name).second)
      fail<ValueError>(owner, site, "the state has '{}' twice", printable(item.name, 200));
}

std::size_t StateReader::find(const std::string& name) const {
  std::size_t i = 0;
  while (i < state_.size() && state_[i].name != name) ++i;
  return i;
}

bool StateReader::has(const std::string& name) const { return find(name) < state_.size(); }

Tensor StateReader::take(const std::string& name, const Shape& shape, DType dtype) {
  const std::size_t i = find(name);
  if (i == state_.size()) fail<ValueError>(owner_, site_, "the state has no '{}'", name);
  const Tensor& found = state_[i].tensor;
  if (!found.defined()) fail<ValueError>(owner_, site_, "'{}' of the state is undefined", name);
  if (found.shape() != shape)
    fail<ShapeError>(owner_, site_, "'{}' of the state is {}, expected {}", name, to_string(found.shape()),
                     to_string(shape));
  if (found.dtype() != dtype)
    fail<DTypeError>(owner_, site_, "'{}' of the state is {}, expected {}", name, name_of(found.dtype()),
                     name_of(dtype));
  taken_[i] = true;
  return found;
}

double StateReader::take_number(const std::string& name, double low, double high) {
  const double value = take(name, {1}, float64).item();
  if (!(value >= low && value <= high))
    fail<ValueError>(owner_, site_, "'{}' of the state is {}, expected a number from {} to {}", name, value, low, high);
  return value;
}

std::int64_t StateReader::take_count(const std::string& name) {
  const std::int64_t count = *take(name, {1}, int64).data<std::int64_t>();
  if (count < 0) fail<ValueError>(owner_, site_, "'{}' of the state is {}, expected 0 or more", name, count);
  return count;
}

void StateReader::finish() const {
  for (std::size_t i = 0; i < state_.size(); ++i)
    if (!taken_[i])
      fail<ValueError>(owner_, site_, "the state has '{}', which there is no place for",
                       printable(state_[i].name, 200));
}

void replace(Tensor& target, const Tensor& source) {
  if (target.defined() && source.defined()) target.assign(source);
  else target = source.defined() ? source.clone() : Tensor();
}

}  // namespace xgrad::nn
