#pragma once
#include <string>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

/// A table of the modules in `module`: name and type, the shape of what it gives (the first time it is called), the
/// number of numbers in its parameters; and the totals. The model runs once, on zeros of that shape, as in eval() and
/// without recording; afterwards it is as it was. The dtype is that of its first parameter, unless one is given.
std::string summary(Module& module, const Shape& shape, Site site = Site::here());
std::string summary(Module& module, const Shape& shape, DType dtype, Site site = Site::here());

}  // namespace xgrad::nn
