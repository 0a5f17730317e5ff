// Operations as users make them, with rows like any other's.
#include <xgrad/transforms.hpp>

#include "op_table_rows.hpp"

namespace xgrad::tests {

void add_user_ops(std::vector<OpRow>& rows) {
  using T = const Tensor&;
  using Ts = const Tensors&;
  const std::size_t first = rows.size();
  const Rows add{rows};
  const auto cube = custom_vjp([](T x) { return x * x * x; }, [](T x, T, T g) { return 3 * x * x * g; }, "cube");
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 4}})
    add.row("cube", "cube(x)", [=](Ts in) { return cube(in[0]); }, {{shape}});

  // Its derivative reads the value.
  const auto squash = custom_vjp([](T x) { return tanh(x); }, [](T, T y, T g) { return g * (1 - y * y); }, "squash");
  add.row("squash", "squash(x)", [=](Ts in) { return squash(in[0]); }, {{{2, 3, 2}}});

  const auto product = custom_vjp([](Ts in) { return matmul(in[0], in[1]); },
                                  [](Ts in, T, T g) {
                                    return Tensors{matmul(g, transpose(in[1])), matmul(transpose(in[0]), g)};
                                  },
                                  "product");
  add.row("product", "product({a, b})", [=](Ts in) { return product({in[0], in[1]}); }, {{{3, 4}}, {{4, 2}}});
  for (std::size_t k = first; k < rows.size(); ++k) rows[k].users = true;
}

}  // namespace xgrad::tests
