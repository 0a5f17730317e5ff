#include <xgrad/engine/internal/rows.hpp>

#include <xgrad/engine/internal/arrays.hpp>
#include <xgrad/engine/internal/sweep.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/kernels/arch.hpp>

#include <cstring>

namespace xgrad::detail {
namespace {

char* place(const Tensor& all, i64 row, i64 n) {
  return static_cast<char*>(Access::body(all)->data) + row * n * item_size(all.dtype());
}

/// A copy of one row.
Tensor row_of(const Tensor& all, i64 row, const Shape& shape) {
  Output out(all.dtype(), shape);
  const i64 n = shape.size();
  if (n > 0) std::memcpy(out.get(), place(all, row, n), static_cast<std::size_t>(n * item_size(all.dtype())));
  return out.finish();
}

double number_at(const Tensor& t, i64 i) {
  return t.dtype() == DType::float64 ? static_cast<const double*>(elements(t))[i]
                                     : static_cast<double>(static_cast<const float*>(elements(t))[i]);
}
void set_number(const Tensor& t, i64 i, double value) {
  void* data = Access::body(t)->data;
  if (t.dtype() == DType::float64) static_cast<double*>(data)[i] = value;
  else static_cast<float*>(data)[i] = static_cast<float>(value);
}

}  // namespace

Shape Rows::shape(const Shape& of_one) const {
  Shape joined{count};
  for (const i64 extent : of_one) joined.push_back(extent);
  return joined;
}

Tensor Rows::units(const Tensor& y, i64 first) const {
  const i64 n = y.size();
  const Tensor units = zeros({count, n}, y.dtype());
  for (i64 k = 0; k < count; ++k) set_number(units, k * n + first + k, 1);
  return view(units, shape(y.shape()));
}

void Rows::copy(const Tensor& rows, const Tensor& whole, i64 first) const {
  std::memcpy(place(whole, first, whole.shape()[1]), elements(rows), Access::body(rows)->bytes());
}

Tensor all_rows(Vjp& d) {
  Rows* rows = d.recording() ? nullptr : d.tape().rows;
  if (!rows) return {};
  rows->taken = true;
  return rows->all;
}

bool rows_are_identity(Vjp& d) {
  const Rows* rows = d.recording() ? nullptr : d.tape().rows;
  return rows && rows->identity.defined() && Access::body(rows->all) == Access::body(rows->identity);
}

/// The adjoint of `id` as something only it refers to, zero where nothing has come yet.
Tensor& Sweep::own_rows(u32 id) {
  Tensor& all = adjoints[id];
  if (!all.defined()) all = zeros(rows->shape(tape.shape_of(id)), tape.at(id).dtype());
  else if (!Access::body(all)->is_sole()) all = all.clone();
  return all;
}

void Sweep::contribute_rows(u32 id, const Tensor& value) {
  if (rows->taken) {
    adjoints[id] = adjoints[id].defined() ? accumulate(adjoints[id], value) : value;
    return;
  }
  const Tensor& all = own_rows(id);
  const i64 n = value.size();
  add_into(all.dtype(), place(all, rows->at, n), elements(value), n);
}

Elements Sweep::own_row(u32 id) {
  const Tensor& all = own_rows(id);
  return {place(all, rows->at, tape.shape_of(id).size()), Access::body(all), Elements::updates};
}

void Sweep::scalar_rows(const Node& node, const Tensor& grads) {
  const auto kernel = node.op().elementwise->kernels[arch]->scalar_grad[node.dtype() == DType::float64];
  Tensor parts[2] = {new_array(node.dtype(), {rows->count}), new_array(node.dtype(), {rows->count})};
  for (i64 k = 0; k < rows->count; ++k) {
    const ScalarPair d = kernel(number_at(grads, k), node.saved);
    set_number(parts[0], k, d.first);
    set_number(parts[1], k, d.second);
  }
  rows->taken = true;
  for (int i = 0; i < 2; ++i)
    if (wants(node.inputs[i])) contribute_rows(node.inputs[i], parts[i]);
}

void Sweep::elementwise_rows(const Node& node, const Tensor& grads) {
  const Record& record = *node.record;
  const Op& op = node.op();
  const ElementwiseRule& rule = *op.elementwise;
  DerivativeOperands operands;
  fetch(operands, node, grads);
  rows->taken = true;
  for (int i = 0; i < rule.inputs; ++i) {
    const u32 id = record.inputs[i];
    if (!wants(id)) continue;
    Tensor part = grads;
    if (!(rule.passes_through >> i & 1)) {
      part = new_array(grads.dtype(), grads.shape());
      operands.launch(op, i, rule.kernels[arch]->grad[i][node.dtype() == DType::float64], grads.shape(), writes(part),
                      false);
    }
    // The axes of a broadcast input are the last ones: those it lacks stand between the rows and its own.
    const Shape& shape = tape.shape_of(id);
    Shape aligned{rows->count};
    for (int k = shape.rank(); k < record.shape.rank(); ++k) aligned.push_back(1);
    for (const i64 extent : shape) aligned.push_back(extent);
    if (aligned != part.shape()) part = sum_to(part, aligned);
    const Shape own = rows->shape(shape);
    contribute_rows(id, own == part.shape() ? part : view(part, own));
  }
}

void Sweep::run_rows(u32 from) {
  for (u32 id = from; id > 0; --id) {
    Node& node = tape.at(id);
    if (node.is(Node::leaf) || !adjoints[id].defined() || !wants(id)) continue;
    if (node.is(Node::released)) refuse_released(node);
    const SiteScope forward(node.op().name, node.site());
    const Tensor grads = adjoints[id];
    if (!(prune && wanted[id] == requested)) adjoints[id] = Tensor();
    rows->taken = false;
    if (!node.is(Node::general)) {
      scalar_rows(node, grads);
    } else if (node.op().elementwise) {
      elementwise_rows(node, grads);
    } else {
      rows->all = grads;
      for (rows->at = 0; rows->at < rows->count && !rows->taken; ++rows->at) {
        const Tensor grad = row_of(grads, rows->at, node.record->shape);
        Vjp d(*this, node, grad);
        node.op().vjp(d);
      }
      rows->all = Tensor();
    }
  }
}

}  // namespace xgrad::detail
