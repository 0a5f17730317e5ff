#pragma once
#include <cstdint>
#include <vector>

#include <xgrad/engine/random.hpp>
#include <xgrad/nn/layers/recurrent.hpp>
#include <xgrad/nn/module.hpp>

// The functions of recurrent.hpp as layers, which start from U(-k, k), k = 1 / sqrt(hidden), as in PyTorch. In all of
// them an extent below 1, and a dropout outside [0, 1], are a ValueError.
namespace xgrad::nn {

/// Of one cell.
struct CellParameters {
  CellParameters(const char* layer, std::int64_t gates, std::int64_t in, std::int64_t hidden, bool bias, Random& random,
                 DType dtype, Site site, std::int64_t projected = 0);
  CellWeights weights() const { return {weight_ih, weight_hh, bias_ih, bias_hh, weight_hr}; }

  Parameter weight_ih, weight_hh, bias_ih, bias_hh, weight_hr;
};

struct CellOptions {
  bool bias = true;
  Nonlinearity nonlinearity = Nonlinearity::tanh;  ///< of an RNNCell
  DType dtype = float32;
};

/// x (N, in) or (in) and states (N, hidden) or (hidden), zeros unless given.
class RNNCell : public Module {
 public:
  RNNCell(std::int64_t in, std::int64_t hidden, Random& random, const CellOptions& options = {},
          Site site = Site::here());
  Tensor forward(const Operand& x) override { return forward(x, {}); }
  Tensor forward(const Operand& x, const Tensor& h);
  using Module::operator();
  Tensor operator()(const Operand& x, const Tensor& h) {
    return located([&] { return forward(x, h); });
  }
  void members(Members& m) override;

  CellParameters cell;

 private:
  Nonlinearity nonlinearity_;
};

class LSTMCell : public Module {
 public:
  LSTMCell(std::int64_t in, std::int64_t hidden, Random& random, const CellOptions& options = {},
           Site site = Site::here());
  /// h alone.
  Tensor forward(const Operand& x) override { return forward(x, {}).h; }
  LstmState forward(const Operand& x, const LstmState& state);
  using Module::operator();
  LstmState operator()(const Operand& x, const LstmState& state) {
    return located([&] { return forward(x, state); });
  }
  void members(Members& m) override;

  CellParameters cell;
};

class GRUCell : public Module {
 public:
  GRUCell(std::int64_t in, std::int64_t hidden, Random& random, const CellOptions& options = {},
          Site site = Site::here());
  Tensor forward(const Operand& x) override { return forward(x, {}); }
  Tensor forward(const Operand& x, const Tensor& h);
  using Module::operator();
  Tensor operator()(const Operand& x, const Tensor& h) {
    return located([&] { return forward(x, h); });
  }
  void members(Members& m) override;

  CellParameters cell;
};

struct RecurrentOptions {
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;    ///< x and outputs (N, T, ...) instead of (T, N, ...)
  double dropout = 0;          ///< on what a layer gives to the next one
  bool bidirectional = false;  ///< each layer also from the last step to the first; outputs (T, N, 2 hidden)
  Nonlinearity nonlinearity = Nonlinearity::tanh;  ///< of an RNN
  std::int64_t proj_size = 0;  ///< of an LSTM: to how many features h is projected, less than hidden; 0: it is not
  DType dtype = float32;
};

/// What RNN, LSTM and GRU share. x is (T, N, in), or (T, in); states are (layers, N, hidden), with each layer's two
/// directions side by side, zeros unless given. With proj_size, h and outputs have that many features instead.
class Recurrent : public Module {
 public:
  /// The states of the last layer after each step.
  Tensor forward(const Operand& x) override { return run(x, {}, false).outputs; }
  void members(Members& m) override;
  std::string options() const override;

  /// By layer, then by direction.
  std::vector<CellParameters> cells;

 protected:
  enum class Kind { rnn, lstm, gru };
  Recurrent(Kind kind, std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options,
            Site site);
  LstmSequence run(const Operand& x, const LstmState& start, bool want_state);

 private:
  LstmSequence one(const Operand& x, const LstmState& start, const CellWeights& weights) const;
  Tensor start_of(const char* name, const Tensor& given, std::int64_t features, const Tensor& x, std::int64_t cell,
                  bool batched, Site site) const;

  Kind kind_;
  std::int64_t in_, hidden_, given_;  // given_: the features of h
  RecurrentOptions options_;
  Random random_{0};
};

class RNN : public Recurrent {
 public:
  RNN(std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options = {},
      Site site = Site::here());
  using Module::operator();
  Sequence operator()(const Operand& x, const Tensor& h0);
};

class LSTM : public Recurrent {
 public:
  LSTM(std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options = {},
       Site site = Site::here());
  using Module::operator();
  LstmSequence operator()(const Operand& x, const LstmState& start);
};

class GRU : public Recurrent {
 public:
  GRU(std::int64_t in, std::int64_t hidden, Random& random, const RecurrentOptions& options = {},
      Site site = Site::here());
  using Module::operator();
  Sequence operator()(const Operand& x, const Tensor& h0);
};

}  // namespace xgrad::nn
