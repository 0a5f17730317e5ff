#include <xgrad/nn/data/digits.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/random.hpp>

// The same bytes everywhere: from random bits on there are only sums, products, quotients and square roots of
// doubles, which IEEE 754 fixes to the last bit.

namespace xgrad::nn {

namespace {

struct Point {
  double x, y;
};
Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
Point operator*(double s, Point a) { return {s * a.x, s * a.y}; }

// A pen stroke through points of a box of 100x100, y downwards: straight from one to the next, or a
// Catmull-Rom curve, open or closed.
struct Stroke {
  enum Kind { line, curve, loop } kind;
  std::vector<Point> points;
};
using Glyph = std::vector<Stroke>;

Stroke ring(double x, double y, double wide, double high) {
  const double a = wide * 0.707, b = high * 0.707;
  return {Stroke::loop,
          {{x, y - high},
           {x + a, y - b},
           {x + wide, y},
           {x + a, y + b},
           {x, y + high},
           {x - a, y + b},
           {x - wide, y},
           {x - a, y - b}}};
}

const std::vector<Glyph>& styles(int digit) {
  using enum Stroke::Kind;
  // clang-format off
  static const std::vector<Glyph> all[10] = {
      {{ring(50, 50, 29, 50)},
       {ring(50, 50, 20, 50)},
       {{curve, {{66, 8}, {40, 4}, {22, 36}, {24, 74}, {48, 100}, {74, 80}, {78, 38}, {60, 6}, {44, 2}}}}},
      {{{line, {{50, 0}, {50, 100}}}},
       {{line, {{30, 26}, {54, 0}, {54, 100}}}},
       {{line, {{32, 24}, {52, 0}, {52, 100}}}, {line, {{28, 100}, {76, 100}}}}},
      {{{curve, {{22, 24}, {34, 4}, {58, 0}, {76, 18}, {70, 44}, {44, 74}, {20, 98}}}, {line, {{20, 98}, {82, 98}}}},
       {{curve, {{24, 20}, {46, 0}, {74, 12}, {72, 40}, {48, 72}, {26, 94}, {18, 82}, {34, 76}, {58, 92}, {84, 92}}}}},
      {{{curve, {{22, 14}, {46, 0}, {74, 14}, {68, 38}, {42, 47}}},
        {curve, {{42, 47}, {72, 56}, {78, 80}, {52, 100}, {20, 88}}}},
       {{line, {{24, 2}, {76, 2}, {46, 40}}}, {curve, {{46, 40}, {74, 52}, {78, 80}, {50, 100}, {20, 88}}}}},
      {{{line, {{34, 0}, {22, 56}, {82, 56}}}, {line, {{68, 12}, {64, 100}}}},
       {{line, {{62, 0}, {18, 66}, {84, 66}}}, {line, {{62, 0}, {62, 100}}}},
       {{curve, {{28, 4}, {24, 34}, {36, 54}, {62, 48}, {74, 30}}}, {line, {{76, 2}, {70, 100}}}}},
      {{{line, {{76, 0}, {34, 0}, {28, 44}}}, {curve, {{28, 44}, {52, 36}, {76, 52}, {76, 80}, {52, 100}, {20, 90}}}},
       {{curve, {{78, 2}, {42, 4}, {30, 38}, {58, 42}, {76, 66}, {58, 96}, {22, 92}}}}},
      {{{curve, {{68, 2}, {38, 26}, {22, 64}, {32, 94}, {58, 100}, {78, 80}, {66, 56}, {42, 56}, {26, 76}}}},
       {{curve, {{58, 0}, {34, 34}, {24, 76}}}, ring(49, 77, 25, 23)}},
      {{{line, {{20, 2}, {80, 2}, {42, 100}}}},
       {{line, {{20, 2}, {80, 2}, {46, 100}}}, {line, {{36, 50}, {74, 50}}}},
       {{curve, {{20, 10}, {48, 3}, {80, 4}, {60, 46}, {46, 100}}}}},
      {{{loop, {{72, 14}, {50, 0}, {28, 14}, {34, 36}, {66, 60}, {76, 82}, {50, 100}, {24, 82}, {34, 60}, {66, 36}}}},
       {ring(50, 23, 21, 23), ring(50, 73, 27, 27)}},
      {{ring(49, 25, 24, 23), {line, {{74, 14}, {68, 100}}}},
       {{curve, {{72, 18}, {48, 0}, {26, 22}, {38, 46}, {62, 42}, {74, 16}, {72, 60}, {58, 100}}}}},
  };
  // clang-format on
  return all[digit];
}

// The stroke as short straight pieces.
void flatten(const Stroke& stroke, std::vector<Point>& path) {
  const std::vector<Point>& p = stroke.points;
  const int n = static_cast<int>(p.size());
  const bool closed = stroke.kind == Stroke::loop;
  const auto at = [&](int i) { return p[static_cast<std::size_t>(closed ? (i + n) % n : std::clamp(i, 0, n - 1))]; };
  constexpr int pieces = 6;
  constexpr double round = 0.56;  // makes eight points in a ring a circle; Catmull and Rom have 0.5
  path.clear();
  for (int i = 0; i < (closed ? n : n - 1); ++i) {
    const Point a = at(i), b = at(i + 1);
    const bool straight = stroke.kind == Stroke::line;
    const Point out = straight ? b - a : round * (b - at(i - 1)), in = straight ? b - a : round * (at(i + 2) - a);
    for (int k = 0; k < pieces; ++k) {  // the cubic from a to b with these slopes at its ends
      const double t = k / double{pieces}, u = 1 - t;
      path.push_back(u * u * (1 + 2 * t) * a + t * u * u * out - t * t * u * in + t * t * (3 - 2 * t) * b);
    }
  }
  path.push_back(at(closed ? 0 : n - 1));
}

// From the box of 100x100 to pixels: a smooth random bend, then a random affine map.
class Distortion {
 public:
  explicit Distortion(Random& random) {
    const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
    for (auto& row : bend_)
      for (Point& node : row) node = {between(-7, 7), between(-7, 7)};
    const double t = between(-0.15, 0.15);  // tan of half the angle: up to 17 degrees either way
    const double cosine = (1 - t * t) / (1 + t * t), sine = 2 * t / (1 + t * t);
    const double wide = between(0.13, 0.21), high = between(0.16, 0.215), shear = between(-0.3, 0.3);
    xx_ = cosine * wide;
    xy_ = cosine * shear * high - sine * high;
    yx_ = sine * wide;
    yy_ = sine * shear * high + cosine * high;
    centre_ = {between(12.2, 15.8), between(12.2, 15.8)};
  }

