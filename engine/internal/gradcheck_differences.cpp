#include <xgrad/engine/internal/gradcheck.hpp>

namespace xgrad::detail {
namespace {

/// f at points on a line, and the unknowns as they were when it ends.
class Line {
 public:
  Line(Subject& subject, const Numbers& direction, double step)
      : subject_(subject), direction_(direction), step_(step), origin_(subject.point()) {}
  ~Line() { subject_.move(origin_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Numbers at(double steps) {
    Numbers point = origin_;
    for (std::size_t i = 0; i < point.size(); ++i) point[i] += steps * step_ * direction_[i];
    subject_.move(point);
    return flatten(subject_.values());
  }

 private:
  Subject& subject_;
  const Numbers& direction_;
  double step_;
  Numbers origin_;
};

}  // namespace

Numbers central_difference(Subject& subject, const Numbers& direction, double step, bool wide) {
  Line line(subject, direction, step);
  Numbers slope = line.at(1);
  const Numbers minus = line.at(-1);
  for (std::size_t i = 0; i < slope.size(); ++i) slope[i] -= minus[i];
  if (!wide) {
    for (double& s : slope) s /= 2 * step;
    return slope;
  }
  const Numbers plus2 = line.at(2), minus2 = line.at(-2);
  for (std::size_t i = 0; i < slope.size(); ++i) slope[i] = (8 * slope[i] - (plus2[i] - minus2[i])) / (12 * step);
  return slope;
}

Slopes one_sided_differences(Subject& subject, const Numbers& direction, double step) {
  Line line(subject, direction, step);
  const Numbers here = line.at(0);
  const auto to = [&](double side) {
    Numbers slope = line.at(side);
    const Numbers far = line.at(2 * side);
    for (std::size_t i = 0; i < slope.size(); ++i) slope[i] = side * (4 * slope[i] - 3 * here[i] - far[i]) / (2 * step);
    return slope;
  };
  Slopes slopes;
  slopes.left = to(-1);
  slopes.right = to(1);
  return slopes;
}

}  // namespace xgrad::detail
