// Runs a program block by block, so that what is in between stays in the cache.
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
enum : i64 { stays, with_block, with_arrays };  // what the offset counts from

/// Elements [start, start + n) of a broadcast operand, by the loop that goes over it (operand 1).
template <class T> void gather(const Loop& loop, const T* from, i64 start, i64 n, T* to) {
  const int last = loop.axes - 1;
  const i64 step = loop.stride[1][last];
  while (n > 0) {
    i64 rest = start, offset = 0;
    for (int axis = last; axis > 0; --axis) {
      const i64 index = rest % loop.extent[axis];
      if (axis != last) offset += index * loop.stride[1][axis];
      rest /= loop.extent[axis];
    }
    if (last > 0) offset += rest * loop.stride[1][0];
    const i64 column = last > 0 ? start % loop.extent[last] : start;
    const i64 run = std::min(n, loop.extent[last] - column);
    const T* at = from + offset + column * step;
    if (step == 0) std::fill_n(to, run, *at);
    else std::copy_n(at, run, to);
    to += run, start += run, n -= run;
  }
}

/// An argument: all its elements, one, or such as have to be laid out (then it has no place).
struct Argument {
  const void* elements;
  Place place;
  Loop loop;
};

class Evaluation {
 public:
  Evaluation(const Program& p, DType dtype, const Shape& shape, const Tensor* const* in, void* const* out)
      : p_(p),
        wide_(dtype == DType::float64),
        item_(item_size(dtype)),
        total_(shape.size()),
        chains_(chain_tables[arch_index()][wide_]),
        out_(out) {
    if (p.inputs > few) {
      many_.resize(static_cast<std::size_t>(p.inputs));
      arguments_ = many_.data();
    }
    for (int i = 0; i < p.inputs; ++i) {
      Argument& a = arguments_[i];
      const Shape& its = in[i]->shape();
      a.elements = elements(*in[i]);
      const char* base = static_cast<const char*>(a.elements);
      if (its.size() == 1) {
        a.place = {base, stays, 0};
      } else if (its.size() == total_) {
        a.place = {base, with_arrays, 1};
      } else {
        const Shape* one = &its;
        a.loop = broadcast_loop(shape, &one, 1);
        a.place = {nullptr, with_block, 1};
        ++gathered_;
      }
    }
  }

  void run() const {
    constexpr i64 tile = 32 * 1024;
    if (total_ < 2 * tile) return run(0, total_);
    parallel_for((total_ + tile - 1) / tile, [&](i64 k) { run(k * tile, std::min(total_, (k + 1) * tile)); });
  }

 private:
  /// What one thread needs beside the arrays.
  struct Memory {
    Place* places;  // of all values
    ChainStep* steps;
    char *groups, *blocks;  // also of arguments that are laid out
    i64 block;              // elements
  };

  void run(i64 start, i64 end) const {
    constexpr i64 cache = 24 * 1024;
    const i64 group = chains_.group, streams = p_.blocks + gathered_;
    i64 block = (end - start + group - 1) / group * group;
    if (streams > 0) block = std::min(block, std::clamp<i64>(cache / (streams * item_) / 256 * 256, 256, 1024));
    const std::size_t header =
        (p_.values() * sizeof(Place) + p_.instructions.size() * sizeof(ChainStep) + 63) / 64 * 64;
    const i64 groups = p_.groups + p_.inputs + static_cast<i64>(p_.results.size());
    u16 size_class;
    char* const memory = static_cast<char*>(
        pool_get(header + static_cast<std::size_t>((groups * group + streams * block) * item_), size_class));
    Memory m;
    m.places = reinterpret_cast<Place*>(memory);
    m.steps = reinterpret_cast<ChainStep*>(memory + p_.values() * sizeof(Place));
    m.groups = memory + header;
    m.blocks = m.groups + groups * group * item_;
    m.block = block;

    const i64 whole = start + (end - start) / group * group;
    if (start < whole) {
      bind(m, start, 0);
      for (i64 at = start; at < whole; at += block) run_block(m, at, std::min(block, whole - at));
      start = whole;
    }
    if (start < end) {
      bind(m, start, end - start);
      run_block(m, start, end - start);
      for (std::size_t i = 0; i < p_.results.size(); ++i)
        std::memcpy(static_cast<char*>(out_[i]) + start * item_, m.places[p_.results[i]].base,
                    static_cast<std::size_t>((end - start) * item_));
    }
    pool_put(memory, size_class);
  }

