#pragma once
#include <xgrad/gradcheck.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// gradcheck() of module(x), which has to be of dtype float64, by all its parameters that are not frozen, named as in
/// named_parameters(), and by x, input 0, where that is a variable. A layer that draws random numbers is not the same
/// twice, and found out: call eval() first.
///     REQUIRE(nn::gradcheck(net, x, {.order = 2}));
GradcheckReport gradcheck(Module& module, const Tensor& x, GradcheckOptions options = {}, Site site = Site::here());

}  // namespace xgrad::nn
