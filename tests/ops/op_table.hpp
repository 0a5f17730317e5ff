#pragma once
// One row per way of calling an op. What derivatives_test.cpp and broadcast_test.cpp check, they check of every row.
#include <functional>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

namespace xgrad::tests {

using Tensors = std::vector<Tensor>;
using Real = long double;

/// One argument of a sample call.
struct Argument {
  Shape shape = {3, 4};
  double low = -2, high = 2;  // of its elements
  DType dtype = float64;      // float64 stands for float32 as well; int64: labels in [low, high]; boolean: a mask
  double diagonal = 0;        // added to that of each matrix
  bool optional = false;      // undefined means: without
};

struct OpRow {
  std::string name;
  std::string text;  // the call as one would write it
  std::function<Tensor(const Tensors&)> call;
  std::vector<Argument> arguments;
  bool elementwise = false;  // arguments of any shapes that broadcast
  bool differentiable = true;
  std::function<Real(const Real*)> reference = {};  // what an elementwise op makes of one element each
  bool composite = false;                           // records other ops, not itself
  bool prepares = false;                            // the call makes the op's argument from its own
  bool users = false;                               // not xgrad's, but made as users make theirs
};

const std::vector<OpRow>& op_table();

/// The names of all ops: what the build makes of the list in ops/CMakeLists.txt.
std::vector<std::string> op_names();

/// `matmul(a, b) with a (2, 3), b (3, 4)`
std::string title(const OpRow& row);
/// The row with arguments of these shapes.
OpRow with_shapes(OpRow row, const std::vector<Shape>& shapes);

/// The row's arguments, floating ones in that dtype. All dtypes get the same numbers, which float32 can hold.
Tensors constants(const OpRow& row, DType dtype = float64);
/// The same, floating ones as variables.
Tensors variables(const OpRow& row, DType dtype = float64);
/// Those of them that are variables.
Tensors leaves(const Tensors& arguments);

}  // namespace xgrad::tests
