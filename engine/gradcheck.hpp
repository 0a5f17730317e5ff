#pragma once
#include <cstdint>
#include <string>
#include <type_traits>
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
  std::int64_t full_size = 4096;  ///< a Jacobian of more entries is checked by <w, J v> = <Jᵀ w, v> for random w and
                                  ///< v, which takes two evaluations of the function; more only where that differs
  std::uint64_t seed = 0;         ///< of those directions
  std::vector<std::string> names = {};  ///< of the inputs, for the report; none, or one for each
};

/// What is probably wrong, told by comparing the whole of both derivatives.
enum class GradcheckCause : std::uint8_t {
  nothing,           ///< all is right
  sign,              ///< it is the negative of the right one
  factor,            ///< it is the right one times a constant
  cut_off,           ///< it is zero: the input is used in a way that no gradient passes
  transposed,        ///< rows and columns are exchanged, those of the input or of the result
  misplaced,         ///< the right numbers are in the wrong places
  upstream,          ///< it does not depend on the gradient it is given, or not linearly
  missing_sum,       ///< of what a broadcast input adds up, only a part
  overwritten,       ///< of what several uses of an element add up, only a part
  shape,             ///< the derivative, or f, does not keep to a shape
  error,             ///< the derivative throws
  recording,         ///< f has another value when it is recorded
  forward_mode,      ///< reverse mode is right, and forward mode, which differentiates the derivative, is not
  nondeterministic,  ///< f, or its derivative, is not the same twice
  changed_input,     ///< f, or its derivative, changes its input
  kink,              ///< f has no derivative there: its slopes to the two sides differ
  other
};
/// The name of the enumerator.
const char* to_string(GradcheckCause cause) noexcept;

/// An element at which f has a kink or a jump. The derivative there is right if it is none of either slope's business:
/// if it lies between the two.
struct GradcheckKink {
  int input;
  std::int64_t element;
  double left, right;  ///< slopes, by one-sided differences; of a random weighted sum where the Jacobian is not full
  double analytic;     ///< by reverse mode
};

/// What gradcheck() found. Where not ok, the numbers are those of the derivative that is furthest off.
struct GradcheckReport {
  bool ok = true;
  int order = 0;              ///< 1: the gradient is wrong; 2: the derivative of the gradient
  int input = -1;             ///< index of the input; in order 2 one more than there are is the upstream gradient
  std::string name;           ///< its name, where options have names
  std::int64_t element = -1;  ///< of that input, row-major
  double analytic = 0;        ///< by reverse mode
  double numeric = 0;         ///< by finite differences
  double forward = 0;         ///< by forward mode; nan where the derivative cannot itself be differentiated
  double relative_error = 0;  ///< |analytic - numeric| / max(|analytic|, |numeric|); ok: the largest beyond atol
  std::int64_t checked = 0;   ///< derivatives compared
  GradcheckCause cause = GradcheckCause::nothing;
  std::vector<GradcheckKink> kinks;  ///< the first 100 that were met; being one does not make the check fail
  std::string text;                  ///< all of this in a sentence or two

  explicit operator bool() const noexcept { return ok; }
  /// All of it as a JSON object, keys as the members; what is not finite is null.
  std::string json() const;
};

namespace detail {

/// Refers to a callable for the length of a call.
class TensorFunction {
 public:
  template <class F>
  requires(!std::is_same_v<F, TensorFunction>) explicit TensorFunction(F& f) noexcept
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

/// Compares the gradient of `f` by reverse mode with central finite differences in double, and with forward mode. `f`
/// takes the inputs as a `const std::vector<Tensor>&` and returns a float64 tensor of any shape. Inputs that are
/// variables are checked (their elements are changed in place, and restored, so a tape
/// that has used them is of no use afterwards), the others are constants. A wrong
/// derivative, an error thrown by one, a function that is not the same twice or that changes its inputs is a report;
/// ValueError for float32 variables, no variable at all, or a result that is not float64. Where f has a kink, as relu
/// at 0, any derivative between its slopes passes, and the kink is in the report.
///     REQUIRE(gradcheck([](const std::vector<Tensor>& in) { return matmul(in[0], in[1]); }, {a, b}));
template <class F>
GradcheckReport gradcheck(F f, const std::vector<Tensor>& inputs, const GradcheckOptions& options = {},
                          Site site = Site::here()) {
  return detail::gradcheck(detail::TensorFunction(f), inputs, options, site);
}

}  // namespace xgrad
