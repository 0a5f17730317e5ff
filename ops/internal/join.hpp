#pragma once
// What concatenate and stack share.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// `axis` is the result's; stacked inputs do not have it themselves.
struct Join {
  int axis;
  bool stacked;
};

/// An Op for any number of inputs. Its derivative reads where along the axis each input begins.
constexpr Op join_op(const char* name, void (*vjp)(Vjp&)) noexcept {
  Op op{.name = name, .vjp = vjp};
  for (Reads& reads : op.reads) reads = reads_extra;
  return op;
}
void join_vjp(Vjp& d);

/// Puts inputs that have been checked into a result of `shape`.
Tensor join(Call& call, const Join& form, const Shape& shape);

}  // namespace xgrad::detail
