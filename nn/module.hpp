#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/engine/tensor.hpp>
#include <xgrad/nn/parameter.hpp>

namespace xgrad::nn {

class Module;

/// A tensor with its dotted name, e.g. "0.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// What a module tells its parts to: `m("weight", weight)`. A part is a Parameter, a buffer (a Tensor that is state
/// but not trained), a child module, or a vector of any of them. A Parameter or buffer that is undefined is left out.
/// A name that is empty, has a dot in it, or comes twice in one module is a ValueError.
class Members {
 public:
  void operator()(std::string_view name, Parameter& parameter);
  void operator()(std::string_view name, Tensor& buffer);
  void operator()(std::string_view name, Module& child);
  /// The parts "name.0", "name.1", ...
  template <class T> void operator()(std::string_view name, std::vector<T>& parts) {
    const std::size_t outer = enter(name);
    for (std::size_t i = 0; i < parts.size(); ++i) (*this)(std::to_string(i), parts[i]);
    leave(outer);
  }

 private:
  friend class Module;
  struct Entry {
    std::string name;
    Parameter* parameter;
    Tensor* buffer;
    Module* module;
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
  Tensor operator()(const Operand& x) { return forward(x); }
  /// Lists the parts, in the order in which they are to be named and saved. All of them: a part that is not listed is
  /// not trained, saved or converted.
  virtual void members(Members& m);

  /// Handles to all parameters, with names as "hidden.weight": the module's own and its children's, in order.
  std::vector<NamedTensor> named_parameters() const;
  std::vector<Tensor> parameters() const;
  /// The number of trainable numbers.
  std::int64_t parameter_count() const;
  /// Parameters and buffers: what a checkpoint holds.
  std::vector<NamedTensor> state() const;
  /// Overwrites parameters and buffers in place. A name that is missing or unknown is a ValueError, another shape or
  /// dtype a ShapeError or DTypeError, a buffer that was recorded on a tape a GraphError; then nothing has been
  /// changed.
  void load_state(const std::vector<NamedTensor>& state, Site site = Site::here());

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

 private:
  std::vector<Members::Entry> entries() const;

  bool training_ = true;
};

}  // namespace xgrad::nn
