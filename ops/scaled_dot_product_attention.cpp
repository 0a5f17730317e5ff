#include <xgrad/ops/scaled_dot_product_attention.hpp>

#include <xgrad/engine/internal/loops.hpp>
#include <xgrad/engine/internal/parallel_for.hpp>
#include <xgrad/engine/internal/product.hpp>
#include <xgrad/engine/internal/trace.hpp>
#include <xgrad/engine/kernels/arrays.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/all.hpp>
#include <xgrad/ops/broadcast_to.hpp>
#include <xgrad/ops/equal.hpp>
#include <xgrad/ops/flatten.hpp>
#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/matmul.hpp>
#include <xgrad/ops/internal/plain.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/swapaxes.hpp>
#include <xgrad/ops/tril.hpp>
#include <xgrad/ops/unflatten.hpp>
#include <xgrad/ops/where.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad {
namespace {

using namespace detail;

constexpr double never = -std::numeric_limits<double>::infinity();

/// In plain operations.
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, bool causal, double scale) {
  const i64 queries = q.shape()[q.rank() - 2], keys = k.shape()[k.rank() - 2];
  Tensor scores = matmul(q * scale, false, k, true);
  const auto allow = [&](const Tensor& allowed) { scores = where(allowed, scores, never); };
  if (mask.defined() && mask.dtype() == DType::boolean) allow(mask);
  else if (mask.defined()) scores = scores + mask;
  if (causal) allow(tril(ones({queries, keys}, DType::boolean)));
  if (!mask.defined()) return matmul(softmax(scores), v);
  const Tensor nowhere = all(scores == never, -1, true);  // softmax would be nan there, and every gradient with it
  return matmul(where(nowhere, 0, softmax(where(nowhere, 0, scores))), v);
}

/// Many small attentions, `groups` times `heads` of them: q, k and v are arrays of their own, one head each, or stand
/// side by side in the last axis of one, each with its heads side by side.
struct Form {
  i64 groups, heads, queries, keys, features, values;
  double scale;
  bool causal, masked, together;

  i64 count() const noexcept { return groups * heads; }
  i64 scores() const noexcept { return queries * keys; }
};

/// A matrix of each attention, in an array where rows are `stride` apart.
template <class T> struct Matrices {
  T* first;
  i64 stride, rows, columns;
  T* at(const Form& form, i64 i) const noexcept {
    return first + i / form.heads * rows * stride + i % form.heads * columns;
  }
};
enum { q_in, k_in, v_in };
/// Those of q, k or v in the array that holds it, which is an input or its gradient; null stays null.
template <class T> Matrices<T> matrices(const Form& form, int which, T* array) noexcept {
  const i64 rows = which == q_in ? form.queries : form.keys, columns = which == v_in ? form.values : form.features;
  if (!form.together) return {array, columns, rows, columns};
  const i64 side = form.heads * columns;
  return {array ? array + which * side : array, 3 * side, rows, columns};
}

/// f(number) for all attentions; several go together where they are small.
template <class F> void each_attention(const Form& form, F f) {
  const i64 work = std::max<i64>(1, form.scores() * (form.features + form.values));
  const i64 together = std::max<i64>(1, parallel_product / work);
  parallel_for((form.count() + together - 1) / together, [&](i64 tile) {
    for (i64 i = tile * together; i < std::min(form.count(), (tile + 1) * together); ++i) f(i);
  });
}

/// Scores become probabilities: 0 where a query may not attend.
template <class T> void probabilities(const Form& form, const bool* mask, T* scores) {
  const auto& kernels = array_kernels<T>();
  const T lowest = static_cast<T>(never);
  kernels.scale(scores, static_cast<T>(form.scale), form.scores());
  for (i64 i = 0; i < form.queries; ++i) {
    T* const row = scores + i * form.keys;
    if (form.masked)
      for (i64 j = 0; j < form.keys; ++j) row[j] = mask[i * form.keys + j] ? row[j] : lowest;
    if (form.causal && i + 1 < form.keys) std::fill(row + i + 1, row + form.keys, lowest);
    if (!form.masked) continue;
    if (std::all_of(row, row + form.keys, [=](T x) { return x == lowest; })) std::fill_n(row, form.keys, T{0});
    else kernels.softmax(row, 1, form.keys, 1, row);
  }
  if (!form.masked && form.keys > 0) kernels.softmax(scores, form.queries, form.keys, 1, scores);
}

/// Pointers: y, the probabilities, which are kept; q, k, v and the mask.
template <class T> void forward(const Form& form, Pointers p) {
  const auto in = [&](int which) { return matrices(form, which, static_cast<const T*>(p[2 + which])); };
  const auto q = in(q_in), k = in(k_in), v = in(v_in);
  const Matrices<T> to{static_cast<T*>(p[0]), form.heads * form.values, form.queries, form.values};
  const DType dtype = dtype_of<T>;
  each_attention(form, [&](i64 i) {
    T* const s = static_cast<T*>(p[1]) + i * form.scores();
    product(dtype, false, true, form.queries, form.keys, form.features, q.at(form, i), q.stride, k.at(form, i),
            k.stride, s, form.keys, false);
    probabilities(form, form.masked ? static_cast<const bool*>(p[5]) + i * form.scores() : nullptr, s);
    product(dtype, false, false, form.queries, form.values, form.keys, s, form.keys, v.at(form, i), v.stride,
            to.at(form, i), to.stride, false);
  });
}

