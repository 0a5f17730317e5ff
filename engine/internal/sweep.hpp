#pragma once
#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/rows.hpp>

namespace xgrad::detail {

/// The operands of an elementwise node's derivatives, in the order of their loop: g, a, b, c, y.
struct DerivativeOperands {
  static constexpr int count = 5;
  Tensor values[count];

  /// The launch of what the derivative for input i reads. The loop is over an output of that shape.
  void launch(const Op& op, int i, ElementwiseKernel kernel, const Shape& shape, Elements out, bool add) const;
};

/// One walk down the ids. Plain: adjoints live in the nodes, kernels add into them. Recording (create_graph):
/// adjoints are Tensors with a history, and every derivative is an operation like any other. By rows: see rows.hpp.
struct Sweep {
  Tape::Impl& tape;
  bool recording;
  bool prune;                                           // follow only nodes marked in `wanted`
  bool release;                                         // give up what is saved on the way
  bool deposit;                                         // backward(): leave gradients in leaves and retained values
  Site site;                                            // of the call that asked
  int arch;                                             // arch_index()
  std::vector<Tensor> adjoints = {};                    // recording, or of rows
  std::vector<std::pair<Body*, Tensor>> retained = {};  // deposit only: what retained values are to be left
  std::vector<u8> wanted = {};                          // a Mark for each node, from the tape's memory
  u32 floor = 0;                                        // recording only: goes no further down
  Rows* rows = nullptr;                                 // where there are several gradients
  bool done = false;                                    // until then an exception leaves nothing behind in the nodes

  enum Mark : u8 { unwanted, passing, requested };

  Sweep& operator=(const Sweep&) = delete;
  ~Sweep();

  void run(u32 from);
  bool wants(u32 id) const noexcept { return id != 0 && (!prune || wanted[id] != unwanted); }
  void contribute(u32 id, const Tensor& value, const char* op);
  /// See Vjp::gradient.
  Elements own_adjoint(u32 id);
  /// A saved value, checked not to have changed since.
  Tensor saved(const Node& node, int slot) const;
  Tensor adjoint(u32 id) const;
  void clear(u32 id) noexcept;

 private:
  void check_released(u32 from);
  void run_plain(u32 from);
  void run_recording(u32 from);
  void scalar_node(const Node& node);
  void slow_node(u32 id, Node& node);
  void elementwise_node(u32 id, Node& node);
  void fetch(DerivativeOperands& operands, const Node& node, const Tensor& grad) const;
  void run_rows(u32 from);
  Tensor& own_rows(u32 id);
  Elements own_row(u32 id);
  void contribute_rows(u32 id, const Tensor& value);
  void scalar_rows(const Node& node, const Tensor& grads);
  void elementwise_rows(const Node& node, const Tensor& grads);
  void recorded_rule(u32 id, Node& node, const Tensor& grad);
  void finish_node(u32 id, Node& node);
  [[noreturn]] void refuse_released(const Node& node) const;
};

}  // namespace xgrad::detail
