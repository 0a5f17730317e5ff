// Reductions, shapes and numbers to begin with.
#include <algorithm>

#include "attributes.hpp"

namespace conformance {
namespace {

using xgrad::Axes;

using Reduce = Tensor (*)(const xgrad::Operand&, const Axes&, bool);
const std::pair<const char*, Reduce> reductions[] = {
    {"sum", xgrad::sum},       {"mean", xgrad::mean}, {"prod", xgrad::prod}, {"max", xgrad::max},
    {"min", xgrad::min},       {"amax", xgrad::amax}, {"amin", xgrad::amin}, {"argmax", xgrad::argmax},
    {"argmin", xgrad::argmin}, {"all", xgrad::all},   {"any", xgrad::any},   {"logsumexp", xgrad::logsumexp}};

void add_reductions(Table& t) {
  for (const auto& [name, f] : reductions)
    t[name] = one([f = f](const Tensor& x, At a) { return f(x, axes(a), flag(a, "keepdims")); });
  t["var"] =
      one([](const Tensor& x, At a) { return var(x, axes(a), number(a, "correction", 1), flag(a, "keepdims")); });
  t["std"] = one(
      [](const Tensor& x, At a) { return xgrad::std(x, axes(a), number(a, "correction", 1), flag(a, "keepdims")); });
  t["norm"] = one([](const Tensor& x, At a) { return norm(x, number(a, "ord", 2), axes(a), flag(a, "keepdims")); });
  t["cumsum"] = one([](const Tensor& x, At a) { return cumsum(x, axis(a)); });
  t["cumprod"] = one([](const Tensor& x, At a) { return cumprod(x, axis(a)); });
  t["median"] = one([](const Tensor& x, At a) {
    return a.contains("axis") && !a["axis"].is_null() ? median(x, axis(a), flag(a, "keepdims")) : median(x);
  });
  t["softmax"] = one([](const Tensor& x, At a) { return softmax(x, value(a, "axis", -1)); });
  t["log_softmax"] = one([](const Tensor& x, At a) { return log_softmax(x, value(a, "axis", -1)); });
  t["sort"] = [](In in, At a) {
    const xgrad::Sorted s = sort(in.at(0), value(a, "axis", -1), flag(a, "descending"));
    return Tensors{s.values, s.indices};
  };
  t["topk"] = [](In in, At a) {
    const xgrad::Sorted s = topk(in.at(0), a.at("k"), value(a, "axis", -1), value(a, "largest", true));
    return Tensors{s.values, s.indices};
  };
  t["argsort"] = one([](const Tensor& x, At a) { return argsort(x, value(a, "axis", -1), flag(a, "descending")); });
}

void add_shapes(Table& t) {
  using namespace xgrad;
  t["reshape"] = one([](const Tensor& x, At a) {
    const std::vector<int64_t> extents = list(a, "shape");
    return reshape(x, extents.data(), extents.size());
  });
  t["transpose"] = one([](const Tensor& x, At a) { return transpose(x, axes(a, "axes")); });
  t["permute"] = one([](const Tensor& x, At a) { return permute(x, axes(a, "axes")); });
  t["swapaxes"] = one([](const Tensor& x, At a) { return swapaxes(x, axis(a, "axis1"), axis(a, "axis2")); });
  t["movedim"] = t["moveaxis"] =
      one([](const Tensor& x, At a) { return movedim(x, axes(a, "source"), axes(a, "destination")); });
  t["flatten"] =
      one([](const Tensor& x, At a) { return flatten(x, value(a, "start_axis", 0), value(a, "end_axis", -1)); });
  t["squeeze"] = one([](const Tensor& x, At a) { return squeeze(x, axes(a)); });
  t["unflatten"] = one([](const Tensor& x, At a) { return unflatten(x, axis(a), shape(a, "shape")); });
  t["unsqueeze"] = one([](const Tensor& x, At a) {
    if (a.at("axis").is_number()) return unsqueeze(x, axis(a));
    std::vector<int64_t> places = list(a, "axis");
    for (int64_t& place : places) place += place < 0 ? x.rank() + static_cast<int64_t>(places.size()) : 0;
    std::sort(places.begin(), places.end());
    Tensor y = x;
    for (int64_t place : places) y = unsqueeze(y, static_cast<int>(place));
    return y;
  });
  t["broadcast_to"] = one([](const Tensor& x, At a) { return broadcast_to(x, shape(a, "shape")); });
  t["expand"] = one([](const Tensor& x, At a) {
    const std::vector<int64_t> e = list(a, "shape");
    if (e.size() == 1) return expand(x, {e[0]});
    if (e.size() == 2) return expand(x, {e[0], e[1]});
    if (e.size() == 3) return expand(x, {e[0], e[1], e[2]});
    throw Failed("expand to more than 3 axes");
  });
  t["meshgrid"] = [](In in, At a) {
    return meshgrid(in, choose<Indexing>(a, "indexing", {{"ij", Indexing::ij}, {"xy", Indexing::xy}}));
  };
  t["concatenate"] = [](In in, At a) { return Tensors{concatenate(in, value(a, "axis", 0))}; };
  t["stack"] = [](In in, At a) { return Tensors{stack(in, value(a, "axis", 0))}; };
  t["split"] = [](In in, At a) {
    if (a.contains("sizes")) return split(in.at(0), list(a, "sizes"), axis(a));
    const auto parts = a.at("sections").get<int64_t>();  // equal ones, or the sizes do not add up
    if (parts < 1) refuse("sections", a["sections"]);
    const int from = axis(a) < 0 ? axis(a) + in[0].rank() : axis(a);
    const int64_t extent = from >= 0 && from < in[0].rank() ? in[0].shape()[from] : 0;
    return split(in[0], std::vector<int64_t>(static_cast<std::size_t>(parts), extent / parts), axis(a));
  };
  t["chunk"] = [](In in, At a) { return chunk(in.at(0), a.at("chunks"), value(a, "axis", 0)); };
  t["pad"] = one([](const Tensor& x, At a) {
    std::vector<Padding> widths;
    for (const Json& w : a.at("pad_width")) widths.push_back({w.at(0), w.at(1)});
    const auto mode = choose<PadMode>(a, "mode",
                                      {{"constant", PadMode::constant},
                                       {"reflect", PadMode::reflect},
                                       {"replicate", PadMode::replicate},
                                       {"edge", PadMode::replicate},
                                       {"circular", PadMode::circular},
                                       {"wrap", PadMode::circular}});
    return pad(x, widths.data(), widths.size(), mode, number(a, "value", 0));
  });
  t["flip"] = one([](const Tensor& x, At a) { return flip(x, axes(a)); });
  t["roll"] = one([](const Tensor& x, At a) {
    const std::vector<int64_t> shifts = list(a, "shift");
    if (a.at("shift").is_number()) return roll(x, shifts[0], axes(a));
    const std::vector<int64_t> along = list(a, "axis");
    if (shifts.size() != along.size()) refuse("shift", a["shift"]);
    Tensor y = x;
    for (std::size_t i = 0; i < shifts.size(); ++i) y = roll(y, shifts[i], static_cast<int>(along[i]));
    return y;
  });
  t["tile"] = t["repeat"] = one([](const Tensor& x, At a) {
    const std::vector<int64_t> reps = list(a, "reps");
    return tile(x, reps.data(), reps.size());
  });
  t["repeat_interleave"] = one([](const Tensor& x, At a) {
    const auto repeats = a.at("repeats").get<int64_t>();
    if (!a.contains("axis") || a["axis"].is_null()) return repeat_interleave(flatten(x), repeats, 0);
    return repeat_interleave(x, repeats, axis(a));
  });
  t["tril"] = one([](const Tensor& x, At a) { return tril(x, whole(a, "k", 0)); });
  t["triu"] = one([](const Tensor& x, At a) { return triu(x, whole(a, "k", 0)); });
  t["diagonal"] = one([](const Tensor& x, At a) {
    return diagonal(x, whole(a, "offset", 0), value(a, "axis1", 0), value(a, "axis2", 1));
  });
  t["diag"] = one([](const Tensor& x, At a) { return diag(x, whole(a, "offset", whole(a, "k", 0))); });
  t["trace"] = one([](const Tensor& x, At) { return trace(x); });
}

xgrad::DType dtype(At a) { return choose<xgrad::DType>(a, "dtype", {{"f8", xgrad::float64}, {"i8", xgrad::int64}}); }

void add_numbers(Table& t) {
  using namespace xgrad;
  t["arange"] = [](In, At a) {
    return Tensors{arange(number(a, "start", 0), number(a, "stop"), number(a, "step", 1), dtype(a))};
  };
  t["linspace"] = [](In, At a) {
    return Tensors{linspace(number(a, "start"), number(a, "stop"), whole(a, "count", 50), dtype(a))};
  };
  t["eye"] = [](In, At a) { return Tensors{eye(a.at("n"), whole(a, "columns", a.at("n")), dtype(a))}; };
}

}  // namespace

void add_arrays(Table& t) { add_reductions(t), add_shapes(t), add_numbers(t); }

}  // namespace conformance
