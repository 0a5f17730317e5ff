#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// How Tape::gradient runs the sweep.
struct GradientOptions {
  bool create_graph = false;  ///< record the derivative itself, so that it can be differentiated again
  bool retain_graph = true;   ///< keep what the sweep used, for another one
  Tensor seed = {};           ///< upstream gradient of y's shape; needed where y has more than one element
};

/// Records operations on this thread from its construction to its destruction, which must be on the
/// same thread, as must be all that asks it for gradients (GraphError). Tapes nest: the innermost one records. Nothing
/// about a tape is global, so any number of threads can each hold one over the same variables.
class Tape {
 public:
  [[nodiscard]] Tape();
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// dy/dx for each x, in order: variables or recorded values. Touches no leaf's grad(), so it may
  /// run in many threads over shared variables. An x that y does not depend on has gradient zero;
  /// an x that is neither a variable nor recorded here is a GraphError, and so is such a y, but for
  /// what create_graph returned: where that has become constant, its own gradient is zero.
  std::vector<Tensor> gradient(const Tensor& y, const std::vector<Tensor>& xs, const GradientOptions& options = {},
                               Site site = Site::here());
  Tensor gradient(const Tensor& y, const Tensor& x, const GradientOptions& options = {}, Site site = Site::here());
  /// The same without a vector: results to out[0..count).
  void gradient(const Tensor& y, const Tensor* xs, Tensor* out, std::size_t count, const GradientOptions& options = {},
                Site site = Site::here());
  /// Adds dy/d(leaf) to the grad() of every variable on this tape that y was computed from.
  void backward(const Tensor& y, const Tensor& seed = {}, bool retain_graph = false, Site site = Site::here());

  /// The number of nodes recorded so far, leaves included.
  std::size_t size() const noexcept;

  struct Impl;

 private:
  Impl* impl_;
};

namespace detail {
/// A Tape, or what keeps it from recording: the innermost one of a thread decides. They may end in any order.
struct Scope {
  Scope* outer;
  Tape::Impl* tape;  // null: nothing is recorded
};
}  // namespace detail

/// While it lives, this thread records nothing, but on tapes that are opened meanwhile. It has to end on its thread.
class NoGrad {
 public:
  [[nodiscard]] NoGrad() noexcept;
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  detail::Scope scope_;
};

/// Runs `f` with recording paused and returns its result.
template <class F> decltype(auto) no_grad(F&& f) {
  NoGrad guard;
  return static_cast<F&&>(f)();
}

}  // namespace xgrad
