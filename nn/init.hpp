#pragma once
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>

// Initialisers overwrite a tensor in place; a name with _ at its end does so everywhere. Fan-in and fan-out of a weight
// (out, in, ...) are in and out times the product of the further extents; fewer than two axes are a ShapeError.
namespace xgrad::nn {

/// Sets a weight from a random stream: `[](Tensor& w, Random& random) { nn::normal_(w, random, 0, 0.01); }`.
using Init = void (*)(Tensor& weight, Random& random);

void constant_(Tensor& x, double value, Site site = Site::here());
void zeros_(Tensor& x, Site site = Site::here());
/// U(low, high).
void uniform_(Tensor& x, Random& random, double low = 0, double high = 1, Site site = Site::here());
/// N(mean, std^2).
void normal_(Tensor& x, Random& random, double mean = 0, double std = 1, Site site = Site::here());

/// U(-k, k), k = gain sqrt(6 / (fan_in + fan_out)): for tanh and sigmoid layers (Glorot and Bengio, 2010).
void xavier_uniform_(Tensor& weight, Random& random, double gain = 1, Site site = Site::here());
/// N(0, s^2), s = gain sqrt(2 / (fan_in + fan_out)).
void xavier_normal_(Tensor& weight, Random& random, double gain = 1, Site site = Site::here());

/// The gain of He's initialisers for ReLU: sqrt(2).
inline constexpr double relu_gain = 1.4142135623730951;
/// U(-k, k), k = gain sqrt(3 / fan_in): for ReLU layers (He et al., 2015).
void he_uniform_(Tensor& weight, Random& random, double gain = relu_gain, Site site = Site::here());
/// N(0, s^2), s = gain / sqrt(fan_in).
void he_normal_(Tensor& weight, Random& random, double gain = relu_gain, Site site = Site::here());

}  // namespace xgrad::nn
