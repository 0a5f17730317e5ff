#pragma once
#include <xgrad/engine/tensor.hpp>

namespace xgrad::nn {

/// Of a recurrent cell with inputs of I features and H units, for each gate a block of H rows: PyTorch's layout.
struct CellWeights {
  Tensor w_ih;       ///< (gates H, I)
  Tensor w_hh;       ///< (gates H, H)
  Tensor b_ih = {};  ///< (gates H), or undefined
  Tensor b_hh = {};
  Tensor w_hr = {};  ///< (P, H), of an LSTM whose h is projected to P features, as w_hh (4 H, P) takes it; or undefined
};
enum class Nonlinearity { tanh, relu };

/// f(x w_ih^T + b_ih + h w_hh^T + b_hh) for x (N, I) and h (N, H).
Tensor rnn_cell(const Operand& x, const Operand& h, const CellWeights& weights,
                Nonlinearity nonlinearity = Nonlinearity::tanh);

struct LstmState {
  Tensor h, c;
};
/// With gates i, f, g, o in this order (g by tanh, the others by sigmoid): c' = f c + i g, h' = o tanh(c') (Hochreiter
/// and Schmidhuber, 1997; Gers et al., 2000). c is (N, H), and h too, or w_hr o tanh(c'), (N, P) (Sak et al., 2014).
LstmState lstm_cell(const Operand& x, const LstmState& state, const CellWeights& weights);

/// With gates r, z, n in this order: n = tanh(x-part + r (h-part)), h' = (1 - z) n + z h (Cho et al., 2014, in
/// PyTorch's form).
Tensor gru_cell(const Operand& x, const Operand& h, const CellWeights& weights);

/// What a sequence leaves: the states after each step, stacked (T, N, H), and the last one.
struct Sequence {
  Tensor outputs, h;
};
struct LstmSequence {
  Tensor outputs;
  LstmState state;
};
/// The cells over x (T, N, I), step by step. An x of another rank, or without steps, is a ShapeError.
Sequence rnn(const Operand& x, const Operand& h0, const CellWeights& weights,
             Nonlinearity nonlinearity = Nonlinearity::tanh);
LstmSequence lstm(const Operand& x, const LstmState& state, const CellWeights& weights);
Sequence gru(const Operand& x, const Operand& h0, const CellWeights& weights);

}  // namespace xgrad::nn
