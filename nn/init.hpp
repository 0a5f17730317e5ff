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

/// Which fan an initialiser divides by: fan_in keeps the variance of what goes forward, fan_out of what comes back.
enum class Fan { in, out, average };

// Gains: what the activation behind a layer takes from the spread of its values, to be made up for.
inline constexpr double relu_gain = 1.4142135623730951;  ///< sqrt(2)
inline constexpr double tanh_gain = 5.0 / 3;
inline constexpr double selu_gain = 0.75;
/// sqrt(2 / (1 + slope^2)).
double leaky_relu_gain(double slope = 0.01) noexcept;

/// U(-k, k), k = gain sqrt(3 / fan): for ReLU layers (He et al., 2015).
void he_uniform_(Tensor& weight, Random& random, double gain = relu_gain, Fan fan = Fan::in, Site site = Site::here());
/// N(0, s^2), s = gain / sqrt(fan).
void he_normal_(Tensor& weight, Random& random, double gain = relu_gain, Fan fan = Fan::in, Site site = Site::here());

/// The same with gain 1: for SELU layers, and tanh ones as LeCun had them ("Efficient backprop", 1998).
void lecun_uniform_(Tensor& weight, Random& random, Site site = Site::here());
void lecun_normal_(Tensor& weight, Random& random, Site site = Site::here());

/// N(mean, std^2) where it lies in [low, high]; elsewhere drawn again. ValueError: std not above 0, or less than 0.1 %
/// of the distribution in there.
void truncated_normal_(Tensor& x, Random& random, double mean = 0, double std = 1, double low = -2, double high = 2,
                       Site site = Site::here());

/// gain times a matrix (out, the rest) with orthonormal rows, or columns where it has more rows, every such matrix
/// being as likely (Saxe, McClelland and Ganguli, 2014).
void orthogonal_(Tensor& weight, Random& random, double gain = 1, Site site = Site::here());

}  // namespace xgrad::nn
