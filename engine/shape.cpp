#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/shape.hpp>

namespace xgrad {

Shape::Shape(std::initializer_list<Extent> extents, Site site) {
  for (const Extent& extent : extents) push_back(extent.value, site);
}

Shape::Shape(const std::int64_t* extents, int rank, Site site) {
  for (int i = 0; i < rank; ++i) push_back(extents[i], site);
}

bool Shape::too_large() const noexcept {
  std::int64_t n = 1;
  for (std::int64_t extent : *this)
    if (extent < 0 || (extent > 0 && (__builtin_mul_overflow(n, extent, &n) || n > max_size))) return true;
  return false;
}

void Shape::push_back(std::int64_t extent, Site site) {
  if (rank_ == max_rank) detail::fail<ShapeError>("shape", site, "more than {} axes", max_rank);
  if (extent < 0) detail::fail<ShapeError>("shape", site, "axis {} has extent {}, expected 0 or more", rank_, extent);
  extents_[rank_++] = extent;
  if (too_large()) detail::fail<ShapeError>("shape", site, "{} has more than 2^40 elements", to_string(*this));
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (int i = 0; i < shape.rank(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.rank() == 1 ? ",)" : ")");
}

Axes::Axes(const int* axes, int count, Site site) : count_(0) {
  if (count > max_rank) detail::fail<ShapeError>("axes", site, "{} axes, at most {}", count, max_rank);
  while (count_ < count) axes_[count_] = axes[count_], ++count_;
}

}  // namespace xgrad
