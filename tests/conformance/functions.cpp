// The ops by the names that cases use.
#include <functional>
#include <limits>

#include <xgrad/nn.hpp>

#include "cases.hpp"

namespace conformance {
namespace {

using std::int64_t;
using xgrad::Axes;
using xgrad::Pair;
using xgrad::Shape;
using In = const Tensors&;
using At = const Attributes&;
using Function = std::function<Tensors(In, At)>;
using Table = std::map<std::string, Function>;

Axes axes(At a, const char* key = "axis") {
  if (!a.contains(key) || a[key].is_null()) return {};
  if (a[key].is_number()) return Axes(a[key].get<int>());
  const auto list = a[key].get<std::vector<int>>();
  return Axes(list.data(), static_cast<int>(list.size()));
}
int axis(At a, const char* key = "axis") { return a.at(key).get<int>(); }
double number(At a, const char* key) {
  if (a.at(key).is_string()) return a[key] == "-inf" ? -INFINITY : a[key] == "inf" ? INFINITY : NAN;
  return a[key].get<double>();
}
double number(At a, const char* key, double missing) {
  return a.contains(key) && !a[key].is_null() ? number(a, key) : missing;
}
int64_t whole(At a, const char* key, int64_t missing) { return a.value(key, missing); }
bool flag(At a, const char* key) { return a.value(key, false); }
std::vector<int64_t> list(At a, const char* key) { return a.at(key).get<std::vector<int64_t>>(); }
Shape shape(At a, const char* key) {
  const std::vector<int64_t> extents = list(a, key);
  return Shape(extents.data(), static_cast<int>(extents.size()));
}
Pair pair(At a, const char* key, int64_t missing) {
  if (!a.contains(key) || a[key].is_null()) return missing;
  if (a[key].is_number()) return a[key].get<int64_t>();
  const std::vector<int64_t> both = list(a, key);
  return both.size() == 1 ? Pair(both[0]) : Pair(both.at(0), both.at(1));
}
Tensor at(In in, std::size_t i) { return i < in.size() ? in[i] : Tensor(); }

xgrad::Reduction reduction(At a) {
  const auto name = a.value("reduction", std::string("mean"));
  return name == "sum"         ? xgrad::Reduction::sum
         : name == "none"      ? xgrad::Reduction::none
         : name == "batchmean" ? xgrad::Reduction::batchmean
                               : xgrad::Reduction::mean;
}

using Unary = Tensor (*)(const xgrad::Operand&);
using Binary = Tensor (*)(const xgrad::Operand&, const xgrad::Operand&);

Function unary(Unary f) {
  return [f](In in, At) { return Tensors{f(in.at(0))}; };
}
/// Two tensors, or one and a number on either side.
Function binary(Binary f) {
  return [f](In in, At a) {
    if (in.size() > 1) return Tensors{f(in[0], in[1])};
    const double scalar = number(a, "scalar");
    return Tensors{a.value("side", std::string("right")) == "left" ? f(scalar, in.at(0)) : f(in.at(0), scalar)};
  };
}
template <class F> Function one(F f) {
  return [f](In in, At a) { return Tensors{f(in.at(0), a)}; };
}
template <class F> Function two(F f) {
  return [f](In in, At a) { return Tensors{f(in.at(0), in.at(1), a)}; };
}

void add_elementwise(Table& t) {
  using namespace xgrad;
  for (const auto& [name, f] : std::initializer_list<std::pair<const char*, Unary>>{{"neg", neg},
                                                                                    {"exp", exp},
                                                                                    {"exp2", exp2},
                                                                                    {"expm1", expm1},
                                                                                    {"log", log},
                                                                                    {"log1p", log1p},
                                                                                    {"log2", log2},
                                                                                    {"log10", log10},
                                                                                    {"sqrt", sqrt},
                                                                                    {"rsqrt", rsqrt},
                                                                                    {"square", square},
                                                                                    {"reciprocal", reciprocal},
                                                                                    {"cbrt", cbrt},
                                                                                    {"abs", abs},
                                                                                    {"sign", sign},
                                                                                    {"floor", floor},
                                                                                    {"ceil", ceil},
                                                                                    {"round", round},
                                                                                    {"trunc", trunc},
                                                                                    {"sin", sin},
                                                                                    {"cos", cos},
                                                                                    {"tan", tan},
                                                                                    {"asin", asin},
                                                                                    {"acos", acos},
                                                                                    {"atan", atan},
                                                                                    {"arcsin", asin},
                                                                                    {"arccos", acos},
                                                                                    {"arctan", atan},
                                                                                    {"sinh", sinh},
                                                                                    {"cosh", cosh},
                                                                                    {"tanh", tanh},
                                                                                    {"asinh", asinh},
                                                                                    {"acosh", acosh},
                                                                                    {"atanh", atanh},
                                                                                    {"arcsinh", asinh},
                                                                                    {"arccosh", acosh},
                                                                                    {"arctanh", atanh},
                                                                                    {"erf", erf},
                                                                                    {"erfc", erfc},
                                                                                    {"normal_cdf", normal_cdf},
                                                                                    {"gelu_tanh", gelu_tanh},
                                                                                    {"nonzero", nonzero},
                                                                                    {"sigmoid", sigmoid},
                                                                                    {"relu", relu},
                                                                                    {"relu6", relu6},
                                                                                    {"selu", selu},
                                                                                    {"mish", mish},
                                                                                    {"silu", silu},
                                                                                    {"softsign", softsign},
                                                                                    {"hardsigmoid", hardsigmoid},
                                                                                    {"hardswish", hardswish},
                                                                                    {"log_sigmoid", log_sigmoid},
                                                                                    {"logsigmoid", log_sigmoid},
                                                                                    {"tanhshrink", tanhshrink},
                                                                                    {"step", step},
                                                                                    {"identity", identity},
                                                                                    {"isnan", isnan},
                                                                                    {"isinf", isinf},
                                                                                    {"isfinite", isfinite},
                                                                                    {"logical_not", logical_not},
                                                                                    {"frac", frac}})
    t[name] = unary(f);
  for (const auto& [name, f] :
       std::initializer_list<std::pair<const char*, Binary>>{{"add", add},
                                                             {"sub", sub},
                                                             {"mul", mul},
                                                             {"div", div},
                                                             {"pow", pow},
                                                             {"maximum", maximum},
                                                             {"minimum", minimum},
                                                             {"atan2", atan2},
                                                             {"arctan2", atan2},
                                                             {"hypot", hypot},
                                                             {"fmod", fmod},
                                                             {"remainder", remainder},
                                                             {"logaddexp", logaddexp},
                                                             {"xlogy", xlogy},
                                                             {"greater", greater},
                                                             {"greater_equal", greater_equal},
                                                             {"less", less},
                                                             {"less_equal", less_equal},
                                                             {"equal", equal},
                                                             {"not_equal", not_equal},
                                                             {"logical_and", logical_and},
                                                             {"logical_or", logical_or},
                                                             {"logical_xor", logical_xor},
                                                             {"matmul", static_cast<Binary>(matmul)},
                                                             {"dot", dot},
                                                             {"outer", outer},
                                                             {"bmm", bmm},
                                                             {"solve", solve},
                                                             {"take", take},
                                                             {"masked_select", masked_select},
                                                             {"embedding", embedding}})
    t[name] = binary(f);
  t["detach"] = one([](const Tensor& x, At) { return x.detach(); });
  t["leaky_relu"] = one([](const Tensor& x, At a) { return leaky_relu(x, number(a, "negative_slope", 0.01)); });
  t["elu"] = one([](const Tensor& x, At a) { return elu(x, number(a, "alpha", 1)); });
  t["celu"] = one([](const Tensor& x, At a) { return celu(x, number(a, "alpha", 1)); });
  t["softplus"] = one([](const Tensor& x, At a) { return softplus(x, number(a, "beta", 1)); });
  t["softshrink"] = one([](const Tensor& x, At a) { return softshrink(x, number(a, "lambd", 0.5)); });
  t["hardshrink"] = one([](const Tensor& x, At a) { return hardshrink(x, number(a, "lambd", 0.5)); });
  t["hardtanh"] =
      one([](const Tensor& x, At a) { return hardtanh(x, number(a, "min_val", -1), number(a, "max_val", 1)); });
  t["threshold"] = one([](const Tensor& x, At a) { return threshold(x, number(a, "threshold"), number(a, "value")); });
  t["nan_to_num"] = one([](const Tensor& x, At a) {
    if (!a.contains("posinf")) return nan_to_num(x, number(a, "nan", 0));
    return nan_to_num(x, number(a, "nan", 0), number(a, "posinf"), number(a, "neginf"));
  });
  t["gelu"] =
      one([](const Tensor& x, At a) { return a.value("approximate", "none") == "tanh" ? gelu_tanh(x) : gelu(x); });
  t["clamp"] =
      one([](const Tensor& x, At a) { return clamp(x, number(a, "min", -INFINITY), number(a, "max", INFINITY)); });
  t["where"] = [](In in, At) { return Tensors{where(in.at(0), in.at(1), in.at(2))}; };
  t["lerp"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? lerp(in[0], in[1], in[2]) : lerp(in.at(0), in.at(1), number(a, "weight"))};
  };
  t["masked_fill"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? masked_fill(in[0], in[1], in[2])
                                 : masked_fill(in.at(0), in.at(1), number(a, "value"))};
  };
}

