#include <xgrad/engine/internal/graph.hpp>
#include <xgrad/engine/internal/pool.hpp>
#include <xgrad/engine/internal/trace.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

namespace xgrad {
namespace detail {

void retain(Body* b) noexcept { retain_body(b); }

void release(Body* b) noexcept {
  // A sole owner needs no read-modify-write: nobody else can take a reference meanwhile.
  if (b->refs.load(std::memory_order_acquire) != 1 && b->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (current_trace) [[unlikely]]
    trace_freed(b);
  delete b->leaf;
  if (b->owner) release(b->owner);
  pool_put(b, b->size_class);
}

namespace {
Body* header(std::size_t bytes, DType dtype, const Shape& shape, i64 size) {
  u16 size_class;
  void* block = pool_get(bytes, size_class);
  return new (block)
      Body{1, 0, dtype, size_class, static_cast<char*>(block) + sizeof(Body), nullptr, nullptr, size, shape};
}

void check_shape(const Shape& shape) {
  if (shape.too_large())
    throw ShapeError(
        fmt::format("tensor: {} is no shape: extents are 0 or more, elements at most 2^40", to_string(shape)));
}

}  // namespace

Body* new_body(DType dtype, const Shape& shape) {
  check_shape(shape);
  const i64 size = shape.size();
  const std::size_t bytes = static_cast<std::size_t>(size * item_size(dtype));
  try {
    Body* b = header(sizeof(Body) + bytes, dtype, shape, size);
    if (current_trace) [[unlikely]]
      trace_created(b);
    return b;
  } catch (const std::bad_alloc&) {
    throw Error(fmt::format("tensor: no memory for {} {}: {} bytes", name_of(dtype), to_string(shape), bytes));
  }
}

Tensor view(const Tensor& of, const Shape& shape) {
  check_shape(shape);
  Body* owner = Access::body(of);
  if (owner->owner) owner = owner->owner;
  Body* b = header(sizeof(Body), of.dtype(), shape, shape.size());
  b->data = Access::body(of)->data;
  b->owner = owner;
  retain_body(owner);
  return Access::adopt(b);
}

namespace {

[[noreturn, gnu::cold]] void no_value(const char* op, Site site) {
  fail<ValueError>(op, site, "the tensor is undefined");
}

void check_defined(const Tensor& t, const char* op, Site site) {
  if (!t.defined()) no_value(op, site);
}

void check_dtype(DType dtype, const char* op, Site site) {
  if (!is_dtype(dtype)) fail<DTypeError>(op, site, "{} is no dtype", static_cast<int>(dtype));
}

/// Where the gradient of a variable, or of a value under retain_grad(), is. A detached handle may share the body of
/// such a value, but not its gradient.
Leaf* leaf_of(const Tensor& t) noexcept {
  if (!Access::has_body(t)) return nullptr;
  Leaf* const leaf = Access::body(t)->leaf;
  return leaf && (leaf->is_variable || Access::tape(t) != 0) ? leaf : nullptr;
}

/// Same dtype and shape.
void check_same(const char* op, const Tensor& a, const char* a_name, const Tensor& b, const char* b_name, Site site) {
  if (a.dtype() != b.dtype())
    fail<DTypeError>(op, site, "the {} is {}, the {} {}", a_name, describe(a), b_name, describe(b));
  if (a.shape() != b.shape())
    fail<ShapeError>(op, site, "the {} is {}, the {} {}", a_name, describe(a), b_name, describe(b));
}

/// The first element, of whatever type, as a double.
double first_element(const Tensor& t) noexcept {
  const void* data = elements(t);
  switch (t.dtype()) {
    case DType::float32: return static_cast<double>(*static_cast<const float*>(data));
    case DType::float64: return *static_cast<const double*>(data);
    case DType::int64: return static_cast<double>(*static_cast<const i64*>(data));
    case DType::boolean: return *static_cast<const bool*>(data) ? 1 : 0;
  }
  return 0;
}

void store(void* data, DType dtype, i64 index, double value) noexcept {
  switch (dtype) {
    case DType::float32: static_cast<float*>(data)[index] = static_cast<float>(value); break;
    case DType::float64: static_cast<double*>(data)[index] = value; break;
    case DType::int64: static_cast<i64*>(data)[index] = static_cast<i64>(value); break;
    case DType::boolean: static_cast<bool*>(data)[index] = value != 0; break;
  }
}

void check_fits(const char* op, DType dtype, double value, Site site) {
  if (dtype == DType::int64 && value != std::trunc(value)) fail<ValueError>(op, site, "{} is not an int64", value);
  if (dtype == DType::int64 && !fits_int64(value))
    fail<ValueError>(op, site,
                     "{} is not an int64 below 2^53: from there on a double does not hold each; take "
                     "from_vector",
                     value);
  if (dtype == DType::boolean && value != 0 && value != 1)
    fail<ValueError>(op, site, "{} is not a boolean, expected 0 or 1", value);
}

Shape nested_shape(const NestedList& list, Site site) {
  Shape shape;
  const NestedList* level = &list;
  while (level->is_list()) {
    shape.push_back(static_cast<i64>(level->items().size()), site);
    if (level->items().size() == 0) break;
    level = level->items().begin();
  }
  return shape;
}

void fill_nested(const NestedList& list, const Shape& shape, int axis, void* data, DType dtype, i64& index, Site site) {
  const bool expected_list = axis < shape.rank();
  if (list.is_list() != expected_list || (expected_list && static_cast<i64>(list.items().size()) != shape[axis]))
    fail<ShapeError>("tensor", site,
                     "ragged braces: the first row at each depth gives shape {}, another differs at depth {}",
                     to_string(shape), axis);
  if (!expected_list) {
    check_fits("tensor", dtype, list.value(), site);
    store(data, dtype, index++, list.value());
    return;
  }
  for (const NestedList& item : list.items()) fill_nested(item, shape, axis + 1, data, dtype, index, site);
}

}  // namespace

void check_writable(const Tensor& t, const char* op, Site site) {
  if (!t.is_leaf() && t.requires_grad())
    fail<GraphError>(op, site, "the value was recorded on a tape; change a clone() of it");
}

}  // namespace detail

using detail::Access;
using detail::Body;

DType Tensor::dtype() const noexcept { return has_body() ? body()->dtype : static_cast<DType>(word_); }

const Shape& Tensor::shape() const noexcept {
  static constexpr Shape none;
  return has_body() ? body()->shape : none;
}

std::int64_t Tensor::size() const noexcept { return has_body() ? body()->size : defined() ? 1 : 0; }

double Tensor::item(Site site) const {
  detail::check_defined(*this, "item", site);
  if (size() != 1) detail::fail<ShapeError>("item", site, "needs one element, the shape is {}", to_string(shape()));
  if (detail::tracing()) [[unlikely]]
    detail::trace_read(*this);
  return detail::first_element(*this);
}

const void* detail::data_as(DType expected, const Tensor& tensor, const char* op, Site site) {
  check_defined(tensor, op, site);
  if (tensor.dtype() != expected)
    fail<DTypeError>(op, site, "the elements are {}, asked for as {}", name_of(tensor.dtype()), name_of(expected));
  if (tracing()) [[unlikely]]
    trace_read(tensor);
  return elements(tensor);
}

void* detail::mutable_data_as(DType expected, Tensor& tensor, const char* op, Site site) {
  if (tracing()) [[unlikely]]
    trace_refuse("writes elements itself");
  const void* data = data_as(expected, tensor, op, site);
  check_writable(tensor, op, site);
  if (Access::has_body(tensor)) ++Access::body(tensor)->version();
  return const_cast<void*>(data);
}

bool Tensor::is_leaf() const noexcept { return has_body() && body()->is_variable(); }

bool Tensor::requires_grad() const noexcept { return is_leaf() || (tape_ != 0 && detail::find_tape(tape_)); }

Tensor Tensor::grad() const noexcept {
  const detail::Leaf* const leaf = detail::leaf_of(*this);
  return leaf ? leaf->grad : Tensor();
}

void Tensor::set_grad(const Tensor& grad, Site site) {
  if (!is_leaf()) detail::fail<GraphError>("set_grad", site, "not a variable");
  if (detail::tracing()) [[unlikely]]
    detail::trace_refuse("sets a gradient");
  if (grad.defined()) detail::check_same("set_grad", grad, "gradient", *this, "variable", site);
  // What has a gradient of its own is not held as one: variables would hold each other, in a ring or a long chain.
  const Body* const holder = !grad.has_body() ? nullptr : grad.body()->owner ? grad.body()->owner : grad.body();
  body()->leaf->grad = holder && holder->leaf ? grad.clone() : grad.detach();
}

void Tensor::zero_grad() noexcept {
  detail::Leaf* const leaf = detail::leaf_of(*this);
  if (!leaf) return;
  if (detail::tracing()) [[unlikely]]
    detail::trace_grad(body(), true);
  leaf->grad = Tensor();
}

void Tensor::retain_grad(Site site) {
  if (is_leaf()) return;
  if (detail::tracing()) [[unlikely]]
    detail::trace_refuse("retains the gradient of an intermediate value");
  Tape::Impl* tape = tape_ ? detail::find_tape(tape_) : nullptr;
  if (!tape) detail::fail<GraphError>("retain_grad", site, "not a value recorded on a tape of this thread");
  detail::Node& node = tape->at(node_);
  if (node.is(detail::Node::retained)) {  // by way of this handle, or of a copy made before
    Tensor held = Access::share(tape->retained.at(node_));
    Access::set_node(held, node_, tape_);
    *this = std::move(held);
    return;
  }
  if (!has_body()) {  // the gradient needs a place that copies of this handle share
    Tensor held = Access::adopt(detail::new_body(dtype(), Shape()));
    std::memcpy(Access::body(held)->data, &bits_, static_cast<std::size_t>(item_size(dtype())));
    Access::set_node(held, node_, tape_);
    *this = std::move(held);
  }
  if (!body()->leaf) body()->leaf = new detail::Leaf;
  tape->retained.emplace(node_, body());
  detail::retain_body(body());
  node.set(detail::Node::retained);
}

void Tensor::backward(const Tensor& seed, bool retain_graph, Site site) const {
  Tape::Impl* tape = tape_ ? detail::find_tape(tape_) : is_leaf() ? detail::innermost_tape() : nullptr;
  if (!tape) {
    if (!defined()) detail::no_value("backward", site);
    detail::fail<GraphError>("backward", site, "{}",
                             tape_ ? "the tape this value was recorded on is gone, or another thread's"
                                   : "the value was not recorded: no tape was open, or no variable is in it");
  }
  detail::backward(*tape, *this, seed, retain_graph, site);
}

Tensor Tensor::detach() const {
  if (is_leaf()) return detail::view(*this, shape());
  Tensor same = *this;
  Access::set_node(same, 0, 0);
  return same;
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  const Tensor copy = detail::new_array(dtype(), shape());  // in memory, also of a 0-d value: plans change it there
  detail::launch({detail::writes(copy), detail::reads(*this)}, detail::Copy{size() * item_size(dtype())});
  return copy;
}

void Tensor::assign(const Tensor& source, Site site) {
  detail::check_defined(*this, "assign", site);
  detail::check_defined(source, "assign", site);
  detail::check_same("assign", source, "source", *this, "target", site);
  detail::check_writable(*this, "assign", site);
  if (has_body()) ++body()->version();
  detail::launch({detail::writes(*this), detail::reads(source)}, detail::Copy{size() * item_size(dtype())});
}

Tensor empty(const Shape& shape, DType dtype, Site site) {
  detail::check_dtype(dtype, "empty", site);
  return detail::Output(dtype, shape).finish();
}

Tensor full(const Shape& shape, double value, DType dtype, Site site) {
  detail::check_dtype(dtype, "full", site);
  detail::check_fits("full", dtype, value, site);
  detail::Output out(dtype, shape);
  const detail::i64 n = shape.size();
  switch (dtype) {
    case DType::float32: std::fill_n(static_cast<float*>(out.get()), n, static_cast<float>(value)); break;
    case DType::float64: std::fill_n(static_cast<double*>(out.get()), n, value); break;
    case DType::int64: std::fill_n(static_cast<detail::i64*>(out.get()), n, static_cast<detail::i64>(value)); break;
    case DType::boolean: std::fill_n(static_cast<bool*>(out.get()), n, value != 0); break;
  }
  return detail::trace_constant(out.finish());
}

Tensor tensor(const NestedList& values, DType dtype, Site site) {
  detail::check_dtype(dtype, "tensor", site);
  const Shape shape = detail::nested_shape(values, site);
  detail::Output out(dtype, shape);
  detail::i64 index = 0;
  detail::fill_nested(values, shape, 0, out.get(), dtype, index, site);
  return detail::trace_constant(out.finish());
}

template <Element T> Tensor from_data(const T* first, const Shape& shape, Site) {
  detail::Output out(dtype_of<T>, shape);
  std::copy_n(first, shape.size(), static_cast<T*>(out.get()));
  return detail::trace_constant(out.finish());
}

template <Element T> Tensor from_vector(const std::vector<T>& values, const Shape& shape, Site site) {
  if (static_cast<detail::i64>(values.size()) != shape.size())
    detail::fail<ShapeError>("from_vector", site, "{} values for shape {}", values.size(), to_string(shape));
  detail::Output out(dtype_of<T>, shape);
  std::copy(values.begin(), values.end(), static_cast<T*>(out.get()));
  return detail::trace_constant(out.finish());
}

template Tensor from_data(const float*, const Shape&, Site);
template Tensor from_data(const double*, const Shape&, Site);
template Tensor from_data(const std::int64_t*, const Shape&, Site);
template Tensor from_data(const bool*, const Shape&, Site);
template Tensor from_vector(const std::vector<float>&, const Shape&, Site);
template Tensor from_vector(const std::vector<double>&, const Shape&, Site);
template Tensor from_vector(const std::vector<std::int64_t>&, const Shape&, Site);
template Tensor from_vector(const std::vector<bool>&, const Shape&, Site);

Tensor variable(Tensor value, Site site) {
  detail::check_defined(value, "variable", site);
  if (!is_floating(value.dtype()))
    detail::fail<DTypeError>("variable", site, "{} has no gradient, expected float32 or float64",
                             name_of(value.dtype()));
  const bool sole = Access::has_body(value) && Access::tape(value) == 0 && !Access::body(value)->owner &&
                    !Access::body(value)->leaf && Access::body(value)->refs.load(std::memory_order_acquire) == 1;
  if (!sole) {
    Body* own = detail::new_body(value.dtype(), value.shape());
    std::memcpy(own->data, detail::elements(value), own->bytes());
    value = Access::adopt(own);
  }
  Body* b = Access::body(value);
  if (!b->leaf) b->leaf = new detail::Leaf;
  b->leaf->is_variable = true;
  return value;
}

}  // namespace xgrad
