#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// How gradcheck() compares: a and n agree where |a - n| <= atol + rtol max(|a|, |n|).
struct GradcheckOptions {
  int order = 1;  ///< 2: the derivative of the derivative as well
  double rtol = 1e-6;
  double atol = 1e-8;
  double step = 1e-3;  ///< of the finite differences, times max(1, |x|); smaller ones follow where it misleads.
                       ///< Below 1e-10, where rounding is all that they show, it is refused
  std::int64_t full_size = 4096;  ///< a Jacobian of more entries is checked along random directions
  std::uint64_t seed = 0;         ///< of those directions
};

/// What gradcheck() found. Where not ok, the numbers are those of the derivative that is furthest off.
struct GradcheckReport {
  bool ok = true;
  int order = 0;              ///< 1: the gradient is wrong; 2: the derivative of the gradient
  int input = -1;             ///< index of the input; in order 2 one more than there are is the upstream gradient
  std::int64_t element = -1;  ///< of that input, row-major
  double analytic = 0;        ///< by reverse mode
  double numeric = 0;         ///< by finite differences
  double relative_error = 0;  ///< |analytic - numeric| / max(|analytic|, |numeric|); ok: the largest beyond atol
  std::string text;           ///< all of this in one sentence

  explicit operator bool() const noexcept { return ok; }
};

namespace detail {

/// Refers to a callable for the length of a call.
class TensorFunction {
 public:
  template <class F>
  explicit TensorFunction(F& f) noexcept
      : object_(&f), call_([](void* object, const std::vector<Tensor>& inputs) -> Tensor {
          return (*static_cast<F*>(object))(inputs);
        }) {}
  Tensor operator()(const std::vector<Tensor>& inputs) const { return call_(object_, inputs); }

 private:
  void* object_;
  Tensor (*call_)(void*, const std::vector<Tensor>&);
};

GradcheckReport gradcheck(TensorFunction f, const std::vector<Tensor>& inputs, const GradcheckOptions& options,
                          Site site);

}  // namespace detail

/// Compares the gradient of `f` by reverse mode with central finite differences in double. `f` takes the inputs as a
/// `const std::vector<Tensor>&` and returns a float64 tensor of any shape. Inputs that are variables are checked
/// (their elements are changed in place, and restored), the others are constants. A wrong derivative, or an error
/// thrown by one, is a report; ValueError for float32 variables, no variable at all, or a result that is not float64.
template <class F>
GradcheckReport gradcheck(F f, const std::vector<Tensor>& inputs, const GradcheckOptions& options = {},
                          Site site = Site::here()) {
  return detail::gradcheck(detail::TensorFunction(f), inputs, options, site);
}

}  // namespace xgrad
