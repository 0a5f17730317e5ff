#include <xgrad/ops/internal/correlate.hpp>

#include <algorithm>
#include <utility>

#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/kernels/arrays.hpp>
#include <xgrad/ops/internal/kernels.hpp>
#include <xgrad/ops/kernels/conv.hpp>

namespace xgrad::detail {
namespace {

constexpr i64 near = 64 * 1024;             // elements that a tile may lay out: they stay in a core's cache
constexpr i64 most_partial = i64{1} << 20;  // elements of sums that are still to be added up
constexpr i64 worth_a_tile = i64{1} << 18;  // multiply-adds

constexpr i64 parts(i64 n, i64 size) noexcept { return (n + size - 1) / size; }
constexpr i64 rounded_up(i64 n, i64 unit) noexcept { return parts(n, unit) * unit; }

/// Elements that go when the block ends.
template <class T> class Scratch {
 public:
  explicit Scratch(i64 n) : memory_(new_array(dtype_of<T>, {n})) {}
  T* get() const noexcept { return static_cast<T*>(Access::body(memory_)->data); }

 private:
  Tensor memory_;
};

/// A convolution along one axis.
struct Along {
  i64 extent, count, kernel, stride, padding, dilation;

  /// How many elements of a phase a window reaches beyond its first.
  i64 reach() const noexcept { return (kernel - 1) * dilation / stride; }
  /// Place k of the kernel meets element `shift` of phase `phase`, counted from the window's first.
  i64 phase(i64 k) const noexcept { return k * dilation % stride; }
  i64 shift(i64 k) const noexcept { return k * dilation / stride; }

  // Forward, results are y's elements, and x is laid out in phases. Back, they are those of one phase of x, counted
  // from `first_back`, and y is laid out.
  i64 first_back() const noexcept { return padding / stride; }
  i64 results(bool back) const noexcept { return back ? (extent - 1 + padding) / stride + 1 - first_back() : count; }
  /// The side for `n` results from `first` on.
  ConvSide side(bool back, i64 first, i64 n) const noexcept {
    if (back) return {count, count, 1, first_back() - reach() + first, 1, n + reach()};
    return {extent,     extent, stride, first * stride - padding, std::min(stride, (kernel - 1) * dilation + 1),
            n + reach()};
  }
};

Along rows_of(const Convolution& c) noexcept {
  const Windows& w = c.windows;
  return {c.plane.h, c.count.h, w.kernel.h, w.stride.h, w.padding.h, w.dilation.h};
}
Along columns_of(const Convolution& c) noexcept {
  const Windows& w = c.windows;
  return {c.plane.w, c.count.w, w.kernel.w, w.stride.w, w.padding.w, w.dilation.w};
}

/// Results cut into tiles of (h, w), so that what is laid out for one stays near; sizes follow from the shapes alone.
struct Cut {
  Along rows, columns;
  bool back;
  Pair results, tile, tiles;

