#include <xgrad/engine/kernels/arrays.hpp>

#include <xgrad/engine/kernels/move.hpp>
#include <xgrad/engine/kernels/reduce.hpp>
#include <xgrad/engine/kernels/softmax.hpp>
#include <xgrad/engine/kernels/vectors.hpp>

namespace xgrad::detail {

template <class T, class A> constexpr ArrayKernels<T> make_array_kernels() {
  return {
      .add = add<T, A>,
      .scale = scale<T, A>,
      .sum = sum<T, A>,
      .max = reduce<Max<T>, T, A>,
      .min = reduce<Min<T>, T, A>,
      .argmax = argmax<T, A>,
      .softmax = softmax<T, A>,
      .log_softmax = log_softmax<T, A>,
      .logsumexp = logsumexp<T, A>,
      .softmax_grad = softmax_grad<T, A>,
      .log_softmax_grad = log_softmax_grad<T, A>,
      .transposed_times_vector = transposed_times_vector<T, A>,
      .times_vector = times_vector<T, A>,
      .outer = outer<T, A, false>,
      .add_outer = outer<T, A, true>,
  };
}

template <class Word, class A> constexpr MoveKernels make_move_kernels() {
  return {.transpose = transpose<Word, A>, .copy = copy_strided<Word, A>};
}

template <class From, class A> constexpr void fill_converters(ConvertKernel (&to)[4]) {
  to[0] = convert<From, float, A>;
  to[1] = convert<From, double, A>;
  to[2] = convert<From, std::int64_t, A>;
  to[3] = convert<From, Boolean, A>;
}

template <class A> constexpr ArrayTable make_array_table() {
  ArrayTable table = {
      .float32 = make_array_kernels<float, A>(),
      .float64 = make_array_kernels<double, A>(),
      .move = {make_move_kernels<std::uint32_t, A>(), make_move_kernels<std::uint64_t, A>(),
               make_move_kernels<std::uint64_t, A>(), make_move_kernels<std::uint8_t, A>()},
      .convert = {},
  };
  fill_converters<float, A>(table.convert[0]);
  fill_converters<double, A>(table.convert[1]);
  fill_converters<std::int64_t, A>(table.convert[2]);
  fill_converters<Boolean, A>(table.convert[3]);
  return table;
}

template <class A> constinit const ArrayTable ArrayTables<A>::table = make_array_table<A>();
template struct ArrayTables<arch::XGRAD_ARCH>;

}  // namespace xgrad::detail
