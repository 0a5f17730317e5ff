// By index.
#include "attributes.hpp"

namespace conformance {
namespace {

using xgrad::Shape;

std::vector<xgrad::Index> index_of(At a) {
  std::vector<xgrad::Index> entries;
  for (const Json& entry : a.at("index")) {
    if (entry.is_number()) {
      entries.emplace_back(entry.get<int64_t>());
    } else if (entry.is_string()) {
      entries.push_back(choose<xgrad::Index>({{"entry", entry}}, "entry",
                                             {{"newaxis", xgrad::newaxis}, {"ellipsis", xgrad::ellipsis}}));
    } else if (entry.contains("slice")) {
      const Json& s = entry["slice"];
      const auto end = [&](std::size_t i, int64_t missing) {
        return s.at(i).is_null() ? missing : s[i].get<int64_t>();
      };
      entries.emplace_back(xgrad::Slice(end(0, xgrad::none), end(1, xgrad::none), end(2, 1)));
    } else {
      const Json& array = entry.at("array");
      std::vector<int64_t> flat, extents;
      for (const Json* level = &array; level->is_array(); level = &level->at(0)) {
        extents.push_back(static_cast<int64_t>(level->size()));
        if (level->empty()) break;
      }
      const auto flatten = [&](const Json& v, auto& self) -> void {
        if (v.is_array())
          for (const Json& each : v) self(each, self);
        else flat.push_back(v.get<int64_t>());
      };
      flatten(array, flatten);
      entries.emplace_back(from_vector(flat, Shape(extents.data(), static_cast<int>(extents.size()))));
    }
  }
  return entries;
}

}  // namespace

void add_indexing(Table& t) {
  using namespace xgrad;
  t["index"] = t["getitem"] = one([](const Tensor& x, At a) { return index(x, index_of(a)); });
  t["slice"] = one([](const Tensor& x, At a) {
    std::vector<Slice> slices;
    for (const Index& entry : index_of(a)) slices.push_back(entry.slice);
    return slice(x, slices.data(), slices.size());
  });
  t["boolean_mask"] = two([](const Tensor& x, const Tensor& mask, At) { return index(x, {mask}); });
  t["gather"] = two([](const Tensor& x, const Tensor& i, At a) { return gather(x, axis(a), i); });
  t["index_select"] = two([](const Tensor& x, const Tensor& i, At a) { return index_select(x, axis(a), i); });
  t["scatter_add"] = [](In in, At a) { return Tensors{scatter_add(in.at(0), axis(a), in.at(1), in.at(2))}; };
  t["scatter"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? scatter(in[0], axis(a), in[1], in[2])
                                 : scatter(in.at(0), axis(a), in.at(1), number(a, "value"))};
  };
  t["index_add"] = [](In in, At a) {
    return Tensors{index_add(in.at(0), axis(a), in.at(1), in.at(2), number(a, "alpha", 1))};
  };
  t["one_hot"] = one([](const Tensor& i, At a) { return one_hot(i, a.at("num_classes")); });
}

}  // namespace conformance
