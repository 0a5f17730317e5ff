// The limits of W1, W2 and W3: loops for these networks alone, over the same BLAS, every buffer allocated beforehand.
#include <cmath>

#include <cblas.h>

#include "../workload.hpp"

namespace bench {
namespace {

using Vector = std::vector<float>;

void product(bool ta, bool tb, std::size_t rows, std::size_t columns, std::size_t length, const Vector& a,
             const Vector& b, Vector& c) {
  const int m = static_cast<int>(rows), n = static_cast<int>(columns), k = static_cast<int>(length);
  cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k, 1, a.data(),
              ta ? m : k, b.data(), tb ? k : n, 0, c.data(), n);
}

struct Layer {
  std::size_t in, out;
  Vector w, b, y, dy, dw, db;
  Layer(std::size_t in_, std::size_t out_, std::size_t batch, std::uint32_t stream, double range)
      : in(in_),
        out(out_),
        w(numbers(stream, in * out, -range, range)),
        b(out),
        y(batch * out),
        dy(batch * out),
        dw(in * out),
        db(out) {}
};

void bias_relu(float* __restrict y, const float* __restrict b, std::size_t batch, std::size_t n) {
  for (std::size_t i = 0; i < batch; ++i)
    for (std::size_t j = 0; j < n; ++j) y[i * n + j] = std::fmax(y[i * n + j] + b[j], 0.0f);
}

/// dz = (softmax(z + b) - target) / batch, and the loss. The exponentials of the whole batch are one loop.
float softmax_cross_entropy(float* __restrict z, const float* __restrict b, const std::int64_t* labels,
                            float* __restrict dz, std::size_t batch, std::size_t n) {
  for (std::size_t i = 0; i < batch; ++i) {
    float top = -INFINITY;
    for (std::size_t j = 0; j < n; ++j) top = std::fmax(top, z[i * n + j] += b[j]);
    for (std::size_t j = 0; j < n; ++j) z[i * n + j] -= top;
  }
  for (std::size_t i = 0; i < batch * n; ++i) dz[i] = std::exp(z[i]);
  const float scale = 1 / static_cast<float>(batch);
  float loss = 0;
  for (std::size_t i = 0; i < batch; ++i) {
    float* d = dz + i * n;
    float sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += d[j];
    const auto label = static_cast<std::size_t>(labels[i]);
    loss += std::log(sum) - z[i * n + label];
    for (std::size_t j = 0; j < n; ++j) d[j] *= scale / sum;
    d[label] -= scale;
  }
  return loss * scale;
}

void column_sums(const float* __restrict d, float* __restrict sums, std::size_t batch, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) sums[j] = 0;
  for (std::size_t i = 0; i < batch; ++i)
    for (std::size_t j = 0; j < n; ++j) sums[j] += d[i * n + j];
}

struct Network {
  std::size_t batch;
  Vector x;
  std::vector<std::int64_t> target;
  std::vector<Layer> layers;
  float loss = 0;

  Network(std::size_t batch_, const std::vector<std::size_t>& widths, const std::vector<double>& ranges)
      : batch(batch_), x(numbers(1, batch * widths[0], 0, 1)), target(labels(2, batch)) {
    for (std::size_t i = 0; i < ranges.size(); ++i)
      layers.emplace_back(widths[i], widths[i + 1], batch, static_cast<std::uint32_t>(3 + i), ranges[i]);
  }
  const Vector& input_of(std::size_t i) const { return i ? layers[i - 1].y : x; }

  void gradients() {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      Layer& l = layers[i];
      product(false, false, batch, l.out, l.in, input_of(i), l.w, l.y);
      if (i + 1 < layers.size()) bias_relu(l.y.data(), l.b.data(), batch, l.out);
    }
    Layer& last = layers.back();
    loss = softmax_cross_entropy(last.y.data(), last.b.data(), target.data(), last.dy.data(), batch, last.out);
    for (std::size_t i = layers.size(); i-- > 0;) {
      Layer& l = layers[i];
      product(true, false, l.in, l.out, batch, input_of(i), l.dy, l.dw);
      column_sums(l.dy.data(), l.db.data(), batch, l.out);
      if (i == 0) break;
      Layer& below = layers[i - 1];
      product(false, true, batch, l.in, l.out, l.dy, l.w, below.dy);
      for (std::size_t j = 0; j < below.y.size(); ++j) below.dy[j] = below.y[j] > 0 ? below.dy[j] : 0;
    }
  }
};

void descend(Vector& w, const Vector& g) {
  for (std::size_t i = 0; i < w.size(); ++i) w[i] -= 0.1f * g[i];
}

