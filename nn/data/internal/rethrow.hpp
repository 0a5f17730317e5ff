#pragma once
// Private to nn/data: an error on its way out says where it happened.
#include <string>

#include <xgrad/engine/error.hpp>

namespace xgrad::nn::detail {

/// Throws the exception that is being handled again, as the same type of Error with `where` before its text.
[[noreturn]] inline void rethrow(const std::string& where) {
  const auto text = [&](const std::exception& error) { return where + ": " + error.what(); };
  try {
    throw;
  } catch (const ShapeError& error) {
    throw ShapeError(text(error));
  } catch (const DTypeError& error) {
    throw DTypeError(text(error));
  } catch (const ValueError& error) {
    throw ValueError(text(error));
  } catch (const GraphError& error) {
    throw GraphError(text(error));
  } catch (const IoError& error) {
    throw IoError(text(error));
  } catch (const std::exception& error) {
    throw Error(text(error));
  }
}

}  // namespace xgrad::nn::detail
