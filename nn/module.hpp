#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <xgrad/engine/error.hpp>
#include <xgrad/engine/random.hpp>
#include <xgrad/engine/tensor.hpp>
#include <xgrad/nn/parameter.hpp>

namespace xgrad::nn {

class Module;
struct Inspect;  // a module seen from outside, for summaries
struct Watcher;  // who wants to know what modules return, while summary() is at work

/// A tensor with its dotted name, e.g. "0.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};
/// A stream of random numbers in a module, with its dotted name.
struct NamedRandom {
  std::string name;
  Random* random;
};

/// How the names, shapes and dtypes of a state fit those of a module. `nearest` is the name on the other side that is
/// most like it; empty where none is.
struct StateReport {
  struct Name {
    std::string name, nearest;
  };
  struct Misfit {
    std::string name;
    Shape module_shape, state_shape;
    DType module_dtype, state_dtype;
    std::string nearest;  ///< of the state's tensors that would fit
  };
  std::vector<Name> missing;     ///< of the module, not in the state
  std::vector<Name> unexpected;  ///< of the state, not in the module
  std::vector<Misfit> misfits;   ///< in both, but of another shape or dtype

  bool fits() const noexcept { return missing.empty() && unexpected.empty() && misfits.empty(); }
};
/// All of it in one line.
std::string to_string(const StateReport& report);
StateReport compare_states(const std::vector<NamedTensor>& module, const std::vector<NamedTensor>& state);

/// What a module tells its parts to: `m("weight", weight)`. A part is a Parameter, a buffer (state that is not trained:
/// a Buffer, or a Tensor, which copies of the module share), a stream of random numbers, a child module, or a vector
/// of any of them. A Parameter or buffer that is undefined is left out. A name that is empty, has a dot in it, or comes
/// twice in one module is a ValueError.
class Members {
 public:
  void operator()(std::string_view name, Parameter& parameter);
  void operator()(std::string_view name, Tensor& buffer);
  void operator()(std::string_view name, Random& random);
  void operator()(std::string_view name, Module& child);
  /// The parts "name.0", "name.1", ...
  template <class T> void operator()(std::string_view name, std::vector<T>& parts) {
    const std::size_t outer = enter(name);
    for (std::size_t i = 0; i < parts.size(); ++i) (*this)(std::to_string(i), parts[i]);
    leave(outer);
  }

 private:
  friend class Module;
  friend struct Inspect;
  struct Entry {
    std::string name;
    Parameter* parameter = nullptr;
    Tensor* buffer = nullptr;
    Random* random = nullptr;
    Module* module = nullptr;
  };
  void add(std::string_view name, Entry entry);
  std::size_t enter(std::string_view name);
  void leave(std::size_t outer) { prefix_.resize(outer); }

  std::string prefix_;
  std::vector<Entry> entries_;
};

/// A function with parameters: a layer, or a network of them. A module is an ordinary value whose parts are members;
/// copying it copies the parameters. It says what it computes in forward() and what it is made of in members():
///
///     struct Net : nn::Module {
///       nn::Linear hidden, out;
///       explicit Net(Random& random) : hidden(784, 50, random), out(50, 10, random) {}
///       Tensor forward(const Operand& x) override { return out(relu(hidden(x))); }
///       void members(nn::Members& m) override { m("hidden", hidden); m("out", out); }
///     };
class Module {
 public:
  virtual ~Module() = default;

  /// The value at x. An Operand brings along the caller's line, for the errors of the operations inside.
  virtual Tensor forward(const Operand& x);
  /// forward(x). An error inside says in which part: `encoder.layers.2.linear1 (Linear): linear: ...`.
  Tensor operator()(const Operand& x) {
    return located([&] { return forward(x); });
  }
  /// Lists the parts, in the order in which they are to be named and saved. All of them: a part that is not listed is
  /// not trained, saved or converted.
  virtual void members(Members& m);
  /// What a printed module says of itself besides its parts: "kernel 2, stride 2".
  virtual std::string options() const { return {}; }

  /// Handles to all parameters, with names as "hidden.weight": the module's own and its children's, in order; also
  /// those that are frozen.
  std::vector<NamedTensor> named_parameters() const;
  std::vector<Tensor> parameters() const;
  /// The number of numbers in the parameters.
  std::int64_t parameter_count() const;
  /// Parameters and buffers: what a checkpoint holds.
  std::vector<NamedTensor> state() const;
  /// Overwrites parameters and buffers in place, all or nothing. What does not fit is one error that lists all of it
  /// with the nearest names: a ValueError for names that are missing, unknown or there twice, a ShapeError or
  /// DTypeError where only shapes or dtypes differ; a GraphError for a buffer that was recorded on a tape. With strict
  /// = false, names on one side alone are no error, and the report tells them.
  StateReport load_state(const std::vector<NamedTensor>& state, bool strict = true, Site site = Site::here());
  /// The streams that layers such as Dropout draw from: position() and set_position() save and resume them.
  std::vector<NamedRandom> random_streams();

  /// Freezes the parameters whose names match, as "encoder.*": `*` stands for anything, `?` for one character. They
  /// are constants then, and an optimizer that holds them leaves them alone until they are unfrozen. ValueError: no
  /// name matches.
  void freeze(std::string_view pattern = "*", Site site = Site::here());
  void unfreeze(std::string_view pattern = "*", Site site = Site::here());
  /// The names of the parameters that are frozen.
  std::vector<std::string> frozen() const;

  /// Whether the module is being trained (at first it is): layers such as dropout then do another thing.
  bool training() const noexcept { return training_; }
  void train(bool on = true);
  void eval() { train(false); }

  /// Converts parameters and floating buffers to float32 or float64 (DTypeError otherwise). The parameters
  /// are new leaves then: make the optimizer afterwards.
  void to(DType dtype, Site site = Site::here());
  /// Forgets all gradients.
  void zero_grad();

 protected:
  Module() = default;
  Module(const Module&) = default;
  Module(Module&&) = default;
  Module& operator=(const Module&) = default;
  Module& operator=(Module&&) = default;

  /// f(), and what operator() does around it: for modules that are called with more than one tensor.
  template <class F> std::invoke_result_t<F&> located(F f) {
    try {
      auto result = f();
      if (watcher) [[unlikely]] {
        if constexpr (requires { result.outputs; }) watched(result.outputs);
        else if constexpr (requires { result.h; }) watched(result.h);
        else watched(result);
      }
      return result;
    } catch (const Error&) {
      rethrow();
    }
  }

 private:
  friend struct Inspect;
  std::vector<Members::Entry> entries() const;
  void set_frozen(std::string_view pattern, bool on, Site site);
  [[noreturn, gnu::cold]] void rethrow() const;
  void watched(const Tensor& result) const;

  static constinit thread_local Watcher* watcher;
  bool training_ = true;
};

/// A module as a tree: names, types, options, the shapes of parameters, and how many numbers are in them.
std::string to_string(const Module& module);
std::ostream& operator<<(std::ostream& out, const Module& module);

}  // namespace xgrad::nn
