#include <xgrad/ops/internal/plain.hpp>

#include <xgrad/engine/internal/graph.hpp>

namespace xgrad::detail {

// A sweep of its own over what the plain formulation records, on the same tape and no further down.
void plain_vjp(Vjp& d, PlainFormulation plain) {
  Tape::Impl& tape = d.tape();
  FusedInputs in;
  Tensor wanted[fused_inputs], out[fused_inputs];
  int inputs[fused_inputs];
  std::size_t count = 0;
  for (int i = 0; i < d.count(); ++i) {
    Tensor& x = in[static_cast<std::size_t>(i)];
    x = d.in(i);
    if (!d.wanted(i)) continue;
    x = fresh(tape, x, tape.id_of(x, d.name(), d.site()), d.site());
    wanted[count] = x;
    inputs[count++] = i;
  }
  const u32 floor = tape.count - 1;
  const Tensor y = plain(in, d);
  answer(tape, {d.name(), d.site(), &y, &d.grad(), 1, wanted, out, count, true, false, floor});
  for (std::size_t k = 0; k < count; ++k)
    if (out[k].defined()) d.add(inputs[k], out[k]);
}

}  // namespace xgrad::detail
