#pragma once
#include <vector>

#include <xgrad/engine/tensor.hpp>

// What is done to gradients between backward() and a step, in place. A parameter without a gradient does not count.
namespace xgrad::nn {

/// Scales all gradients by max_norm / (total + 1e-6) where that is below 1; total, which it returns as a 0-d tensor, is
/// the norm of all their elements together: norm_type 2, 1, any p > 0, or infinity for the largest. A total that is not
/// finite makes the gradients nan; look at it. ValueError: max_norm negative or nan, norm_type not above 0.
Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                       Site site = Site::here());
/// Puts every element of the gradients into [-clip_value, clip_value]. ValueError: clip_value negative or nan.
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value, Site site = Site::here());

}  // namespace xgrad::nn
