// The ops by the names that cases use.
#include <cmath>

#include "attributes.hpp"

namespace conformance {

double number(At a, const char* key) {
  const Json& given = a.at(key);
  if (given == "inf") return INFINITY;
  if (given == "-inf") return -INFINITY;
  return given.get<double>();
}
double number(At a, const char* key, double missing) {
  return a.contains(key) && !a[key].is_null() ? number(a, key) : missing;
}

std::vector<int64_t> list(At a, const char* key) {
  if (a.at(key).is_number()) return {a[key].get<int64_t>()};
  return a[key].get<std::vector<int64_t>>();
}
xgrad::Shape shape(At a, const char* key) {
  const std::vector<int64_t> extents = list(a, key);
  return xgrad::Shape(extents.data(), static_cast<int>(extents.size()));
}
xgrad::Axes axes(At a, const char* key) {
  if (!a.contains(key) || a[key].is_null()) return {};
  if (a[key].is_number()) return xgrad::Axes(a[key].get<int>());
  const auto given = a[key].get<std::vector<int>>();
  return xgrad::Axes(given.data(), static_cast<int>(given.size()));
}
xgrad::Pair pair(At a, const char* key, xgrad::Pair missing) {
  if (!a.contains(key) || a[key].is_null()) return missing;
  const std::vector<int64_t> given = list(a, key);
  if (given.size() == 1) return given[0];
  if (given.size() != 2) refuse(key, a[key]);
  return {given[0], given[1]};
}
xgrad::Reduction reduction(At a) {
  using xgrad::Reduction;
  return choose<Reduction>(a, "reduction",
                           {{"mean", Reduction::mean},
                            {"sum", Reduction::sum},
                            {"none", Reduction::none},
                            {"batchmean", Reduction::batchmean}});
}

Tensors apply(const std::string& op, const Tensors& in, const Attributes& attributes) {
  static const Table table = [] {
    Table t;
    add_elementwise(t), add_arrays(t), add_indexing(t), add_layers(t);
    return t;
  }();
  const auto found = table.find(op);
  if (found == table.end()) throw UnknownOp(op);
  return found->second(in, attributes);
}

}  // namespace conformance
