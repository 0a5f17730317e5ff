#pragma once
// Many gradients by one sweep: the rows of a Jacobian. Adjoints have one axis more, in front. What goes element by
// element takes all rows at once; any other derivative is called with one row after the other, unless it asks for all.
#include <xgrad/engine/internal/op.hpp>

namespace xgrad::detail {

struct Rows {
  i64 count;
  i64 at = 0;            // the row a derivative is called for
  Tensor all = {};       // the gradients of every row
  Tensor identity = {};  // what a sweep with a row for each element of y begins with
  bool taken = false;    // the derivative takes care of all of them

  /// With the axis of the rows in front.
  Shape shape(const Shape& of_one) const;
  /// Of shape(y.shape()): 1 at element first + k of row k, 0 elsewhere.
  Tensor units(const Tensor& y, i64 first) const;
  /// Puts these rows into a matrix, from row `first` on.
  void copy(const Tensor& rows, const Tensor& whole, i64 first) const;
};

/// For a derivative that can pass on any number of gradients: those of all rows, of shape (rows, shape of the output).
/// Its contributions then have that axis too. Undefined, and nothing changes, where the sweep is not one of rows.
Tensor all_rows(Vjp& d);
/// Whether those are 1 for the element of that number and 0 for the others, so that a product with them is the other
/// factor.
bool rows_are_identity(Vjp& d);

/// A matrix: a row for each element of y, in it the derivative by each element of x. Both are on this tape, and no
/// value has so many axes that there is no room for one more.
Tensor jacobian_rows(Tape::Impl& tape, const char* caller, Site site, const Tensor& y, const Tensor& x);
bool has_jacobian_rows(Tape::Impl& tape, const Tensor& y);

}  // namespace xgrad::detail
