// Rows of what rearranges, picks and orders elements, and of the reductions made of other ops.
#include <cmath>

#include "op_table.hpp"
#include "op_table_rows.hpp"
#include "tensors.hpp"

namespace xgrad::tests {
namespace {

constexpr Argument ints(Shape shape, double low, double high) { return {shape, low, high, int64}; }

using One = Tensor (*)(const Tensor&);

}  // namespace

void add_rearrangements(std::vector<OpRow>& rows) {
  const Rows add{rows};
  const auto one = [&](const char* name, const char* text, One f, std::initializer_list<Shape> shapes) {
    for (const Shape& shape : shapes) add.row(name, text, [f](const Tensors& in) { return f(in[0]); }, {{shape}});
  };
  const auto composite = [&](const char* name, const char* text, One f, std::initializer_list<Shape> shapes) {
    for (const Shape& shape : shapes) add.composite(name, text, [f](const Tensors& in) { return f(in[0]); }, {{shape}});
  };
  using T = const Tensor&;
  composite("flatten", "flatten(x)", [](T x) { return flatten(x); }, {{2, 3, 2}, {}, {0, 3}});
  composite("flatten", "flatten(x, 1, -2)", [](T x) { return flatten(x, 1, -2); }, {{2, 3, 2, 2}});
  composite("unflatten", "unflatten(x, -1, {2, 3})", [](T x) { return unflatten(x, -1, {2, 3}); }, {{2, 6}, {0, 6}});
  composite("permute", "permute(x, {2, 0, -2})", [](T x) { return permute(x, {2, 0, -2}); }, {{2, 3, 4}});
  one("swapaxes", "swapaxes(x, 0, -1)", [](T x) { return swapaxes(x, 0, -1); }, {{2, 3, 4}, {3}, {0, 2}});
  one("movedim", "movedim(x, 0, -1)", [](T x) { return movedim(x, 0, -1); }, {{2, 3, 4}});
  one("movedim", "movedim(x, {0, 1}, {-1, 0})", [](T x) { return movedim(x, {0, 1}, {-1, 0}); }, {{2, 3, 4, 2}});
  composite("squeeze", "squeeze(x)", [](T x) { return squeeze(x); }, {{1, 3, 1}, {1}, {2}});
  composite("squeeze", "squeeze(x, -1)", [](T x) { return squeeze(x, -1); }, {{1, 3, 1}});
  composite("unsqueeze", "unsqueeze(x, -1)", [](T x) { return unsqueeze(x, -1); }, {{2, 3}, {}});
  composite("unsqueeze", "unsqueeze(x, 1)", [](T x) { return unsqueeze(x, 1); }, {{2, 3}});
  composite("expand", "expand(x, {2, -1, 3})", [](T x) { return expand(x, {2, -1, 3}); }, {{4, 1}, {4, 3}});
  one("split", "split(x, 2).back()", [](T x) { return split(x, 2).back(); }, {{5}, {3, 2}, {4, 0}});
  one("split", "split(x, {1, 0, 2}, 1)[2]", [](T x) { return split(x, {1, 0, 2}, 1)[2]; }, {{2, 3}});
  composite("chunk", "chunk(x, 3, -1).back()", [](T x) { return chunk(x, 3, -1).back(); }, {{2, 8}});
  one("pad", "pad(x, {{1, 2}, {0, 1}})", [](T x) { return pad(x, {{1, 2}, {0, 1}}); }, {{2, 3}, {0, 2}});
  one("pad", "pad(x, {{1, 2}}, constant, 3)", [](T x) { return pad(x, {{1, 2}}, PadMode::constant, 3); }, {{4}});
  for (const auto& [name, mode] : {std::pair<const char*, PadMode>{"reflect", PadMode::reflect},
                                   {"replicate", PadMode::replicate},
                                   {"circular", PadMode::circular}})
    add.row("pad", std::string("pad(x, {{0, 0}, {2, 1}}, ") + name + ")",
            [mode = mode](const Tensors& in) {
              return pad(in[0], {{0, 0}, {2, 1}}, mode);
            },
            {{{2, 3}}});
  one("flip", "flip(x)", [](T x) { return flip(x); }, {{2, 3}, {}, {0, 2}});
  one("flip", "flip(x, -1)", [](T x) { return flip(x, -1); }, {{2, 3}});
  composite("roll", "roll(x, 2)", [](T x) { return roll(x, 2); }, {{2, 3}, {0}});
  composite("roll", "roll(x, -4, 1)", [](T x) { return roll(x, -4, 1); }, {{2, 3}});
  composite("repeat_interleave", "repeat_interleave(x, 3, 0)", [](T x) { return repeat_interleave(x, 3, 0); },
            {{2, 3}, {0, 2}});
  composite("tile", "tile(x, {2, 1, 3})", [](T x) { return tile(x, {2, 1, 3}); }, {{2, 3}, {2, 2, 2}});
  composite("tile", "tile(x, {2})", [](T x) { return tile(x, {2}); }, {{2, 3}, {}});
  composite("tril", "tril(x)", [](T x) { return tril(x); }, {{3, 4}, {2, 3, 2}});
  composite("tril", "tril(x, 1)", [](T x) { return tril(x, 1); }, {{3, 4}});
  composite("triu", "triu(x, -1)", [](T x) { return triu(x, -1); }, {{3, 4}, {0, 2}});
  one("diagonal", "diagonal(x)", [](T x) { return diagonal(x); }, {{3, 4}, {2, 3, 2}, {0, 3}});
  one("diagonal", "diagonal(x, -1, -1, 0)", [](T x) { return diagonal(x, -1, -1, 0); }, {{3, 4}, {2, 3, 2}});
  one("diag", "diag(x, 1)", [](T x) { return diag(x, 1); }, {{3}, {0}});
  one("diag", "diag(x, -2)", [](T x) { return diag(x, -2); }, {{3}});
  composite("trace", "trace(x)", [](T x) { return trace(x); }, {{3, 3}, {2, 4}});
  const auto product = [](const Tensors& grid) {
    Tensor y = grid[0];
    for (std::size_t i = 1; i < grid.size(); ++i) y = y * grid[i];
    return y;
  };
  add.composite("meshgrid", "meshgrid({a, b})",
                [=](const Tensors& in) {
                  return product(meshgrid({in[0], in[1]}));
                },
                {{{3}}, {{2}}});
  add.composite("meshgrid", "meshgrid({a, b, c}, xy)",
                [=](const Tensors& in) {
                  return product(meshgrid({in[0], in[1], in[2]}, Indexing::xy));
                },
                {{{3}}, {{2}}, {{}}});
}

void add_indexing(std::vector<OpRow>& rows) {
  const Rows add{rows};
  const auto by_index = [&](const char* name, const char* text, auto f, std::vector<Argument> arguments) {
    add.row(
        name, text, [f](const Tensors& in) { return f(in[0], in[1]); }, std::move(arguments));
  };
  using T = const Tensor&;
  by_index("take", "take(x, index)", [](T x, T i) { return take(x, i); }, {{{3, 4}}, ints({2, 5}, -12, 11)});
  by_index("take", "take(x, index)", [](T x, T i) { return take(x, i); }, {{{3}}, ints({}, 0, 2)});
  by_index("gather", "gather(x, 1, index)", [](T x, T i) { return gather(x, 1, i); }, {{{3, 4}}, ints({2, 6}, 0, 3)});
  by_index("gather", "gather(x, 0, index)", [](T x, T i) { return gather(x, 0, i); },
           {{{3, 2, 2}}, ints({4, 2, 1}, 0, 2)});
  by_index("index_select", "index_select(x, 0, index)", [](T x, T i) { return index_select(x, 0, i); },
           {{{3, 4}}, ints({5}, 0, 2)});
  by_index("index_select", "index_select(x, -1, index)", [](T x, T i) { return index_select(x, -1, i); },
           {{{2, 3, 4}}, ints({3}, 0, 3)});
  by_index("embedding", "embedding(weight, index)", [](T x, T i) { return embedding(x, i); },
           {{{5, 3}}, ints({2, 4}, 0, 4)});
  add.row("index", "index(x, {a, b})",
          [](const Tensors& in) {
            return index(in[0], {in[1], in[2]});
          },
          {{{3, 4, 2}}, ints({5}, -3, 2), ints({2, 1}, 0, 3)});
  add.row("index", "index(x, {a, b})",
          [](const Tensors& in) {
            return index(in[0], {in[1], in[2]});
          },
          {{{3, 4, 2}}, ints({2, 3}, -3, 2), ints({3}, 0, 3)});
  add.row("index", "index(x, {slice, a, newaxis})",
          [](const Tensors& in) {
            return index(in[0], {Slice(0, 2), in[1], newaxis});
          },
          {{{3, 4, 2}}, ints({2, 3}, -4, 3)});
  add.row("index", "index(x, {a, ellipsis, 1})",
          [](const Tensors& in) {
            return index(in[0], {in[1], ellipsis, 1});
          },
          {{{3, 4, 2}}, ints({3}, 0, 2)});
  add.row("index", "index(x, {mask})", [](const Tensors& in) { return index(in[0], {in[1]}); },
          {{{3, 4}}, {{3}, -1, 1, boolean}});
  add.composite("masked_select", "masked_select(x, mask)",
                [](const Tensors& in) { return masked_select(in[0], in[1]); }, {{{3, 4}}, {{3, 1}, -1, 2, boolean}});
  const auto into = [&](const char* name, const char* text, auto f, Argument index, Shape source) {
    add.composite(name, text, [f](const Tensors& in) { return f(in[0], in[1], in[2]); }, {{{3, 4}}, index, {source}});
  };
  into("index_add", "index_add(x, 1, index, source, 0.5)", [](T x, T i, T s) { return index_add(x, 1, i, s, 0.5); },
       ints({5}, 0, 3), {3, 5});
  into("scatter_add", "scatter_add(x, 0, index, source)", [](T x, T i, T s) { return scatter_add(x, 0, i, s); },
       ints({5, 3}, 0, 2), {5, 4});
  into("scatter", "scatter(x, 1, index, source)", [](T x, T i, T s) { return scatter(x, 1, i, s); }, ints({2, 6}, 0, 3),
       {2, 6});
  add.composite("scatter", "scatter(x, 0, index, 0.5)", [](const Tensors& in) { return scatter(in[0], 0, in[1], 0.5); },
                {{{3, 4}}, ints({2, 3}, 0, 2)});

  add.constant("nonzero", "nonzero(x)", [](const Tensors& in) { return nonzero(in[0]); }, {{{3, 4}}});
  add.constant("one_hot", "one_hot(labels, 5)", [](const Tensors& in) { return one_hot(in[0], 5); },
               {ints({2, 3}, 0, 4)});
  add.constant("arange", "arange(5)", [](const Tensors&) { return arange(5); }, {});
  add.constant("arange", "arange(0)", [](const Tensors&) { return arange(0); }, {});
  for (const DType dtype : {float32, float64}) {
    const std::string end = std::string(", ") + name_of(dtype) + ")";
    add.constant("arange", "arange(0.5, 3, 0.25" + end, [=](const Tensors&) { return arange(0.5, 3, 0.25, dtype); },
                 {});
    add.constant("linspace", "linspace(0, 1, 5" + end, [=](const Tensors&) { return linspace(0, 1, 5, dtype); }, {});
    add.constant("linspace", "linspace(0, 1, 0" + end, [=](const Tensors&) { return linspace(0, 1, 0, dtype); }, {});
    add.constant("eye", "eye(3, 2" + end, [=](const Tensors&) { return eye(3, 2, dtype); }, {});
    add.constant("eye", "eye(0, 2" + end, [=](const Tensors&) { return eye(0, 2, dtype); }, {});
  }
}

void add_statistics(std::vector<OpRow>& rows) {
  const Rows add{rows};
  using Call = Tensor (*)(const Tensor&, const Axes&, bool);
  const std::pair<const char*, Call> reductions[] = {
      {"prod", [](const Tensor& x, const Axes& a, bool k) { return prod(x, a, k); }},
      {"var", [](const Tensor& x, const Axes& a, bool k) { return var(x, a, 1, k); }},
      {"var", [](const Tensor& x, const Axes& a, bool k) { return var(x, a, 0, k); }},
      {"std", [](const Tensor& x, const Axes& a, bool k) { return xgrad::std(x, a, 0, k); }},
      {"norm", [](const Tensor& x, const Axes& a, bool k) { return norm(x, 2, a, k); }},
      {"norm", [](const Tensor& x, const Axes& a, bool k) { return norm(x, 1, a, k); }},
      {"norm", [](const Tensor& x, const Axes& a, bool k) { return norm(x, 3, a, k); }},
      {"norm", [](const Tensor& x, const Axes& a, bool k) { return norm(x, INFINITY, a, k); }}};
  for (const auto& [name, f] : reductions) {
    const auto row = [&, name = name, f = f](const char* text, Axes axes, bool keepdims, Shape shape) {
      add.composite(name, name + std::string(text),
                    [f, axes, keepdims](const Tensors& in) { return f(in[0], axes, keepdims); }, {{shape}});
    };
    row("(x)", {}, false, {3, 5}), row("(x, 0)", 0, false, {3, 5}), row("(x, {0, -1}, true)", {0, -1}, true, {2, 3, 2});
  }
  add.row("amax", "amax(x, 1)", [](const Tensors& in) { return amax(in[0], 1); }, {{{3, 4}}});
  add.row("amin", "amin(x)", [](const Tensors& in) { return amin(in[0]); }, {{{3, 4}}});
  add.row("amin", "amin(x, 1)", [](const Tensors& in) { return amin(in[0], 1); }, {{{3, 4}}});
  add.constant("argmin", "argmin(x)", [](const Tensors& in) { return argmin(in[0]); }, {{{3, 4}}});
  add.constant("argmin", "argmin(x, 1)", [](const Tensors& in) { return argmin(in[0], 1); }, {{{3, 4}}});
  add.constant("all", "all(x, 1)", [](const Tensors& in) { return all(in[0], 1); }, {{{3, 4}, -1, 1, boolean}});
  add.constant("any", "any(x, 0, true)", [](const Tensors& in) { return any(in[0], 0, true); }, {{{3, 4}}});
  for (const Shape& shape : {Shape{3, 5}, Shape{2, 3, 2}, Shape{0, 2}})
    for (const int axis : {0, -1}) {
      add.row("cumsum", "cumsum(x, " + std::to_string(axis) + ")",
              [axis](const Tensors& in) { return cumsum(in[0], axis); }, {{shape}});
      add.composite("cumprod", "cumprod(x, " + std::to_string(axis) + ")",
                    [axis](const Tensors& in) { return cumprod(in[0], axis); }, {{shape}});
    }
  add.constant("argsort", "argsort(x, 0, true)", [](const Tensors& in) { return argsort(in[0], 0, true); }, {{{3, 4}}});
  add.composite("sort", "sort(x).values", [](const Tensors& in) { return sort(in[0]).values; }, {{{3, 4}}});
  add.composite("topk", "topk(x, 2, 0).values", [](const Tensors& in) { return topk(in[0], 2, 0).values; }, {{{3, 4}}});
  add.composite("median", "median(x)", [](const Tensors& in) { return median(in[0]); }, {{{3, 4}}});
  add.composite("median", "median(x, 1, true)", [](const Tensors& in) { return median(in[0], 1, true); }, {{{2, 5}}});
}

}  // namespace xgrad::tests
