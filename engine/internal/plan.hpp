#pragma once
// A recorded run of a function, as launches over numbered values, and what has to hold for running those again.
#include <array>
#include <optional>
#include <unordered_map>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/internal/trace.hpp>

namespace xgrad::detail {

using Tensors = std::vector<Tensor>;

/// The body whose elements these are.
inline Body* root(Body* body) noexcept { return body->owner ? body->owner : body; }
/// Null for a 0-d value in a handle, which has its own.
inline Body* root_of(const Tensor& t) noexcept { return Access::has_body(t) ? root(Access::body(t)) : nullptr; }
/// The same elements in that shape; a 0-d value in a handle.
Tensor in_shape(const Tensor& y, const Shape& shape);

/// A piece of memory that launches name.
struct Value {
  enum Kind : u8 {
    input,     // an argument's elements
    outside,   // of a tensor that the function had from elsewhere
    constant,  // made from numbers in the program's text
    number,    // eight bytes that were in a handle
    made       // written by a launch
  };
  Kind kind;
  bool written = false;  // made: by a launch so far
  bool freed = false;    // made: nobody refers to it any more
  DType dtype{};
  Shape shape = {};
  i64 bytes = 0;
  u32 argument = 0;      // input
  u64 bits = 0;          // number
  Tensor held = {};      // outside (of a trace), constant
  Body* body = nullptr;  // outside (of a plan): held by Outside
  u32 holders = 0;       // outside: handles to it when it was recorded, beside that one
};

struct Use {
  u32 value;
  Elements::How access;
};
constexpr u32 no_value = ~u32{0};
/// A change of so many bytes is undone when a later check finds that the plan does not fit: where a stream of random
/// numbers was, say.
constexpr i64 most_undone = 64;

struct PlannedStep : Step {
  std::vector<Use> uses;
  std::vector<char> expected = {};  // of a value that the program looked at itself: then nothing else is set
  std::array<i64, most_pointers> passing = nowhere();  // where operand k is in a block's scratch memory; -1: it is not

  static constexpr std::array<i64, most_pointers> nowhere() noexcept {
    std::array<i64, most_pointers> all{};
    all.fill(-1);
    return all;
  }
};

/// What a run leaves in the gradient of a variable.
struct LeafChange {
  u32 value;
  bool clears_first;
  u32 grad = no_value;
};

/// Records the launches of one run; see trace.hpp for what its functions are told.
class Tracer {
 public:
  /// `inputs` are copies, so that a tensor that the function also has from elsewhere is not taken for an argument.
  Tracer(const Tensors& inputs, const Tensors& originals);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  void step(Step step, const Elements* what, std::size_t count);
  void refuse(const std::string& why) {
    if (why_.empty()) why_ = why;
  }
  void constant(const Tensor& t);
  void read(const Tensor& t);
  void result(const Tensor& t, const char* name);
  void created(Body* body);
  void freed(Body* body) noexcept;
  void grad(Body* variable, bool clears);

  /// What the function returned, and nothing else of what it made, is left. Empty, or why there is no plan.
  std::string finish(const Tensors& outputs);

 private:
  friend class Plan;
  u32 id_of(Body* body);
  void mirror(Body* written);
  u32 find(const Tensor& t) const noexcept;

  std::vector<Value> values_;
  std::unordered_map<const Body*, u32> ids_;
  std::vector<PlannedStep> steps_;
  std::vector<LeafChange> leaves_;
  std::vector<std::pair<Body*, Body*>> copies_;  // an argument's elements, and what stands for them
  std::string why_;
};

/// The tensors that a function's plans have from its surroundings, one handle to each. If somebody else lets go of one,
/// the function may mean another tensor by now.
using Outside = std::unordered_map<const Body*, Tensor>;

/// Launches in an order, over memory that is laid out.
class Plan {
 public:
  /// `inputs` are the copies that were traced, `given` the arguments they stand for.
  Plan(Tracer& trace, const Tensors& inputs, const Tensors& given, const Tensors& outputs, Outside& outside);
  /// Whether the surroundings may still be those that were recorded.
  bool is_current() const noexcept;
  /// Whether the arguments are like those that were recorded.
  bool fits(const Tensors& inputs) const noexcept;
  bool uses(const Body* outside) const noexcept;
  /// Nothing, and nothing has changed, if a value that the program looked at is another this time.
  std::optional<Tensors> run(const Tensors& inputs) const;
  i64 scratch_bytes() const noexcept { return scratch_; }
  std::size_t steps() const noexcept { return steps_.size(); }

 private:
  /// Steps that run one after the other, or part by part in turns.
  struct Group {
    std::size_t begin, end;
    i64 extent = 0, block = 0;  // extent 0: one step
    i64 scratch = 0;            // bytes, for values that live as long as a block
  };
  struct Argument {
    DType dtype;
    Shape shape;
    bool is_leaf;
    u32 value;  // of its elements: the same for arguments that share them
  };
  struct Result {
    u32 value;
    Shape shape;
  };

  void drop_unused();
  void bring_updates_forward();
  void make_groups();
  void lay_out();
  void find_what_to_undo();
  void run_group(const Group& group, void* const* at) const;
  bool run_step(const PlannedStep& step, void* const* at) const;

  std::vector<Value> values_;
  std::vector<PlannedStep> steps_;
  std::vector<LeafChange> leaves_;
  std::vector<Argument> arguments_;
  std::vector<Result> results_;
  std::vector<Group> groups_;
  std::vector<i64> offsets_;     // of made values in the scratch memory; -1: has memory of its own, or none
  std::vector<u32> own_memory_;  // made values that live on
  std::vector<u32> changed_;     // values from outside that a run changes
  std::vector<u32> undone_;      // those of them that are changed before the last check
  i64 scratch_ = 0;
};

}  // namespace xgrad::detail
