#pragma once
// Cases of a conformance file: what they hold, and the arrays beside them.
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

namespace conformance {

using Json = nlohmann::json;
using xgrad::Tensor;
using Tensors = std::vector<Tensor>;

/// The cases of one file, and where their arrays are.
class Cases {
 public:
  /// `dtype`: what floating arrays are read as.
  Cases(const std::filesystem::path& file, xgrad::DType dtype);

  const Json& all() const { return cases_; }
  xgrad::DType dtype() const { return dtype_; }
  /// The array that `reference` names, in a case whose arrays are in `file`.
  Tensor array(const Json& reference, const Json& of_case) const;
  /// The same in double, for what a result is compared with.
  Tensor expected(const Json& reference, const Json& of_case) const;

 private:
  Tensor read(const Json& reference, const Json& of_case, xgrad::DType floating) const;

  std::filesystem::path folder_;
  Json cases_;
  xgrad::DType dtype_;
};

/// Compares by element: |got - want| <= atol + rtol |want|, in float64, or exactly what is not floating.
class Check {
 public:
  explicit Check(xgrad::DType dtype) : key_(dtype == xgrad::float32 ? "t32" : "t64") {}
  /// `what` in the message: "output y". Throws Failed.
  void operator()(const std::string& what, const Tensor& got, const Tensor& want, const Json& tolerances) const;

 private:
  const char* key_;
};

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct UnknownOp : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The case is of a kind, or asks for a precision, that is left out.
struct Skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs one case: returns, or throws one of the above.
void run_case(const Cases& cases, const Json& of_case);

using Attributes = Json;
/// Applies a named op.
Tensors apply(const std::string& op, const Tensors& in, const Attributes& attributes);

}  // namespace conformance
