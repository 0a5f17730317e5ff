#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad {

/// The hidden states after each step, and the cell state after the last one.
struct LstmStates {
  Tensor h, c;
};

/// An LSTM over a sequence x (T, N, I) from the states h and c (N, H): with gates i, f, g, o in this order, blocks of
/// w_ih (4 H, I), w_hh (4 H, H) and the biases (4 H) or undefined, each step takes c' = f c + i g, h' = o tanh(c'), g
/// by tanh and the others by sigmoid (Hochreiter and Schmidhuber, 1997; Gers et al., 2000). Gives h (T, N, H) and c (N,
/// H). float32 or float64, all the same (DTypeError); shapes that do not fit are a ShapeError.
LstmStates lstm(const Operand& x, const Operand& h, const Operand& c, const Operand& w_ih, const Operand& w_hh,
                const Tensor& b_ih = {}, const Tensor& b_hh = {});

}  // namespace xgrad
