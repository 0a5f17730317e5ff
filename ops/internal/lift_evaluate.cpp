// Runs a program: row by row of what its arguments broadcast to, and block by block of a row, so that what is in
// between stays in the cache.
#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/pool.hpp>
#include <xgrad/ops/internal/lift_program.hpp>

#include <algorithm>
#include <cstring>

namespace xgrad::detail {

namespace {

/// Where a value is: its elements are at base + offset[moves]; step is 0 where there is but one.
struct Place {
  const char* base;
  i64 moves;
  i64 step;
};
/// What the offset counts from; each broadcast argument may have one of its own.
enum : i64 { stays, with_block, with_arrays, with_argument };
constexpr int all_offsets = 8, own_offsets = all_offsets - with_argument;

/// An argument: all elements, or one, or `broadcast`.
struct Argument {
  const char* elements;
  const Shape* shape;
  Place place;
  bool broadcast, laid_out;  // for a block
  Loop loop;                 // of one that is laid out
};

class Evaluation {
 public:
  Evaluation(const Program& p, DType dtype, const Shape& shape, const Tensor* const* in, void* const* out)
      : p_(p),
        dtype_(dtype),
        item_(item_size(dtype)),
        total_(shape.size()),
        columns_(total_),
        chains_(chain_tables[arch_index()][dtype == DType::float64]),
        short_(total_ < chains_.group),
        out_(out) {
    if (p.inputs > few) {
      many_.resize(static_cast<std::size_t>(p.inputs));
      arguments_ = many_.data();
    }
    for (int i = 0; i < p.inputs; ++i) {
      Argument& a = arguments_[i];
      a.elements = static_cast<const char*>(elements(*in[i]));
      a.shape = &in[i]->shape();
      const i64 size = a.shape->size();
      a.place = size == 1 ? Place{a.elements, stays, 0} : Place{a.elements, with_arrays, 1};
      a.broadcast = size != 1 && size != total_ && (p_.reads >> std::min(i, 31) & 1);
      a.laid_out = false;
    }
    broadcast(shape);
  }

  void run() const {
    constexpr i64 tile = 32 * 1024;
    const i64 parts = std::max<i64>(1, columns_ / tile), pieces = total_ / columns_ * parts;
    const auto some = [&](i64 first, i64 last) {
      const Memory m(*this);
      i64 row = first / parts, part = first % parts;
      for (i64 piece = first; piece < last; ++piece) {
        run_row(m, row, part * tile, part + 1 == parts ? columns_ : (part + 1) * tile);
        if (++part == parts) part = 0, ++row;
      }
      if (short_) copy_results(m);
    };
    const i64 together = std::max<i64>(1, tile / columns_);
    if (total_ < 2 * tile) return some(0, pieces);
    parallel_for((pieces + together - 1) / together,
                 [&](i64 k) { some(k * together, std::min(pieces, (k + 1) * together)); });
  }

 private:
  /// What one thread needs beside the arrays.
  struct Memory {
    explicit Memory(const Evaluation& e) {
      constexpr i64 cache = 24 * 1024;
      const Program& p = e.p_;
      const i64 streams = i64{p.blocks} + e.laid_out_, group = e.chains_.group;
      block = e.columns_;
      if (streams > 0) block = std::min(block, std::clamp<i64>(cache / (streams * e.item_) / 256 * 256, 256, 1024));
      stride = (block + 2 * group - 1) / group * group * e.item_;
      const auto bytes = [](std::size_t count, std::size_t size) { return (count * size + 63) / 64 * 64; };
      const std::size_t for_places = bytes(p.values(), sizeof(Place));
      const std::size_t header = for_places + bytes(p.instructions.size(), sizeof(ChainStep));
      const i64 groups = p.groups + (e.short_ ? p.inputs + static_cast<i64>(p.results.size()) : 0);
      memory = static_cast<char*>(
          pool_get(header + static_cast<std::size_t>(groups * group * e.item_ + streams * stride), size_class));
      places = reinterpret_cast<Place*>(memory);
      steps = reinterpret_cast<ChainStep*>(memory + for_places);
      group_values = memory + header;
      blocks = group_values + groups * group * e.item_;
      e.bind(*this);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() { pool_put(memory, size_class); }

    char* memory;
    u16 size_class;
    Place* places;  // of all values
    ChainStep* steps;
    char *group_values, *blocks;
    i64 block, stride;  // elements of a block, bytes from one to the next: a row's last one may be a group longer
  };

