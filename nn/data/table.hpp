#pragma once
#include <string>
#include <vector>

#include <xgrad/engine/tensor.hpp>

namespace xgrad::nn {

/// Numbers in rows and columns.
struct Table {
  std::vector<std::string> columns;  ///< their names; empty if the file has none
  Tensor values;                     ///< (rows, columns)
};

struct TableOptions {
  char separator = ',';
  DType dtype = float64;  ///< float32 or float64
};

/// Reads lines of numbers with a separator between them, plain or gzip'd; LF or CRLF. A first line whose first field is
/// no number is a header of names. Arrays in .npy and .npz files are tables, too: load_npy, load_npz.
/// IoError: no such file, no rows, a row of another length, or a field that is no number, with line and column.
/// DTypeError: dtype is not a floating type.
Table load_table(const std::string& path, const TableOptions& options = {}, Site site = Site::here());

}  // namespace xgrad::nn
