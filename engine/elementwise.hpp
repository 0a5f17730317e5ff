#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad::detail {

struct Op;  // an operation as the engine runs it: its name, kernels and derivatives

/// Applies an elementwise Op with numpy broadcasting and records it when a derivative may be asked for.
Tensor elementwise(const Op& op, const Operand& x);
Tensor elementwise(const Op& op, const Operand& a, const Operand& b);
Tensor elementwise(const Op& op, const Operand& a, const Operand& b, const Operand& c);

/// Throws the ValueError `op: name is value, expected ...`.
[[noreturn]] void refuse_option(const char* op, const char* name, double value, const char* expected, Site site);

}  // namespace xgrad::detail