struct W1 : Network {
  W1() : Network(100, {784, 50, 10}, {0.05, 0.2}) {}
  void step() {
    gradients();
    for (Layer& l : layers) {
      descend(l.w, l.dw);
      descend(l.b, l.db);
    }
  }
  std::vector<double> check() {
    return three([&] { return step(), loss; });
  }
};

struct W3 : Network {
  struct Moments {
    Vector m, v;
  };
  std::vector<Moments> moments;
  int steps = 0;

  W3() : Network(128, {784, 512, 512, 10}, {0.05, 0.06, 0.06}) {
    for (const Layer& l : layers)
      for (const Vector* p : {&l.w, &l.b}) moments.push_back({Vector(p->size()), Vector(p->size())});
  }
  void step() {
    gradients();
    ++steps;
    const double first = 1 - std::pow(0.9, steps), second = 1 - std::pow(0.999, steps);
    const auto rate = static_cast<float>(0.001 / first), root = static_cast<float>(1 / std::sqrt(second));
    for (std::size_t i = 0; i < layers.size(); ++i) {
      update(layers[i].w, layers[i].dw, moments[2 * i], rate, root);
      update(layers[i].b, layers[i].db, moments[2 * i + 1], rate, root);
    }
  }
  static void update(Vector& w_, const Vector& g_, Moments& moments, float rate, float root) {
    float* __restrict w = w_.data(), * __restrict m = moments.m.data(), * __restrict v = moments.v.data();
    const float* __restrict g = g_.data();
    for (std::size_t i = 0; i < w_.size(); ++i) {
      m[i] = 0.9f * m[i] + 0.1f * g[i];
      v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
      w[i] -= rate * m[i] / (std::sqrt(v[i]) * root + 1e-8f);
    }
  }
  std::vector<double> check() {
    return three([&] { return step(), loss; });
  }
};

/// One row at a time, so products with vectors, and the update of the weights while they are at hand.
struct W2 {
  static constexpr std::size_t in = 784, hidden = 100, out = 10;
  Vector x = numbers(1, in, 0, 1), target = numbers(2, out, 0, 1);
  Vector w1 = numbers(3, in*hidden, -0.05, 0.05), b1 = Vector(hidden);
  Vector w2 = numbers(4, hidden*out, -0.2, 0.2), b2 = Vector(out);
  Vector h = Vector(hidden), y = Vector(out), dh = Vector(hidden), dy = Vector(out);
  float loss = 0;

  /// n is a multiple of 4.
  template <std::size_t N>
  static void layer(const float* __restrict x, std::size_t n, const float* __restrict w, const float* __restrict b,
                    float* __restrict y) {
    float sum[N];
    for (std::size_t j = 0; j < N; ++j) sum[j] = b[j];
    for (std::size_t i = 0; i < n; i += 4) {
      const float* r = w + i * N;
      for (std::size_t j = 0; j < N; ++j)
        sum[j] += x[i] * r[j] + x[i + 1] * r[N + j] + x[i + 2] * r[2 * N + j] + x[i + 3] * r[3 * N + j];
    }
    for (std::size_t j = 0; j < N; ++j) y[j] = 1 / (1 + std::exp(-sum[j]));
  }
  template <std::size_t N>
  static void update(float* __restrict w, float* __restrict b, const float* __restrict x, std::size_t n,
                     const float* __restrict d) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < N; ++j) w[i * N + j] -= 0.1f * x[i] * d[j];
    for (std::size_t j = 0; j < N; ++j) b[j] -= 0.1f * d[j];
  }
  void step() {
    layer<hidden>(x.data(), in, w1.data(), b1.data(), h.data());
    layer<out>(h.data(), hidden, w2.data(), b2.data(), y.data());
    loss = 0;
    for (std::size_t j = 0; j < out; ++j) {
      const float error = y[j] - target[j];
      loss += 0.5f * error * error;
      dy[j] = error * y[j] * (1 - y[j]);
    }
    for (std::size_t i = 0; i < hidden; ++i) {
      float sum = 0;
      for (std::size_t j = 0; j < out; ++j) sum += w2[i * out + j] * dy[j];
      dh[i] = sum * h[i] * (1 - h[i]);
    }
    update<out>(w2.data(), b2.data(), h.data(), hidden, dy.data());
    update<hidden>(w1.data(), b1.data(), x.data(), in, dh.data());
  }
  std::vector<double> check() {
    return three([&] { return step(), loss; });
  }
};

const Registered<W1> w1("W1/limit");
const Registered<W2> w2("W2/limit");
const Registered<W3> w3("W3/limit");

}  // namespace
}  // namespace bench
