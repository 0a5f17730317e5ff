#pragma once
// Calls that have to be refused, each of which names its own line.
#include <functional>
#include <string>
#include <vector>

#include "tensors.hpp"

namespace xgrad::tests {

/// A call, the error it must give, what the message must say. Each stands on one line, which the message must name.
struct BadCall {
  const char* op;
  std::function<Tensor()> call;
  std::function<std::string(const std::function<Tensor()>&)> message;
  std::vector<std::string> parts;
  Site site;
};
template <class E>
BadCall bad(const char* op, std::function<Tensor()> call, std::vector<std::string> parts, Site site = Site::here()) {
  return {op, std::move(call), [](const std::function<Tensor()>& f) { return error_of<E>(f); }, std::move(parts), site};
}

/// Of what rearranges, picks and orders elements.
std::vector<BadCall> bad_shapes();
/// Of products, layers and losses.
std::vector<BadCall> bad_layers();
/// Of solve, inv, det and the decompositions.
std::vector<BadCall> bad_linalg();

}  // namespace xgrad::tests