void add_reductions(Table& t) {
  using Reduce = Tensor (*)(const xgrad::Operand&, const Axes&, bool);
  for (const auto& [name, f] : std::initializer_list<std::pair<const char*, Reduce>>{{"sum", xgrad::sum},
                                                                                     {"mean", xgrad::mean},
                                                                                     {"prod", xgrad::prod},
                                                                                     {"max", xgrad::max},
                                                                                     {"min", xgrad::min},
                                                                                     {"amax", xgrad::amax},
                                                                                     {"amin", xgrad::amin},
                                                                                     {"argmax", xgrad::argmax},
                                                                                     {"argmin", xgrad::argmin},
                                                                                     {"all", xgrad::all},
                                                                                     {"any", xgrad::any},
                                                                                     {"logsumexp", xgrad::logsumexp}})
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
  t["softmax"] = one([](const Tensor& x, At a) { return softmax(x, a.value("axis", -1)); });
  t["log_softmax"] = one([](const Tensor& x, At a) { return log_softmax(x, a.value("axis", -1)); });
  t["sort"] = [](In in, At a) {
    const xgrad::Sorted s = sort(in.at(0), a.value("axis", -1), flag(a, "descending"));
    return Tensors{s.values, s.indices};
  };
  t["topk"] = [](In in, At a) {
    const xgrad::Sorted s = topk(in.at(0), a.at("k"), a.value("axis", -1), a.value("largest", true));
    return Tensors{s.values, s.indices};
  };
  t["argsort"] = one([](const Tensor& x, At a) { return argsort(x, a.value("axis", -1), flag(a, "descending")); });
}

