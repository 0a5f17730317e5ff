#include <xgrad/nn/layers/bilinear.hpp>

#include <cmath>

#include <xgrad/nn/layers/internal/start.hpp>
#include <xgrad/xgrad.hpp>

namespace xgrad::nn {

Bilinear::Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, Random& random, const BilinearOptions& options,
                   Site site) {
  layers::check_least("Bilinear", 1, {{"in1", in1}, {"in2", in2}, {"out", out}}, site);
  const double k = 1 / std::sqrt(static_cast<double>(in1));
  weight = layers::uniform_within(k, random, {out, in1, in2}, options.dtype, site);
  if (options.bias) bias = layers::uniform_within(k, random, {out}, options.dtype, site);
}

Tensor Bilinear::forward(const Operand& x1, const Operand& x2) {
  const std::int64_t out = weight.shape()[0], in1 = weight.shape()[1], in2 = weight.shape()[2];
  const Shape a = layers::shape_of(x1), b = layers::shape_of(x2);
  const auto leading = [](const Shape& s) { return s.rank() == 0 ? s : Shape(s.begin(), s.rank() - 1); };
  if (a.rank() == 0 || b.rank() == 0 || a[a.rank() - 1] != in1 || b[b.rank() - 1] != in2 || leading(a) != leading(b))
    detail::fail<ShapeError>("bilinear", x1.site, "x1 is {}, x2 is {}, expected (..., {}) and (..., {})", to_string(a),
                             to_string(b), in1, in2);
  const detail::SiteScope scope("bilinear", x1.site);
  // W x2 for all outputs in one product, then its rows times x1.
  const Tensor rows = unflatten(linear(x2, reshape(weight, {out * in1, in2})), -1, {out, in1});
  const Tensor y = sum(rows * unsqueeze(x1, -2), -1);
  return bias.defined() ? y + bias : y;
}

void Bilinear::members(Members& m) {
  m("weight", weight);
  m("bias", bias);
}

}  // namespace xgrad::nn