/// Pointers: the gradients of q, k and v, scratch memory as large as the probabilities; these, g; q, k and v.
template <class T> void backward(const Form& form, Pointers p) {
  const DType dtype = dtype_of<T>;
  Matrices<T> to[3];
  Matrices<const T> from[3];
  for (int which = 0; which < 3; ++which) {
    to[which] = matrices(form, which, static_cast<T*>(p[which]));
    from[which] = matrices(form, which, static_cast<const T*>(p[6 + which]));
  }
  const Matrices<const T> g{static_cast<const T*>(p[5]), form.heads * form.values, form.queries, form.values};
  each_attention(form, [&](i64 i) {
    const T *const kept = static_cast<const T*>(p[4]) + i * form.scores(), *const gi = g.at(form, i);
    T* const s = static_cast<T*>(p[3]) + i * form.scores();
    const auto into = [&](int which, bool transposed, i64 inner, const T* a, const T* b, i64 stride) {
      const Matrices<T>& m = to[which];
      if (m.first)
        product(dtype, transposed, false, m.rows, m.columns, inner, a, form.keys, b, stride, m.at(form, i), m.stride,
                false);
    };
    into(v_in, true, form.queries, kept, gi, g.stride);
    if (!to[q_in].first && !to[k_in].first) return;
    product(dtype, false, true, form.queries, form.keys, form.values, gi, g.stride, from[v_in].at(form, i),
            from[v_in].stride, s, form.keys, false);
    const auto& kernels = array_kernels<T>();
    kernels.softmax_grad(s, kept, form.queries, form.keys, 1, s, false);
    kernels.scale(s, static_cast<T>(form.scale), form.scores());
    into(q_in, false, form.keys, s, from[k_in].at(form, i), from[k_in].stride);
    into(k_in, true, form.queries, s, from[q_in].at(form, i), from[q_in].stride);
  });
}

void backward(Vjp& d) {
  const Form& form = d.attributes<Form>();
  const DType dtype = d.grad().dtype();
  // The gradient for v needs only the probabilities, that for k needs q besides v, that for q needs k.
  const bool wants_k = d.wanted(form.together ? 0 : k_in), wants_q = d.wanted(form.together ? 0 : q_in),
             needed[] = {wants_k, wants_q, wants_q || wants_k};
  const Tensor kept = d.extra(), scratch = new_array(dtype, {form.count(), form.queries, form.keys});
  Tensor in[3], grad[3];
  Elements from[3], to[3];
  for (int which = 0; which < 3; ++which) {
    const int i = form.together ? 0 : which;
    if (needed[which]) in[which] = d.in(i), from[which] = reads(in[which]);
    if (i == which && d.wanted(i)) grad[i] = new_array(dtype, d.shape(i));
    if (grad[i].defined()) to[which] = writes(grad[i]);
  }
  launch({to[0], to[1], to[2], writes(scratch), reads(kept), reads(d.grad()), from[0], from[1], from[2]},
         [form, dtype](Pointers p) { (dtype == DType::float32 ? backward<float> : backward<double>)(form, p); });
  for (int i = 0; i < d.count(); ++i)
    if (i < 3 && grad[i].defined()) d.add(i, grad[i]);
}

/// Heads side by side apart: (..., L, heads E) as (..., heads, L, E).
Tensor in_heads(const Tensor& x, i64 heads) {
  return swapaxes(unflatten(x, -1, {heads, x.shape()[x.rank() - 1] / heads}), -3, -2);
}

Tensor attend_together(const Tensor& qkv, i64 heads, const Tensor& mask, bool causal, double scale) {
  Slice part[max_rank];
  const auto last = static_cast<std::size_t>(qkv.rank() - 1);
  const i64 side = qkv.shape()[qkv.rank() - 1] / 3;
  const auto one = [&](i64 which) {
    part[last] = {which * side, (which + 1) * side};
    return in_heads(slice(qkv, part, last + 1), heads);
  };
  const Tensor q = one(q_in), k = one(k_in), v = one(v_in);
  return flatten(swapaxes(attend(q, k, v, mask, causal, scale), -3, -2), -2);
}

Tensor plain(const FusedInputs& in, const Vjp& d) {
  const Form& form = d.attributes<Form>();
  if (form.together) return attend_together(in[0], form.heads, in[1], form.causal, form.scale);
  return attend(in[q_in], in[k_in], in[v_in], in[3], form.causal, form.scale);
}

