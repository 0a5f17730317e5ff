#pragma once
#include <cstddef>

#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// What pad() adds to one axis.
struct Padding {
  std::int64_t before = 0, after = 0;
};
enum class PadMode { constant, reflect, replicate, circular };

/// x with elements added before and after each axis, the widths in the order of the axes as in numpy (PyTorch's begin
/// with the last one): a constant; x mirrored at its first and last element, which are not repeated; the nearest
/// element; or x over again. As many widths as axes, reflect by less than the extent and circular by no more than it
/// (ShapeError); a negative width is a ValueError.
Tensor pad(const Operand& x, std::initializer_list<Padding> widths, PadMode mode = PadMode::constant, double value = 0);
Tensor pad(const Operand& x, const Padding* widths, std::size_t count, PadMode mode = PadMode::constant,
           double value = 0);

}  // namespace xgrad
