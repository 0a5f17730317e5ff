// W5: products of single precision, against BLAS: squares, and those of a step of W1, W2 and W3.
#include <cblas.h>

#include "setup.hpp"

namespace bench {
namespace {

using namespace xgrad;

struct Factors {
  Product e;
  Tensor a, b, c;
  explicit Factors(const Product& extents)
      : e(extents),
        a(filled(1, e.transposed_a ? Shape{e.k, e.m} : Shape{e.m, e.k}, -1, 1)),
        b(filled(2, e.transposed_b ? Shape{e.n, e.k} : Shape{e.k, e.n}, -1, 1)),
        c(empty({e.m, e.n})) {}
  std::vector<double> sum_of_c() const { return {magnitude(c)}; }
};

struct W5 : Factors {
  using Factors::Factors;
  void step() { c = matmul(a, b, {.transpose_a = e.transposed_a, .transpose_b = e.transposed_b}); }
  std::vector<double> check() { return step(), sum_of_c(); }
};

struct Blas : Factors {
  using Factors::Factors;
  void step() {
    const int m = static_cast<int>(e.m), n = static_cast<int>(e.n), k = static_cast<int>(e.k);
    cblas_sgemm(CblasRowMajor, e.transposed_a ? CblasTrans : CblasNoTrans, e.transposed_b ? CblasTrans : CblasNoTrans,
                m, n, k, 1, a.data<float>(), e.transposed_a ? m : k, b.data<float>(), e.transposed_b ? k : n, 0,
                c.mutable_data<float>(), n);
  }
  std::vector<double> check() { return step(), sum_of_c(); }
};

const bool listed = [] {
  for (const Product& e : products) {
    Registered<W5>(std::string("W5/") + e.name, e);
    Registered<Blas>(std::string("W5/") + e.name + "/limit", e);
  }
  return true;
}();

}  // namespace
}  // namespace bench
