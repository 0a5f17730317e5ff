#pragma once
// What the kinds of cases share.
#include <xgrad/nn/optim/optimizer.hpp>

#include <memory>

#include "cases.hpp"

namespace conformance {

using Values = std::map<std::string, Tensor>;

/// Its "of", or "name".
std::string name_of(const Json& reference);
/// The list under that key, an empty one where there is none.
const Json& entries(const Json& of_case, const char* key);
/// Throws Failed where there is none.
const Tensor& value_of(const Values& values, const std::string& name);
/// Runs the steps; their results join the values.
void run_program(const Json& program, Values& values);

/// A case of kind "error": passes where xgrad refuses what it has to.
void run_error(const Cases& cases, const Json& of_case);

/// The optimizer a case names. Throws UnknownOp, for an attribute that it does not have too.
std::unique_ptr<xgrad::nn::Optimizer> make_optimizer(const std::string& op, const Tensors& parameters,
                                                     const Json& attributes);
/// Cases of the kinds that train.
void run_optimizer(const Cases& cases, const Json& of_case);
void run_clip(const Cases& cases, const Json& of_case);
void run_schedule(const Cases& cases, const Json& of_case);
void run_training(const Cases& cases, const Json& of_case);

}  // namespace conformance