  /// Rows along which each broadcast argument is all its elements or one; arguments are laid out where rows are short.
  void broadcast(const Shape& shape) {
    const Shape* shapes[own_offsets];
    int count = 0;
    for (int i = 0; i < p_.inputs; ++i) {
      if (!arguments_[i].broadcast) continue;
      if (count < own_offsets) shapes[count] = arguments_[i].shape;
      ++count;
    }
    if (count == 0) return;
    if (count <= own_offsets) {
      loop_ = broadcast_loop(shape, shapes, count);
      const i64 columns = loop_.extent[loop_.axes - 1];
      if (columns >= chains_.group) {
        columns_ = columns;
        own_ = count;
      }
    }
    int k = 0;
    for (int i = 0; i < p_.inputs; ++i) {
      Argument& a = arguments_[i];
      if (!a.broadcast) continue;
      if (own_ > 0) {
        a.place = {a.elements, with_argument + k, loop_.stride[k + 1][loop_.axes - 1]};
      } else {
        a.laid_out = true;
        a.loop = broadcast_loop(shape, &a.shape, 1);
        ++laid_out_;
      }
      ++k;
    }
  }

  /// Sets the places of all values, and the chains' steps. Where there is less than a group, arguments and results are
  /// in memory for a whole one.
  void bind(const Memory& m) const {
    char* next_group = m.group_values + p_.groups * chains_.group * item_;
    char* next_block = m.blocks + p_.blocks * m.stride;
    Place* place = m.places;
    for (int i = 0; i < p_.inputs; ++i) {
      const Argument& a = arguments_[i];
      *place = a.place;
      if (a.laid_out) {
        *place = {next_block, with_block, 1};
        next_block += m.stride;
      } else if (short_ && a.place.step && a.shape->size() == total_) {
        std::memcpy(next_group, a.elements, static_cast<std::size_t>(total_ * item_));
        *place = {next_group, stays, 1};
        next_group += chains_.group * item_;
      }
      ++place;
    }
    for (std::size_t i = 0; i < p_.numbers.size(); ++i) {
      const void* number = dtype_ == DType::float64 ? static_cast<const void*>(&p_.numbers[i]) : &p_.numbers32[i];
      *place++ = {static_cast<const char*>(number), stays, 0};
    }
    for (std::size_t k = 0; k < p_.steps.size(); ++k) {
      const Program::Home home = p_.homes[k];
      if (home.storage == Program::Storage::result && short_) {
        *place = {next_group, stays, 1};
        next_group += chains_.group * item_;
      } else if (home.storage == Program::Storage::result) {
        *place = {static_cast<const char*>(out_[home.index]), with_arrays, 1};
      } else if (home.storage == Program::Storage::group) {
        *place = {m.group_values + home.index * chains_.group * item_, stays, 1};
      } else {
        // What only depends on single elements is one, for the kernels.
        i64 step = 0;
        for (int i = 0; i < row_of(p_.steps[k].code).inputs; ++i) step |= m.places[p_.steps[k].in[i]].step;
        *place = {m.blocks + home.index * m.stride, step ? with_block : stays, step};
      }
      ++place;
    }
    for (std::size_t i = 0; i < p_.instructions.size(); ++i) {
      const Program::Instruction& from = p_.instructions[i];
      ChainStep& to = m.steps[i];
      unsigned numbers = 0;
      for (int k = 0; k < from.operands; ++k) {
        const Place& at = m.places[from.in[k]];
        to.operand[k] = {at.base, at.moves == stays ? 0 : -1};
        if (at.step == 0 && !(from.stores && k + 1 == from.operands)) numbers |= 1u << k;
      }
      to.function = chains_.function(from.sequence, numbers);
    }
  }

  void copy_results(const Memory& m) const {
    for (std::size_t i = 0; i < p_.results.size(); ++i)
      std::memcpy(out_[i], m.places[p_.results[i]].base, static_cast<std::size_t>(total_ * item_));
  }

  void run_row(const Memory& m, i64 row, i64 start, i64 end) const {
    i64 offset[all_offsets], own[own_offsets], index[Loop::max_axes], rest = row;
    offset[stays] = offset[with_block] = 0;
    const int last = loop_.axes - 1;
    for (int axis = last - 1; axis > 0; --axis) index[axis] = rest % loop_.extent[axis], rest /= loop_.extent[axis];
    index[0] = rest;
    for (int k = 0; k < own_; ++k) {
      own[k] = 0;
      for (int axis = 0; axis < last; ++axis) own[k] += index[axis] * loop_.stride[k + 1][axis];
    }
    while (start < end) {
      const i64 n = end - start < m.block + chains_.group ? end - start : m.block;
      offset[with_arrays] = (row * columns_ + start) * item_;
      for (int k = 0; k < own_; ++k) offset[with_argument + k] = (own[k] + start * loop_.stride[k + 1][last]) * item_;
      run_block(m, offset, start, n);
      start += n;
    }
  }

