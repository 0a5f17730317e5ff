// W9: an LSTM over a sequence, forward and backward.
#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct W9 {
  Tensor x = variable(filled(1, {64, 32, 128}, -1, 1)), start = zeros({32, 128}), y;
  nn::CellWeights weights{variable(filled(3, {512, 128}, -0.09, 0.09)), variable(filled(4, {512, 128}, -0.09, 0.09)),
                          variable(zeros({512})), variable(zeros({512}))};

  void sweep() {
    Tape tape;
    y = nn::lstm(x, {start, start}, weights).outputs;
    sum(y).backward();
    y = y.detach();
  }
  void forget() {
    for (Tensor* t : {&x, &weights.w_ih, &weights.w_hh, &weights.b_ih, &weights.b_hh}) t->zero_grad();
  }
  void step() {
    sweep();
    forget();
  }
  std::vector<double> check() {
    sweep();
    std::vector<double> got{magnitude(y), magnitude(x.grad()), magnitude(weights.w_hh.grad()),
                            magnitude(weights.b_ih.grad())};
    forget();
    return got;
  }
};

const Registered<W9> w9("W9");

}  // namespace
}  // namespace bench
