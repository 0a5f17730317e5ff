#include <xgrad/nn/data/images.hpp>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {

void Images::truncate(std::int64_t count, Site site) {
  if (count < 1) xgrad::detail::fail<ValueError>("truncate", site, "count is {}, expected at least 1", count);
  if (count >= size()) return;
  labels.resize(static_cast<std::size_t>(count));
  pixels.resize(static_cast<std::size_t>(count * image_size()));
}

}  // namespace xgrad::nn
