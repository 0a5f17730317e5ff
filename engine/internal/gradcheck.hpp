#pragma once
// What the parts of the gradient check share. Columns are the elements of all unknowns, one unknown after another; rows
// are elements of the result, or weighted sums of them.
#include <string>
#include <vector>

#include <xgrad/engine/gradcheck.hpp>
#include <xgrad/engine/tape.hpp>

namespace xgrad::detail {

using Numbers = std::vector<double>;

/// Thrown where f returns something of another shape or dtype than it did before.
struct ResultChanged {
  std::string what;
};

/// The function under check: of order 1 f itself, of order 2 (x, u) -> u df/dx, the gradient under an upstream
/// gradient.
class Subject {
 public:
  /// f's result is float64 of that shape. An undefined upstream is order 1; otherwise it is a variable.
  Subject(TensorFunction f, const std::vector<Tensor>& inputs, const Shape& result, const Tensor& upstream);

  const std::vector<Tensor>& unknowns() const { return unknowns_; }
  std::size_t columns() const { return offsets_.back(); }
  std::size_t first_column(std::size_t unknown) const { return offsets_[unknown]; }
  std::size_t unknown_of(std::size_t column) const;
  std::int64_t element_of(std::size_t column) const;
  /// The index of that unknown among the inputs.
  int number(std::size_t unknown) const;

  std::vector<Tensor> values() const;
  std::vector<Tensor> recorded(Tape& tape) const;
  /// The same; of order 2, if `unknown` is a variable, only the gradient for that.
  std::vector<Tensor> recorded(Tape& tape, std::size_t unknown) const;
  /// The weighted sum of the Jacobian's rows, by reverse mode.
  Numbers pull_back(Tape& tape, const std::vector<Tensor>& recorded, const Numbers& weights) const;
  /// The Jacobian times a direction, by forward mode: the derivative of uᵀJ by u. Empty where a rule on the way cannot
  /// be differentiated.
  Numbers push_forward(const Numbers& direction) const;

  /// The unknowns' elements.
  Numbers point() const;
  void move(const Numbers& point);

  /// Which input has other elements than `kept`, which are put back; -1: none.
  int put_back(const std::vector<Tensor>& kept) const;

 private:
  Tensor evaluate() const;

  TensorFunction f_;
  const std::vector<Tensor>& inputs_;
  Shape result_;
  std::vector<Tensor> variables_, unknowns_;
  std::vector<int> numbers_;  // of the variables among the inputs
  Tensor upstream_;
  std::vector<std::size_t> offsets_;
};

Numbers flatten(const std::vector<Tensor>& tensors);
double dot(const Numbers& a, const Numbers& b);

/// The slope along a direction. All of the result's rows.
struct Slopes {
  Numbers left, right;
};
/// Central, by f at -1, 1, and where `wide` also -2, 2 steps: exact for polynomials of degree 2, 4.
Numbers central_difference(Subject& subject, const Numbers& direction, double step, bool wide = true);
/// To each side, by f at 1 and 2 steps: exact for polynomials of degree 2.
Slopes one_sided_differences(Subject& subject, const Numbers& direction, double step);

/// A block of both Jacobians: all columns of one unknown.
struct BothJacobians {
  std::size_t rows = 0, columns = 0;
  Numbers analytic = {}, numeric = {}, allowed = {};  // row by row; `allowed` is how far the two may differ
  Shape input = {};
  Shape result = {};      // where rows are its elements
  bool weighted = false;  // rows are weighted sums
};
/// `factor` is what it is for a cause of that name.
GradcheckCause probable_cause(const BothJacobians& both, double& factor);

/// Writes a report.
class Findings {
 public:
  Findings(const Subject& subject, int order, std::size_t inputs, const std::vector<std::string>& names,
           GradcheckReport& report)
      : subject_(subject), order_(order), inputs_(static_cast<int>(inputs)), names_(names), report_(report) {}

  void fail(GradcheckCause cause, int input, std::int64_t element = -1, double analytic = 0, double numeric = 0);
  void note_kink(const GradcheckKink& kink);
  /// `input 1[0, 2] "weight"`
  std::string name_of(std::size_t unknown, std::int64_t element = -1) const;
  std::string quoted_name(int input) const;
  /// The text of a derivative that is wrong. `outputs`: what rows are elements of; null: a weighted sum.
  void describe(std::size_t unknown, const std::vector<Tensor>* outputs, std::size_t row, const std::string& counts,
                double factor);

 private:
  std::string name_of_row(const std::vector<Tensor>* outputs, std::size_t row) const;
  std::string name_of_cause(double factor) const;

  const Subject& subject_;
  int order_, inputs_;
  const std::vector<std::string>& names_;
  GradcheckReport& report_;
};

}  // namespace xgrad::detail
