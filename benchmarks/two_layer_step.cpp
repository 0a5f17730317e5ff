// One training step of the 784-50-10 net (batch 100, SGD) against a loop written by hand for that one net, over the
// same BLAS, with every buffer allocated beforehand.
#include <cmath>
#include <cstdlib>

#include <cblas.h>

#include <xgrad/engine/parallel.hpp>
#include <xgrad/engine/runtime.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "side_by_side.hpp"

namespace {

constexpr std::size_t batch = 100, in = 784, hidden = 50, classes = 10;
constexpr float lr = 0.1f;

void small_normal(xgrad::Tensor& w, xgrad::Random& random) { xgrad::nn::normal_(w, random, 0, 0.01); }

void product(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, std::size_t rows, std::size_t columns, std::size_t length,
             const float* a, const float* b, float* c) {
  const int m = static_cast<int>(rows), n = static_cast<int>(columns), k = static_cast<int>(length);
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, ta == CblasNoTrans ? k : m, b, tb == CblasNoTrans ? n : k, 0, c, n);
}

struct ByHand {
  std::vector<float> w1, b1, w2, b2, h, z, dz, dh, dw1, db1, dw2, db2;
  float loss = 0;

  ByHand(const float* w1_, const float* w2_)
      : w1(w1_, w1_ + in * hidden),
        b1(hidden),
        w2(w2_, w2_ + hidden * classes),
        b2(classes),
        h(batch * hidden),
        z(batch * classes),
        dz(batch * classes),
        dh(batch * hidden),
        dw1(in * hidden),
        db1(hidden),
        dw2(hidden * classes),
        db2(classes) {}

  void step(const float* x, const std::int64_t* labels) {
    product(CblasNoTrans, CblasNoTrans, batch, hidden, in, x, w1.data(), h.data());
    for (std::size_t i = 0; i < batch; ++i)
      for (std::size_t j = 0; j < hidden; ++j) {
        const float v = h[i * hidden + j] + b1[j];
        h[i * hidden + j] = v > 0 ? v : 0;
      }
    product(CblasNoTrans, CblasNoTrans, batch, classes, hidden, h.data(), w2.data(), z.data());
    loss = 0;
    for (std::size_t i = 0; i < batch; ++i) {
      float* row = &z[i * classes];
      float* d = &dz[i * classes];
      float top = -INFINITY, sum = 0;
      for (std::size_t j = 0; j < classes; ++j) {
        row[j] += b2[j];
        top = row[j] > top ? row[j] : top;
      }
      for (std::size_t j = 0; j < classes; ++j) sum += d[j] = std::exp(row[j] - top);
      const auto label = static_cast<std::size_t>(labels[i]);
      loss -= row[label] - top - std::log(sum);
      for (std::size_t j = 0; j < classes; ++j) d[j] = (d[j] / sum - (j == label ? 1.0f : 0.0f)) / batch;
    }
    loss /= batch;
    product(CblasTrans, CblasNoTrans, hidden, classes, batch, h.data(), dz.data(), dw2.data());
    product(CblasNoTrans, CblasTrans, batch, hidden, classes, dz.data(), w2.data(), dh.data());
    for (std::size_t i = 0; i < batch * hidden; ++i) dh[i] = h[i] > 0 ? dh[i] : 0;
    product(CblasTrans, CblasNoTrans, in, hidden, batch, x, dh.data(), dw1.data());
    column_sums(dz, db2, classes);
    column_sums(dh, db1, hidden);
    update(w1, dw1);
    update(b1, db1);
    update(w2, dw2);
    update(b2, db2);
  }
  static void column_sums(const std::vector<float>& d, std::vector<float>& sums, std::size_t n) {
    for (std::size_t j = 0; j < n; ++j) sums[j] = 0;
    for (std::size_t i = 0; i < batch; ++i)
      for (std::size_t j = 0; j < n; ++j) sums[j] += d[i * n + j];
  }
  static void update(std::vector<float>& w, const std::vector<float>& g) {
    for (std::size_t i = 0; i < w.size(); ++i) w[i] -= lr * g[i];
  }
};

}  // namespace

int main() {
  using namespace xgrad;
  set_threads(1);
  openblas_set_num_threads(1);
  Random random(1);
  const Tensor x = uniform(random, {batch, in});
  std::vector<std::int64_t> label_values(batch);
  for (auto& label : label_values) label = random.below(classes);
  const Tensor labels = from_vector(label_values, {batch});

  nn::Sequential model{nn::Affine(in, hidden, random, {.init = small_normal}), nn::ReLU(),
                       nn::Affine(hidden, classes, random, {.init = small_normal})};
  nn::SGD optimizer(model.parameters(), {.lr = lr});
  const auto parameters = model.parameters();
  ByHand by_hand(parameters[0].data<float>(), parameters[2].data<float>());
  Tensor loss;
  const auto step = [&] {
    Tape tape;
    loss = cross_entropy(model(x), labels);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
  };
  const auto hand_step = [&] { by_hand.step(x.data<float>(), labels.data<std::int64_t>()); };
  step();
  hand_step();
  fmt::print("two-layer step, one thread, {} BLAS core {}; loss {:.6f}, by hand {:.6f}\n", instruction_set(),
             blas_core(), loss.item(), by_hand.loss);
  side_by_side("xgrad", step, "by hand", hand_step);
}