  /// Sets the places of all values, and the chains' steps. For the last `tail` elements from `start`, less than a
  /// group, arguments and results are in memory for a whole one.
  void bind(const Memory& m, i64 start, i64 tail) const {
    char* next_group = m.groups + p_.groups * chains_.group * item_;
    char* next_block = m.blocks + p_.blocks * m.block * item_;
    Place* place = m.places;
    for (int i = 0; i < p_.inputs; ++i) {
      const Argument& a = arguments_[i];
      *place = a.place;
      if (!a.place.base) {
        place->base = next_block;
        next_block += m.block * item_;
      } else if (tail && a.place.step) {
        std::memcpy(next_group, a.place.base + start * item_, static_cast<std::size_t>(tail * item_));
        *place = {next_group, stays, 1};
        next_group += chains_.group * item_;
      }
      ++place;
    }
    for (std::size_t i = 0; i < p_.numbers.size(); ++i) {
      const void* number = wide_ ? static_cast<const void*>(&p_.numbers[i]) : &p_.numbers32[i];
      *place++ = {static_cast<const char*>(number), stays, 0};
    }
    for (std::size_t k = 0; k < p_.steps.size(); ++k) {
      const Program::Home home = p_.homes[k];
      if (home.storage == Program::Storage::result && tail) {
        *place = {next_group, stays, 1};
        next_group += chains_.group * item_;
      } else if (home.storage == Program::Storage::result) {
        *place = {static_cast<const char*>(out_[home.index]), with_arrays, 1};
      } else if (home.storage == Program::Storage::group) {
        *place = {m.groups + home.index * chains_.group * item_, stays, 1};
      } else {
        // What only depends on single elements is one, for the kernels.
        i64 step = 0;
        for (int i = 0; i < row_of(p_.steps[k].code).inputs; ++i) step |= m.places[p_.steps[k].in[i]].step;
        *place = {m.blocks + home.index * m.block * item_, step ? with_block : stays, step};
      }
      ++place;
    }
    for (std::size_t i = 0; i < p_.instructions.size(); ++i) {
      const Program::Instruction& from = p_.instructions[i];
      ChainStep& to = m.steps[i];
      bool number[2] = {false, false};
      for (int k = 0; k < from.operands; ++k) {
        const Place& at = m.places[from.in[k]];
        to.operand[k] = {at.base, at.moves};
        number[k] = at.step == 0 && from.op != ChainOp::store;
      }
      to.function = chains_.function(from.op, number[0], number[1]);
    }
  }

  void run_block(const Memory& m, i64 start, i64 n) const {
    for (int i = 0; i < p_.inputs; ++i) {
      const Argument& a = arguments_[i];
      if (a.place.base || !(p_.reads >> std::min(i, 31) & 1)) continue;
      void* const to = const_cast<char*>(m.places[i].base);
      if (wide_) gather(a.loop, static_cast<const double*>(a.elements), start, n, static_cast<double*>(to));
      else gather(a.loop, static_cast<const float*>(a.elements), start, n, static_cast<float*>(to));
    }
    for (const Program::Run& run : p_.runs) {
      if (run.is_chain()) chains_.run(m.steps + run.begin, start * item_, (n + chains_.group - 1) / chains_.group);
      else run_kernel(m, run.step, start, n);
    }
  }

  void run_kernel(const Memory& m, u32 k, i64 start, i64 n) const {
    const Program::Step& step = p_.steps[k];
    const auto at = [&](const Place& place) { return place.base + (place.moves == with_arrays ? start * item_ : 0); };
    Loop loop;
    loop.axes = 1;
    loop.stride[0][0] = 1;
    const void* in[3];
    for (int i = 0; i < row_of(step.code).inputs; ++i) {
      const Place& place = m.places[step.in[i]];
      in[i] = at(place);
      loop.stride[i + 1][0] = place.step;
    }
    const Place& to = m.places[p_.first_step() + k];
    loop.extent[0] = to.step ? n : 1;
    kernel_of(step.code, wide_ ? DType::float64 : DType::float32)(loop, const_cast<char*>(at(to)), in, false);
  }

  const Program& p_;
  bool wide_;
  i64 item_, total_;
  const ChainKernels& chains_;
  void* const* out_;
  static constexpr int few = 8;
  Argument few_[few];
  std::vector<Argument> many_;
  Argument* arguments_ = few_;
  i64 gathered_ = 0;
};

}  // namespace

void evaluate(const Program& p, DType dtype, const Shape& shape, const Tensor* const* in, void* const* out) {
  if (shape.size() > 0) Evaluation(p, dtype, shape, in, out).run();
}

}  // namespace xgrad::detail
