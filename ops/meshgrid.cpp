#include <xgrad/ops/meshgrid.hpp>

#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "meshgrid"};

}  // namespace

std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors, Indexing indexing, Site site) {
  const int n = static_cast<int>(tensors.size());
  if (n == 0) fail<ValueError>(op.name, site, "no tensors");
  const Call call(op, tensors.data(), n, site);
  same_dtype(call);
  const bool swapped = indexing == Indexing::xy && n > 1;
  const auto axis_of = [&](int k) { return swapped && k < 2 ? 1 - k : k; };
  Shape ones, shape;
  for (int k = 0; k < n; ++k) {
    if (call.shape(k).rank() > 1)
      call.fail<ShapeError>("argument {} is {}, expected one axis", k + 1, to_string(call.shape(k)));
    ones.push_back(1, site);
  }
  shape = ones;
  for (int k = 0; k < n; ++k) shape[axis_of(k)] = call.in(k).size();
  if (shape.too_large()) call.fail<ShapeError>("the result {} would have more than 2^40 elements", to_string(shape));
  const CallScope scope(call);
  std::vector<Tensor> result;
  for (int k = 0; k < n; ++k) {
    Shape line = ones;
    line[axis_of(k)] = shape[axis_of(k)];
    result.push_back(broadcast_to(reshape(call.in(k), line), shape));
  }
  return result;
}

}  // namespace xgrad