  Point operator()(Point p) const {
    const Point q = p + bend(p) - Point{50, 50};
    return {centre_.x + xx_ * q.x + xy_ * q.y, centre_.y + yx_ * q.x + yy_ * q.y};
  }

 private:
  static constexpr int cells = 3;
  Point bend(Point p) const {
    const auto split = [](double x, double& rest) {
      const double scaled = std::clamp(x, 0.0, 100.0) * (cells / 100.0);
      const int cell = std::min(static_cast<int>(scaled), cells - 1);
      const double t = scaled - cell;
      rest = t * t * (3 - 2 * t);
      return static_cast<std::size_t>(cell);
    };
    double u = 0, v = 0;
    const std::size_t i = split(p.y, v), j = split(p.x, u);
    return (1 - v) * ((1 - u) * bend_[i][j] + u * bend_[i][j + 1]) +
           v * ((1 - u) * bend_[i + 1][j] + u * bend_[i + 1][j + 1]);
  }

  Point bend_[cells + 1][cells + 1];
  double xx_, xy_, yx_, yy_;
  Point centre_;
};

constexpr int side = 28;

// Ink as distance: for every pixel near the segment, the least squared distance so far.
void stroke_segment(Point a, Point b, double reach, double (&nearest)[side][side]) {
  const Point d = b - a;
  const double length2 = d.x * d.x + d.y * d.y;
  const auto first = [&](double v) { return std::clamp(static_cast<int>(v - reach), 0, side - 1); };
  const auto last = [&](double v) { return std::clamp(static_cast<int>(v + reach), 0, side - 1); };
  for (int y = first(std::min(a.y, b.y)); y <= last(std::max(a.y, b.y)); ++y)
    for (int x = first(std::min(a.x, b.x)); x <= last(std::max(a.x, b.x)); ++x) {
      const Point p = Point{x + 0.5, y + 0.5} - a;
      const double along = length2 > 0 ? std::clamp((p.x * d.x + p.y * d.y) / length2, 0.0, 1.0) : 0.0;
      const Point off = p - along * d;
      nearest[y][x] = std::min(nearest[y][x], off.x * off.x + off.y * off.y);
    }
}

void draw(Random& random, int digit, std::vector<Point>& path, std::uint8_t* pixels) {
  const std::vector<Glyph>& choices = styles(digit);
  const Glyph& glyph = choices[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(choices.size())))];
  const double radius = 0.6 + 1.0 * random.uniform(), ink = 160 + 95 * random.uniform();
  const double soft = 0.7;  // half the width of the edge's ramp
  const Distortion distort(random);
  double nearest[side][side];
  std::fill_n(&nearest[0][0], side * side, 1e9);
  for (const Stroke& stroke : glyph) {
    flatten(stroke, path);
    for (Point& point : path) point = distort(point);
    for (std::size_t i = 1; i < path.size(); ++i) stroke_segment(path[i - 1], path[i], radius + soft, nearest);
  }
  for (int i = 0; i < side * side; ++i) {
    const double cover = (radius + soft - std::sqrt(nearest[i / side][i % side])) / (2 * soft);
    pixels[i] = static_cast<std::uint8_t>(ink * std::clamp(cover, 0.0, 1.0) + 0.5);
  }
}

// Kept apart from the streams that programs draw weights or noise from with the same seed.
constexpr std::uint64_t digits_stream = 0x64676974;  // "dgit", then the set and the index

Images draw_set(std::int64_t count, std::uint64_t seed, std::uint64_t set) {
  Images result;
  result.labels.resize(static_cast<std::size_t>(count));
  result.pixels.resize(static_cast<std::size_t>(count) * side * side);
  std::vector<Point> path;
  for (std::int64_t i = 0; i < count; ++i) {
    Random random(seed, ((digits_stream + set) << 32) + static_cast<std::uint64_t>(i));
    const int digit = static_cast<int>(random.below(10));
    result.labels[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(digit);
    draw(random, digit, path, result.pixels.data() + i * side * side);
  }
  return result;
}

}  // namespace

TrainTest synthetic_digits(std::int64_t count_train, std::int64_t count_test, std::uint64_t seed, Site site) {
  constexpr std::int64_t most = 10'000'000;
  for (std::int64_t count : {count_train, count_test})
    if (count < 1 || count > most)
      xgrad::detail::fail<ValueError>("synthetic_digits", site, "the count is {}, expected 1 to {}", count, most);
  return {draw_set(count_train, seed, 0), draw_set(count_test, seed, 1)};
}

}  // namespace xgrad::nn
