#include <xgrad/nn/sequential.hpp>

#include <xgrad/engine/internal/fail.hpp>

namespace xgrad::nn {
namespace {

// Nothing but the text changes: the caller still catches a ShapeError as a ShapeError.
template <class E> [[noreturn]] void rethrow_from(std::size_t index, const E& error) {
  throw E(fmt::format("layer {}: {}", index, error.what()));
}

Tensor call(Module& module, std::size_t index, const Operand& x) {
  try {
    return module(x);
  } catch (const ShapeError& error) {
    rethrow_from(index, error);
  } catch (const DTypeError& error) {
    rethrow_from(index, error);
  } catch (const ValueError& error) {
    rethrow_from(index, error);
  } catch (const GraphError& error) {
    rethrow_from(index, error);
  }
}

}  // namespace

AnyModule& AnyModule::operator=(const AnyModule& other) {
  if (module_ && copy_ == other.copy_) {
    assign_(*module_, *other.module_);
  } else {
    AnyModule copied(other);
    swap(copied);
  }
  return *this;
}

Module& Sequential::at(std::size_t index, Site site) const {
  if (index >= modules_.size())
    detail::fail<ValueError>("Sequential", site, "there is no layer {}: it has {}", index, modules_.size());
  return *modules_[index];
}

void Sequential::wrong_type(std::size_t index, Site site) {
  detail::fail<ValueError>("Sequential", site, "layer {} is of another type", index);
}

Tensor Sequential::forward(const Operand& x) {
  if (modules_.empty()) detail::fail<ValueError>("Sequential", x.site, "it has no layers");
  Tensor value = call(*modules_[0], 0, x);
  for (std::size_t i = 1; i < modules_.size(); ++i)
    value = call(*modules_[i], i, Operand(value, x.site.file, x.site.line));
  return value;
}

void Sequential::members(Members& m) {
  for (std::size_t i = 0; i < modules_.size(); ++i) m(std::to_string(i), *modules_[i]);
}

}  // namespace xgrad::nn