  void run_block(const Memory& m, const i64* offset, i64 start, i64 n) const {
    for (int i = 0; laid_out_ > 0 && i < p_.inputs; ++i)
      if (arguments_[i].laid_out) lay_out(arguments_[i], start, n, const_cast<char*>(m.places[i].base));
    for (const Program::Run& run : p_.runs) {
      if (run.is_chain()) run_chain(m, run, offset, n);
      else run_kernel(m, run.step, offset, n);
    }
  }

  void run_chain(const Memory& m, const Program::Run& run, const i64* offset, i64 n) const {
    for (u32 i = run.begin; i < run.end; ++i) {
      const Program::Instruction& from = p_.instructions[i];
      for (int k = 0; k < from.operands; ++k) {
        const Place& at = m.places[from.in[k]];
        m.steps[i].operand[k].base = at.base + offset[at.moves];
      }
    }
    chains_.run(m.steps + run.begin, run.end - run.begin, n);
  }

  /// Elements [start, start + n) of a broadcast argument: what is left of a row, rows, the beginning of one.
  void lay_out(const Argument& a, i64 start, i64 n, char* to) const {
    const int last = a.loop.axes - 1;
    const auto copy = kernel_of(Code::Identity, dtype_);
    while (n > 0) {
      i64 rest = start, from = 0, index = 0;
      for (int axis = last; axis >= 0; --axis) {
        const i64 here = axis > 0 ? rest % a.loop.extent[axis] : rest;
        if (axis > 0) rest /= a.loop.extent[axis];
        if (axis == last - 1) index = here;
        from += here * a.loop.stride[1][axis];
      }
      const i64 columns = a.loop.extent[last], column = start % columns;
      Loop loop;
      loop.axes = 1;
      loop.extent[0] = std::min(n, columns - column);
      loop.stride[0][0] = 1;
      loop.stride[1][0] = a.loop.stride[1][last];
      i64 done = loop.extent[0];
      if (last > 0 && column == 0 && n >= 2 * columns) {
        loop.axes = 2;
        loop.extent[1] = columns;
        loop.stride[0][1] = 1;
        loop.stride[1][1] = loop.stride[1][0];
        loop.extent[0] = std::min(n / columns, a.loop.extent[last - 1] - index);
        loop.stride[0][0] = columns;
        loop.stride[1][0] = a.loop.stride[1][last - 1];
        done = loop.extent[0] * columns;
      }
      const void* source = a.elements + from * item_;
      copy(loop, to, &source, false);
      to += done * item_, start += done, n -= done;
    }
  }

  void run_kernel(const Memory& m, u32 k, const i64* offset, i64 n) const {
    const Program::Step& step = p_.steps[k];
    Loop loop;
    loop.axes = 1;
    loop.stride[0][0] = 1;
    const void* in[3];
    for (int i = 0; i < row_of(step.code).inputs; ++i) {
      const Place& place = m.places[step.in[i]];
      in[i] = place.base + offset[place.moves];
      loop.stride[i + 1][0] = place.step;
    }
    const Place& to = m.places[p_.first_step() + k];
    loop.extent[0] = to.step ? n : 1;
    kernel_of(step.code, dtype_)(loop, const_cast<char*>(to.base) + offset[to.moves], in, false);
  }

  static constexpr int few = 8;
  const Program& p_;
  DType dtype_;
  i64 item_, total_, columns_;
  const ChainKernels& chains_;
  bool short_;  // less than a group
  void* const* out_;
  Argument few_[few];
  std::vector<Argument> many_;
  Argument* arguments_ = few_;
  Loop loop_{.axes = 1, .extent = {}, .stride = {}};  // over the broadcast arguments that have offsets of their own
  int own_ = 0, laid_out_ = 0;                        // so many
};

}  // namespace

void evaluate(const Program& p, DType dtype, const Shape& shape, const Tensor* const* in, void* const* out) {
  if (shape.size() > 0) Evaluation(p, dtype, shape, in, out).run();
}

}  // namespace xgrad::detail
