#pragma once
#include <string_view>

#include <xgrad/nn.hpp>

namespace mnist {

/// The network of a model by its name, with its first weights. Names and shapes are PyTorch's.
xgrad::nn::Sequential make_network(std::string_view model, xgrad::Random& random);

}  // namespace mnist
