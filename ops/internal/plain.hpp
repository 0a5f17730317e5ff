#pragma once
// Ops that are fused: their value and first derivative are kernels, and everything beyond is that of plain operations.
#include <array>

#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

/// A fused op in plain operations, of its inputs (where it has fewer, undefined ones follow) and its attributes.
inline constexpr int fused_inputs = 7;
using FusedInputs = std::array<Tensor, fused_inputs>;
using PlainFormulation = Tensor (*)(const FusedInputs& in, const Vjp& d);

/// A derivative under create_graph: that of the plain formulation, recorded. The op has to read all of its inputs.
void plain_vjp(Vjp& d, PlainFormulation plain);

/// What a fused op keeps for each of its inputs' derivatives.
constexpr Reads reads_inputs(int count) noexcept { return (1u << count) - 1; }

}  // namespace xgrad::detail
