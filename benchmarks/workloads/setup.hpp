#pragma once
// Workloads as a user of xgrad would write them.
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "../workload.hpp"

namespace bench {

inline xgrad::Tensor filled(std::uint32_t stream, const xgrad::Shape& shape, double low, double high) {
  return xgrad::from_vector(numbers(stream, static_cast<std::size_t>(shape.size()), low, high), shape);
}
inline xgrad::Tensor labelled(std::uint32_t stream, std::int64_t n) {
  return xgrad::from_vector(labels(stream, static_cast<std::size_t>(n)), {n});
}
inline double magnitude(const xgrad::Tensor& x) {
  return magnitude(x.data<float>(), static_cast<std::size_t>(x.size()));
}

/// Dense layers of these widths, biases zero, weights from the streams 3, 4, ... in U(-range, range).
inline xgrad::nn::Sequential dense(const std::vector<std::int64_t>& widths, const std::vector<double>& ranges,
                                   const xgrad::nn::AnyModule& activation, bool activate_last = false) {
  xgrad::nn::Sequential model;
  xgrad::Random random(1);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    xgrad::nn::Affine layer(widths[i], widths[i + 1], random);
    layer.weight.assign(filled(3 + static_cast<std::uint32_t>(i), layer.weight.shape(), -ranges[i], ranges[i]));
    layer.bias.assign(xgrad::zeros(layer.bias.shape()));
    model.append(std::move(layer));
    if (activate_last || i + 1 < ranges.size()) model.append(activation);
  }
  return model;
}
/// That of W1, W10, W11 and W12.
inline xgrad::nn::Sequential two_layers() { return dense({784, 50, 10}, {0.05, 0.2}, xgrad::nn::ReLU()); }

}  // namespace bench