std::vector<xgrad::Index> index_of(At a) {
  std::vector<xgrad::Index> entries;
  for (const Json& entry : a.at("index")) {
    if (entry.is_number()) {
      entries.emplace_back(entry.get<int64_t>());
    } else if (entry.is_string()) {
      entries.push_back(entry == "newaxis" ? xgrad::newaxis : xgrad::ellipsis);
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

void add_shapes(Table& t) {
  using namespace xgrad;
  t["reshape"] = one([](const Tensor& x, At a) {
    const std::vector<int64_t> extents = list(a, "shape");
    for (int64_t extent : extents)
      if (extent < 0) {  // one extent left open
        int64_t known = 1;
        for (int64_t e : extents) known *= e < 0 ? 1 : e;
        std::vector<int64_t> filled = extents;
        for (int64_t& e : filled) e = e < 0 ? x.size() / std::max<int64_t>(1, known) : e;
        return reshape(x, Shape(filled.data(), static_cast<int>(filled.size())));
      }
    return reshape(x, shape(a, "shape"));
  });
  t["transpose"] = one([](const Tensor& x, At a) { return transpose(x, axes(a, "axes")); });
  t["permute"] = one([](const Tensor& x, At a) { return permute(x, axes(a, "axes")); });
  t["swapaxes"] = one([](const Tensor& x, At a) { return swapaxes(x, axis(a, "axis1"), axis(a, "axis2")); });
  t["movedim"] = t["moveaxis"] =
      one([](const Tensor& x, At a) { return movedim(x, axes(a, "source"), axes(a, "destination")); });
  t["flatten"] =
      one([](const Tensor& x, At a) { return flatten(x, a.value("start_axis", 0), a.value("end_axis", -1)); });
  t["squeeze"] = one([](const Tensor& x, At a) { return squeeze(x, axes(a)); });
  t["unflatten"] = one([](const Tensor& x, At a) { return unflatten(x, axis(a), shape(a, "shape")); });
  t["unsqueeze"] = one([](const Tensor& x, At a) { return unsqueeze(x, axis(a)); });
  t["broadcast_to"] = one([](const Tensor& x, At a) { return broadcast_to(x, shape(a, "shape")); });
  t["expand"] = one([](const Tensor& x, At a) {
    const std::vector<int64_t> e = list(a, "shape");
    if (e.size() == 1) return expand(x, {e[0]});
    if (e.size() == 2) return expand(x, {e[0], e[1]});
    if (e.size() == 3) return expand(x, {e[0], e[1], e[2]});
    throw Failed("expand to more than 3 axes");
  });
  t["index"] = t["getitem"] = one([](const Tensor& x, At a) { return index(x, index_of(a)); });
  t["slice"] = one([](const Tensor& x, At a) {
    std::vector<Slice> slices;
    for (const Index& entry : index_of(a)) slices.push_back(entry.slice);
    return slice(x, slices.data(), slices.size());
  });
  t["meshgrid"] = [](In in, At a) {
    return meshgrid(in, a.value("indexing", std::string("ij")) == "xy" ? Indexing::xy : Indexing::ij);
  };
  t["boolean_mask"] = two([](const Tensor& x, const Tensor& mask, At) { return index(x, {mask}); });
  t["concatenate"] = [](In in, At a) { return Tensors{concatenate(in, a.value("axis", 0))}; };
  t["stack"] = [](In in, At a) { return Tensors{stack(in, a.value("axis", 0))}; };
  t["split"] = [](In in, At a) {
    if (a.contains("sizes")) return split(in.at(0), list(a, "sizes"), axis(a));
    const auto sections = a.at("sections").get<int64_t>();
    return split(in.at(0), in[0].shape()[axis(a) < 0 ? axis(a) + in[0].rank() : axis(a)] / sections, axis(a));
  };
  t["chunk"] = [](In in, At a) { return chunk(in.at(0), a.at("chunks"), a.value("axis", 0)); };
  t["pad"] = one([](const Tensor& x, At a) {
    std::vector<Padding> widths;
    for (const Json& w : a.at("pad_width")) widths.push_back({w.at(0), w.at(1)});
    const auto mode = a.value("mode", std::string("constant"));
    return pad(x, widths.data(), widths.size(),
               mode == "reflect"                       ? PadMode::reflect
               : mode == "replicate" || mode == "edge" ? PadMode::replicate
               : mode == "circular" || mode == "wrap"  ? PadMode::circular
                                                       : PadMode::constant,
               number(a, "value", 0));
  });
  t["flip"] = one([](const Tensor& x, At a) { return flip(x, axes(a)); });
  t["roll"] = one([](const Tensor& x, At a) {
    if (a.at("shift").is_number()) return roll(x, a["shift"].get<int64_t>(), axes(a));
    Tensor y = x;
    for (std::size_t i = 0; i < a["shift"].size(); ++i)
      y = roll(y, a["shift"][i].get<int64_t>(), a.at("axis").at(i).get<int>());
    return y;
  });
  t["tile"] = t["repeat"] = one([](const Tensor& x, At a) {
    const std::vector<int64_t> reps =
        a.at("reps").is_number() ? std::vector<int64_t>{a["reps"].get<int64_t>()} : list(a, "reps");
    return tile(x, reps.data(), reps.size());
  });
  t["repeat_interleave"] = one([](const Tensor& x, At a) { return repeat_interleave(x, a.at("repeats"), axis(a)); });
  t["tril"] = one([](const Tensor& x, At a) { return tril(x, whole(a, "k", 0)); });
  t["triu"] = one([](const Tensor& x, At a) { return triu(x, whole(a, "k", 0)); });
  t["diagonal"] = one([](const Tensor& x, At a) {
    return diagonal(x, whole(a, "offset", 0), a.value("axis1", 0), a.value("axis2", 1));
  });
  t["diag"] = one([](const Tensor& x, At a) { return diag(x, whole(a, "offset", whole(a, "k", 0))); });
  t["trace"] = one([](const Tensor& x, At) { return trace(x); });
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

xgrad::DType dtype(At a) { return a.value("dtype", std::string("f8")) == "i8" ? xgrad::int64 : xgrad::float64; }

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

void add_products(Table& t) {
  using namespace xgrad;
  t["linear"] = [](In in, At) {
    return Tensors{in.size() > 2 ? linear(in[0], in[1], in[2]) : linear(in.at(0), in.at(1))};
  };
  t["affine"] = [](In in, At) {
    return Tensors{in.size() > 2 ? affine(in[0], in[1], in[2]) : affine(in.at(0), in.at(1))};
  };
  t["einsum"] = [](In in, At a) { return Tensors{einsum(a.at("equation").get<std::string>(), in)}; };
  t["tensordot"] = two([](const Tensor& x, const Tensor& y, At a) {
    const Json& given = a.at("axes");
    if (given.is_number()) return tensordot(x, y, given.get<int>());
    const auto left = given.at(0).get<std::vector<int>>(), right = given.at(1).get<std::vector<int>>();
    return tensordot(x, y, Axes(left.data(), static_cast<int>(left.size())),
                     Axes(right.data(), static_cast<int>(right.size())));
  });
  t["inv"] = one([](const Tensor& x, At) { return inv(x); });
  t["det"] = one([](const Tensor& x, At) { return det(x); });
  t["cholesky"] = one([](const Tensor& x, At) { return cholesky(x); });
  t["slogdet"] = [](In in, At) {
    const Slogdet d = slogdet(in.at(0));
    return Tensors{d.sign, d.logabsdet};
  };
  t["qr"] = [](In in, At) {
    const Qr factors = qr(in.at(0));
    return Tensors{factors.q, factors.r};
  };
  t["eigh"] = [](In in, At) {
    const Eigh e = eigh(in.at(0));
    return Tensors{e.values, e.vectors};
  };
  t["svd"] = [](In in, At) {
    const Svd factors = svd(in.at(0));
    return Tensors{factors.u, factors.s, factors.vt};
  };
}

void add_losses(Table& t) {
  using namespace xgrad;
  using Loss = Tensor (*)(const Operand&, const Operand&, Reduction);
  for (const auto& [name, f] :
       std::initializer_list<std::pair<const char*, Loss>>{{"mse_loss", mse_loss},
                                                           {"l1_loss", l1_loss},
                                                           {"binary_cross_entropy", binary_cross_entropy},
                                                           {"hinge_loss", hinge_loss}})
    t[name] = two([f = f](const Tensor& x, const Tensor& y, At a) { return f(x, y, reduction(a)); });
  t["smooth_l1_loss"] = two(
      [](const Tensor& x, const Tensor& y, At a) { return smooth_l1_loss(x, y, reduction(a), number(a, "beta", 1)); });
  t["huber_loss"] =
      two([](const Tensor& x, const Tensor& y, At a) { return huber_loss(x, y, reduction(a), number(a, "delta", 1)); });
  t["kl_div"] =
      two([](const Tensor& x, const Tensor& y, At a) { return kl_div(x, y, reduction(a), flag(a, "log_target")); });
  t["cosine_similarity"] = two([](const Tensor& x, const Tensor& y, At a) {
    return cosine_similarity(x, y, a.value("axis", 1), number(a, "eps", 1e-8));
  });
  t["bce_with_logits"] = t["binary_cross_entropy_with_logits"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? bce_with_logits(in[0], in[1], in[2], reduction(a))
                                 : bce_with_logits(in.at(0), in.at(1), reduction(a))};
  };
  t["nll_loss"] = [](In in, At a) {
    return Tensors{nll_loss(in.at(0), in.at(1), reduction(a), at(in, 2), whole(a, "ignore_index", -100))};
  };
  t["cross_entropy"] = [](In in, At a) {
    const bool plain = in.size() == 2 && number(a, "label_smoothing", 0) == 0 && !a.contains("ignore_index");
    if (plain) return Tensors{cross_entropy(in[0], in[1], reduction(a))};
    return Tensors{cross_entropy(in.at(0), in.at(1),
                                 {.reduction = reduction(a),
                                  .class_weights = at(in, 2),
                                  .label_smoothing = number(a, "label_smoothing", 0),
                                  .ignored = whole(a, "ignore_index", -100)})};
  };
}

xgrad::ConvOptions conv_options(At a) {
  return {.stride = pair(a, "stride", 1),
          .padding = pair(a, "padding", 0),
          .dilation = pair(a, "dilation", 1),
          .groups = whole(a, "groups", 1)};
}
xgrad::nn::CellWeights cell(In in, std::size_t first) {
  return {in.at(first), in.at(first + 1), at(in, first + 2), at(in, first + 3)};
}

void add_layers(Table& t) {
  using namespace xgrad;
  t["conv1d"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? conv1d(in[0], in[1], in[2], conv_options(a))
                                 : conv1d(in.at(0), in.at(1), conv_options(a))};
  };
  t["conv2d"] = [](In in, At a) {
    return Tensors{in.size() > 2 ? conv2d(in[0], in[1], in[2], conv_options(a))
                                 : conv2d(in.at(0), in.at(1), conv_options(a))};
  };
  t["conv_transpose2d"] = [](In in, At a) {
    const Pair more = pair(a, "output_padding", 0);
    return Tensors{in.size() > 2 ? conv_transpose2d(in[0], in[1], in[2], conv_options(a), more)
                                 : conv_transpose2d(in.at(0), in.at(1), conv_options(a), more)};
  };
  t["max_pool2d"] = one([](const Tensor& x, At a) {
    return max_pool2d(x, pair(a, "kernel_size", 1), pair(a, "stride", 0), pair(a, "padding", 0),
                      pair(a, "dilation", 1));
  });
  t["max_pool1d"] = one([](const Tensor& x, At a) {
    return max_pool1d(x, pair(a, "kernel_size", 1).w, pair(a, "stride", 0).w, pair(a, "padding", 0).w,
                      pair(a, "dilation", 1).w);
  });
  t["avg_pool2d"] = one([](const Tensor& x, At a) {
    return avg_pool2d(x, pair(a, "kernel_size", 1), pair(a, "stride", 0), pair(a, "padding", 0),
                      a.value("count_include_pad", true));
  });
  t["avg_pool1d"] = one([](const Tensor& x, At a) {
    return avg_pool1d(x, pair(a, "kernel_size", 1).w, pair(a, "stride", 0).w, pair(a, "padding", 0).w,
                      a.value("count_include_pad", true));
  });
  t["adaptive_avg_pool2d"] =
      one([](const Tensor& x, At a) { return adaptive_avg_pool2d(x, pair(a, "output_size", 1)); });
  t["adaptive_avg_pool1d"] =
      one([](const Tensor& x, At a) { return adaptive_avg_pool1d(x, pair(a, "output_size", 1).w); });
  t["im2col"] = one([](const Tensor& x, At a) {
    return im2col(x, pair(a, "kernel_size", 1), pair(a, "stride", 1), pair(a, "padding", 0), pair(a, "dilation", 1));
  });
  t["col2im"] = one([](const Tensor& x, At a) {
    return col2im(x, pair(a, "output_size", 1), pair(a, "kernel_size", 1), pair(a, "stride", 1), pair(a, "padding", 0),
                  pair(a, "dilation", 1));
  });
  t["batch_norm"] = [](In in, At a) {
    Tensor mean = in.at(3).clone(), variance = in.at(4).clone();
    const double momentum = number(a, "momentum", 0.1), eps = number(a, "eps", 1e-5);
    const bool training = flag(a, "training");
    const Tensor y = batch_norm(in[0], mean, variance, in[1], in[2], training, momentum, eps);
    if (training && !a.value("running_var_unbiased", true)) {  // the book's way: n / (n - 1) taken back
      const double n = static_cast<double>(in[0].size()) / static_cast<double>(in[0].shape()[1]);
      const Tensor old = in[4].detach() * (1 - momentum);
      variance = old + (variance - old) * ((n - 1) / n);
    }
    return Tensors{y, mean, variance};
  };
  t["layer_norm"] = [](In in, At a) {
    return Tensors{layer_norm(in.at(0), shape(a, "normalized_shape"), at(in, 1), at(in, 2), number(a, "eps", 1e-5))};
  };
  t["rms_norm"] = [](In in, At a) {
    return Tensors{rms_norm(in.at(0), shape(a, "normalized_shape"), at(in, 1), number(a, "eps", 1e-5))};
  };
  t["group_norm"] = [](In in, At a) {
    return Tensors{group_norm(in.at(0), a.at("num_groups"), at(in, 1), at(in, 2), number(a, "eps", 1e-5))};
  };
  t["dropout"] = one([](const Tensor& x, At a) {
    Random random(1);
    return dropout(x, number(a, "p"), random, a.value("training", true));
  });
  t["scaled_dot_product_attention"] = [](In in, At a) {
    return Tensors{scaled_dot_product_attention(in.at(0), in.at(1), in.at(2), at(in, 3), flag(a, "causal"),
                                                number(a, "scale", 0))};
  };
  t["multi_head_attention"] = [](In in, At a) {
    return Tensors{nn::multi_head_attention(
        in.at(0), in.at(1), in.at(2), a.at("num_heads"),
        {.in_weight = in.at(3), .in_bias = in.at(4), .out_weight = in.at(5), .out_bias = in.at(6)}, at(in, 7),
        flag(a, "causal"))};
  };
  const auto kind = [](At a) {
    return a.value("nonlinearity", "tanh") == "relu" ? nn::Nonlinearity::relu : nn::Nonlinearity::tanh;
  };
  t["rnn_cell"] = [kind](In in, At a) { return Tensors{nn::rnn_cell(in.at(0), in.at(1), cell(in, 2), kind(a))}; };
  t["rnn"] = [kind](In in, At a) {
    const nn::Sequence s = nn::rnn(in.at(0), in.at(1), cell(in, 2), kind(a));
    return Tensors{s.outputs, s.h};
  };
  t["gru_cell"] = [](In in, At) { return Tensors{nn::gru_cell(in.at(0), in.at(1), cell(in, 2))}; };
  t["gru"] = [](In in, At) {
    const nn::Sequence s = nn::gru(in.at(0), in.at(1), cell(in, 2));
    return Tensors{s.outputs, s.h};
  };
  t["lstm_cell"] = [](In in, At) {
    const nn::LstmState s = nn::lstm_cell(in.at(0), {in.at(1), in.at(2)}, cell(in, 3));
    return Tensors{s.h, s.c};
  };
  t["lstm"] = [](In in, At) {
    const nn::LstmSequence s = nn::lstm(in.at(0), {in.at(1), in.at(2)}, cell(in, 3));
    return Tensors{s.outputs, s.state.h, s.state.c};
  };
}

const Table& table() {
  static const Table functions = [] {
    Table t;
    add_elementwise(t), add_reductions(t), add_shapes(t), add_numbers(t), add_products(t), add_losses(t), add_layers(t);
    return t;
  }();
  return functions;
}

}  // namespace

Tensors apply(const std::string& op, const Tensors& in, const Attributes& attributes) {
  const auto found = table().find(op);
  if (found == table().end()) throw UnknownOp(op);
  return found->second(in, attributes);
}

}  // namespace conformance