constexpr Reads read = reads_inputs(4) | reads_extra;
const Op op{.name = "scaled_dot_product_attention", .reads = {read, read, read}, .vjp = [](Vjp& d) {
              if (d.recording()) return plain_vjp(d, plain);
              backward(d);
            }};

/// The mask for each attention, from one that fits; undefined where it does not.
Tensor each_mask(const Tensor& mask, const Shape& scores) {
  Shape joined;
  if (!broadcast(mask.shape(), scores, joined) || joined != scores) return Tensor();
  return mask.shape() == scores ? mask : broadcast_to(mask, scores);
}

Tensor run(Call&& call, Form form, const Shape& shape, const Tensor& mask) {
  const CallScope scope(call);
  const DType dtype = call.in(0).dtype();
  form.masked = mask.defined();
  Output y(dtype, shape), kept(dtype, {form.count(), form.queries, form.keys});
  const auto in = [&](int which) { return reads(call.in(form.together ? 0 : which)); };
  if (shape.size() > 0)
    launch({writes(y), writes(kept), in(q_in), in(k_in), in(v_in), form.masked ? reads(mask) : Elements()},
           [form, dtype](Pointers p) { (dtype == DType::float32 ? forward<float> : forward<double>)(form, p); });
  return call.record(y.finish(), form, kept.finish());
}

double scale_or(double scale, i64 features) noexcept {
  return scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(features));
}

}  // namespace

Tensor scaled_dot_product_attention(const Operand& q, const Operand& k, const Operand& v, const Tensor& mask,
                                    bool causal, double scale) {
  Call call(op, q, k, v);
  call.floating();
  const Shape &sq = call.shape(q_in), &sk = call.shape(k_in), &sv = call.shape(v_in);
  const auto refuse = [&](const char* expected) {
    call.fail<ShapeError>("q is {}, k is {}, v is {}: expected {}", to_string(sq), to_string(sk), to_string(sv),
                          expected);
  };
  if (std::min({sq.rank(), sk.rank(), sv.rank()}) < 2) refuse("two axes or more");
  const auto last = [](const Shape& shape, int from_end) { return shape[shape.rank() - from_end]; };
  if (last(sq, 1) != last(sk, 1) || last(sk, 2) != last(sv, 2)) refuse("(L, E), (S, E) and (S, F)");
  const Form form{Shape(sq.begin(), sq.rank() - 2).size(),
                  1,
                  last(sq, 2),
                  last(sk, 2),
                  last(sq, 1),
                  last(sv, 1),
                  scale_or(scale, last(sq, 1)),
                  causal,
                  false,
                  false};
  Shape scores(sq.begin(), sq.rank() - 1), shape = scores;
  scores.push_back(form.keys), shape.push_back(form.values);
  const auto same_batch = [&](const Shape& s) {
    return s.rank() == sq.rank() && std::equal(s.begin(), s.end() - 2, sq.begin());
  };
  const bool is_mask = mask.defined() && mask.dtype() == DType::boolean;
  Tensor each;
  if (same_batch(sk) && same_batch(sv)) {
    if (!mask.defined()) return run(std::move(call), form, shape, mask);
    const CallScope scope(call);
    if (is_mask) each = each_mask(mask, scores);
  }
  const Operand allowed(mask, q.site.file, q.site.line);
  if (each.defined()) return run(Call(op, q, k, v, allowed), form, shape, each);
  const CallScope scope(call);
  return attend(call.in(q_in), call.in(k_in), call.in(v_in), mask, causal, form.scale);
}

Tensor scaled_dot_product_attention(const Operand& qkv, std::int64_t heads, const Tensor& mask, bool causal,
                                    double scale) {
  Call call(op, qkv);
  call.floating();
  const Shape& all = call.shape(0);
  if (all.rank() < 2) call.fail<ShapeError>("qkv is {}, expected (..., L, 3 E)", to_string(all));
  const i64 side = all[all.rank() - 1] / 3, length = all[all.rank() - 2];
  if (heads < 1 || all[all.rank() - 1] % (3 * heads) != 0)
    call.fail<ShapeError>("qkv is {}: its last axis does not hold q, k and v of {} heads", to_string(all), heads);
  const Form form{Shape(all.begin(), all.rank() - 2).size(),
                  heads,
                  length,
                  length,
                  side / heads,
                  side / heads,
                  scale_or(scale, side / heads),
                  causal,
                  false,
                  true};
  Shape scores(all.begin(), all.rank() - 2), shape(all.begin(), all.rank() - 1);
  scores.push_back(heads), scores.push_back(length), scores.push_back(length), shape.push_back(side);
  if (!mask.defined()) return run(std::move(call), form, shape, mask);
  Tensor each;
  const CallScope scope(call);
  if (mask.dtype() == DType::boolean) each = each_mask(mask, scores);
  const Operand allowed(mask, qkv.site.file, qkv.site.line);
  if (each.defined()) return run(Call(op, qkv, allowed), form, shape, each);
  return attend_together(call.in(0), heads, mask, causal, form.scale);
}

}  // namespace xgrad