  Cut(const Convolution& c, bool backward, i64 channels)
      : rows(rows_of(c)),
        columns(columns_of(c)),
        back(backward),
        results(rows.results(back), columns.results(back)),
        tile(results),
        tiles(1) {
    const auto shrink = [&](i64& extent, i64 n, i64 least) {
      while (channels * plane() > near && extent > least) extent = std::max(least, parts(extent, 2));
      extent = parts(n, parts(n, extent));
    };
    shrink(tile.h, results.h, std::min<i64>(results.h, 1 + rows.reach()));
    shrink(tile.w, results.w, std::min<i64>(results.w, 64 + columns.reach()));
    tiles = {parts(results.h, tile.h), parts(results.w, tile.w)};
  }
  i64 count() const noexcept { return tiles.h * tiles.w; }
  i64 span() const noexcept { return tile.w + columns.reach(); }
  /// Elements of a plane laid out.
  i64 plane() const noexcept {
    const ConvSide h = rows.side(back, 0, tile.h), w = columns.side(back, 0, tile.w);
    return h.phases * h.span * w.phases * w.span;
  }
  Pair first(i64 i) const noexcept { return {i / tiles.w * tile.h, i % tiles.w * tile.w}; }
  Pair some(Pair at) const noexcept { return {std::min(tile.h, results.h - at.h), std::min(tile.w, results.w - at.w)}; }
  /// Where in what is laid out place (k, l) of the kernel is.
  i64 offset(i64 k, i64 l) const noexcept {
    if (back) return (rows.reach() - rows.shift(k)) * span() + columns.reach() - columns.shift(l);
    const ConvSide h = rows.side(back, 0, tile.h), w = columns.side(back, 0, tile.w);
    return ((rows.phase(k) * w.phases + columns.phase(l)) * h.span + rows.shift(k)) * span() + columns.shift(l);
  }
  template <class T> void lay_out(const T* x, i64 channels, i64 elements, Pair at, T* to) const {
    const ConvSide h = rows.side(back, at.h, tile.h), w = columns.side(back, at.w, tile.w);
    for (i64 i = 0; i < channels; ++i) kernels_of<ConvTable, T>().lay_out(x + i * elements, h, w, to + i * plane());
    std::fill_n(to + channels * plane(), conv_slack, T{0});
  }
};

/// Of n results from `first` on, those that are in a plane, and where: from `at` on, `step` elements apart.
struct Part {
  i64 skip, n, at, step;
  Part(const Along& along, bool back, i64 phase, i64 first, i64 count) noexcept
      : skip(0), n(count), at(first), step(1) {
    if (!back) return;
    step = along.stride;
    at = (along.first_back() + first) * step + phase - along.padding;
    if (at < 0) skip = parts(-at, step), at += skip * step;
    n = std::min(count, skip + parts(along.extent - at, step)) - skip;
  }
};

template <class T> class Correlation {
 public:
  Correlation(const Convolution& convolution, bool backward, const T* weight, const T* start)
      : c(convolution),
        back(backward),
        from_channels(back ? c.out : c.in),
        to_channels(back ? c.in : c.out),
        cut(c, back, from_channels),
        phases(back ? c.windows.stride : Pair(1)),
        places(from_channels * c.windows.kernel.h * c.windows.kernel.w),
        offsets(places),
        first_place(phases.h * phases.w + 1),
        packed(c.groups * to_channels * places),
        bias(start),
        zeros(start ? 1 : to_channels) {
    if (!start) std::fill_n(zeros.get(), to_channels, T{0});
    const i64 at_once = std::max<i64>(1, near / (cut.tile.h * cut.span()) / 8) * 8;
    slice = std::min(to_channels, at_once);
    const i64 tiles = c.samples * c.groups * cut.count();
    while (tiles * parts(to_channels, slice) < 16 && slice > 16) slice = rounded_up(parts(slice, 2), 8);
    pack(weight);
  }

  void run(const T* from, T* to) const {
    const i64 slices = parts(to_channels, slice), items = c.samples * c.groups * cut.count() * slices,
              work = slice * places * cut.tile.h * cut.span(),
              together = std::max<i64>(1, worth_a_tile / std::max<i64>(1, work));
    parallel_for(parts(items, together), [&](i64 tile) {
      const Scratch<T> laid_out(from_channels * cut.plane() + conv_slack), sums(slice * row());
      i64 source = -1;
      for (i64 item = tile * together; item < std::min(items, (tile + 1) * together); ++item) {
        const i64 plane = item / slices / cut.count(), part = item / slices % cut.count();
        if (std::exchange(source, item / slices) != item / slices)
          cut.lay_out(from + plane * from_channels * elements(back), from_channels, elements(back), cut.first(part),
                      laid_out.get());
        one(laid_out.get(), sums.get(), plane, part, item % slices * slice, to);
      }
    });
  }

 private:
  i64 elements(bool of_y) const noexcept { return of_y ? c.count.h * c.count.w : c.plane.h * c.plane.w; }
  i64 row() const noexcept { return cut.tile.h * cut.span() + conv_slack; }

  /// The places that each phase of the results sees, and their weights, in blocks.
  void pack(const T* weight) {
    const Pair kernel = c.windows.kernel;
    const i64 taps = kernel.h * kernel.w, step = back ? taps : c.in * taps, channel_step = back ? c.in * taps : taps;
    const Scratch<i64> at(places);
    i64 n = 0;
    for (i64 phase = 0; phase < phases.h * phases.w; ++phase) {
      first_place.get()[phase] = n;
      for (i64 channel = 0; channel < from_channels; ++channel)
        for (i64 k = 0; k < kernel.h; ++k)
          for (i64 l = 0; l < kernel.w; ++l) {
            if (back && cut.rows.phase(k) * phases.w + cut.columns.phase(l) != phase) continue;
            offsets.get()[n] = channel * cut.plane() + cut.offset(k, l);
            at.get()[n++] = channel * channel_step + k * kernel.w + l;
          }
    }
    first_place.get()[phases.h * phases.w] = n;
    T* to = packed.get();
    for (i64 group = 0; group < c.groups; ++group, weight += c.out * c.in * taps)
      for (i64 phase = 0; phase < phases.h * phases.w; ++phase)
        for (i64 r = 0, rows; r < to_channels; r += rows) {
          rows = conv_block(to_channels - r);
          for (i64 k = first_place.get()[phase]; k < first_place.get()[phase + 1]; ++k)
            for (i64 i = 0; i < rows; ++i) *to++ = weight[(r + i) * step + at.get()[k]];
        }
  }

  /// Results for some channels of a plane's tile.
  void one(const T* x, T* sums, i64 plane, i64 tile, i64 channel, T* to) const {
    const auto [rows, columns] = cut.some(cut.first(tile));
    const i64 channels = std::min(slice, to_channels - channel), n = (rows - 1) * cut.span() + columns,
              group = plane % c.groups;
    const T* const start = bias ? bias + group * to_channels + channel : zeros.get();
    for (i64 phase = 0; phase < phases.h * phases.w; ++phase) {
      const i64 first = first_place.get()[phase], some = first_place.get()[phase + 1] - first;
      const T* const w = packed.get() + (group * places + first) * to_channels + channel * some;
      kernels_of<ConvTable, T>().correlate(w, offsets.get() + first, some, x, channels, n, start, sums, row());
      put(sums, channels, cut.first(tile), {phase / phases.w, phase % phases.w},
          to + (plane * to_channels + channel) * elements(!back));
    }
  }

  /// What of a tile's results is in the planes of `to`.
  void put(const T* sums, i64 channels, Pair at, Pair phase, T* to) const {
    const Part h(cut.rows, back, phase.h, at.h, cut.some(at).h), w(cut.columns, back, phase.w, at.w, cut.some(at).w);
    const i64 line = back ? c.plane.w : c.count.w;
    if (h.n <= 0 || w.n <= 0) return;
    for (i64 i = 0; i < channels; ++i)
      kernels_of<ConvTable, T>().put(sums + i * row() + h.skip * cut.span() + w.skip, cut.span(), h.n, w.n,
                                     to + i * elements(!back) + h.at * line + w.at, h.step * line, w.step);
  }

  const Convolution c;
  const bool back;
  const i64 from_channels, to_channels;
  const Cut cut;
  const Pair phases;
  const i64 places;
  const Scratch<i64> offsets, first_place;
  const Scratch<T> packed;
  const T* const bias;
  const Scratch<T> zeros;
  i64 slice;
};

/// Sums over samples, some of them at a time: what those give is added up in their order.
template <class T> void weights(const Convolution& c, const T* x, const T* y, T* to) {
  const Cut cut(c, false, c.in + c.out);
  const Pair kernel = c.windows.kernel;
  const i64 places = c.in * kernel.h * kernel.w, size = c.groups * c.out * places, items = c.samples * cut.count();
  const i64 area = cut.tile.h * cut.span(), n = rounded_up((cut.tile.h - 1) * cut.span() + cut.tile.w, conv_slack),
            y_row = rounded_up(area, conv_slack), x_image = c.in * cut.plane() + conv_slack, y_image = c.out * y_row;
  const Scratch<i64> offsets(places);
  for (i64 i = 0; i < places; ++i)
    offsets.get()[i] = i / (kernel.h * kernel.w) * cut.plane() + cut.offset(i / kernel.w % kernel.h, i % kernel.w);

  // Pieces of the samples, and where those are few, slices of y's channels.
  const i64 work = std::max<i64>(1, c.out * places * n);
  // So many samples at once that what a block of sums costs at its end is little beside it.
  const i64 at_once = std::clamp<i64>(1024 / n, 1, std::max<i64>(1, 8 * near / (x_image + y_image)));
  const i64 each = std::max({at_once, parts(items, 16), worth_a_tile / (work * c.groups), items * size / most_partial}),
            pieces = std::max<i64>(1, parts(items, each));
  i64 slice = c.out;
  while (pieces * c.groups * parts(c.out, slice) < 16 && slice > 32) slice = rounded_up(parts(slice, 2), 4);
  const i64 slices = parts(c.out, slice), tiles = pieces * c.groups * slices,
            together = std::max<i64>(1, worth_a_tile / (work * each / slices + 1));
  const Scratch<T> partial(pieces > 1 ? pieces * size : 1);
  T* const sums = pieces > 1 ? partial.get() : to;
  const ConvKernels<T>& kernels = kernels_of<ConvTable, T>();

  const auto one = [&](i64 tile) {
    const i64 piece = tile / slices / c.groups, group = tile / slices % c.groups, first = tile % slices * slice,
              channels = std::min(slice, c.out - first), last = std::min(items, (piece + 1) * each);
    const Scratch<T> x_tiles(at_once * x_image), y_tiles(at_once * y_image);
    for (i64 i = 0; i < at_once * c.out; ++i) std::fill_n(y_tiles.get() + i * y_row + area, y_row - area, T{0});
    T* const sum = sums + piece * size + (group * c.out + first) * places;
    std::fill_n(sum, channels * places, T{0});
    for (i64 i = piece * each; i < last; i += at_once) {
      const i64 some = std::min(at_once, last - i);
      for (i64 k = 0; k < some; ++k) {
        const i64 plane = (i + k) / cut.count() * c.groups + group;
        const Pair at = cut.first((i + k) % cut.count());
        cut.lay_out(x + plane * c.in * c.plane.h * c.plane.w, c.in, c.plane.h * c.plane.w, at,
                    x_tiles.get() + k * x_image);
        const ConvSide h{c.count.h, c.count.h, 1, at.h, 1, cut.tile.h};
        const ConvSide w{c.count.w, std::min(c.count.w, at.w + cut.tile.w), 1, at.w, 1, cut.span()};
        for (i64 r = 0; r < channels; ++r)
          kernels.lay_out(y + (plane * c.out + first + r) * c.count.h * c.count.w, h, w,
                          y_tiles.get() + k * y_image + r * y_row);
      }
      kernels.correlate_weights(y_tiles.get(), y_row, channels, x_tiles.get(), offsets.get(), places, n, some, y_image,
                                x_image, sum);
    }
  };
  parallel_for(parts(tiles, together), [&](i64 i) {
    for (i64 tile = i * together; tile < std::min(tiles, (i + 1) * together); ++tile) one(tile);
  });
  if (pieces == 1) return;
  std::copy_n(sums, size, to);
  for (i64 i = 1; i < pieces; ++i) array_kernels<T>().add(to, sums + i * size, size);
}

/// f(a null pointer to the element type).
template <class F> void by_type(DType dtype, F f) {
  if (dtype == DType::float32) f(static_cast<float*>(nullptr));
  else f(static_cast<double*>(nullptr));
}

}  // namespace

void correlate(DType dtype, const Convolution& c, bool back, const void* from, const void* weight, const void* bias,
               void* to) {
  const Pair planes = back ? c.plane : c.count;
  if (c.samples * c.groups * (back ? c.in : c.out) * planes.h * planes.w == 0) return;
  by_type(dtype, [&]<class T>(T*) {
    Correlation<T>(c, back, static_cast<const T*>(weight), static_cast<const T*>(bias))
        .run(static_cast<const T*>(from), static_cast<T*>(to));
  });
}

void correlate_weights(DType dtype, const Convolution& c, const void* x, const void* y, void* to) {
  if (c.groups * c.out * c.in == 0) return;
  by_type(dtype,
          [&]<class T>(T*) { weights(c, static_cast<const T*>(x), static_cast<const T*>(y), static_cast<T*>(to)); });
}

}  // namespace xgrad::detail
