#pragma once
#include <xgrad/engine/tensor.hpp>
#include <xgrad/engine/xtensor_headers.hpp>

namespace xgrad {

namespace detail {

/// The element type a tensor holds a value of type V as: other integers become int64.
template <class V> struct ElementOf {
  static_assert(std::is_integral_v<V>, "the elements are neither float, double, bool nor integers");
  using type = std::int64_t;
};
template <> struct ElementOf<float> { using type = float; };
template <> struct ElementOf<double> { using type = double; };
template <> struct ElementOf<bool> { using type = bool; };

/// An xtensor container over the elements at `first`, which stay where they are.
template <class T> auto adapt(T* first, const Shape& shape) {
  const xt::dynamic_shape<std::size_t> extents(shape.begin(), shape.end());
  return xt::adapt(static_cast<T*>(first), static_cast<std::size_t>(shape.size()), xt::no_ownership(), extents);
}

}  // namespace detail

/// A tensor with the values of any xtensor expression, evaluated here: float32 from float, float64 from double, boolean
/// from bool, int64 from other integers. More than max_rank axes are a ShapeError.
template <class E> Tensor from_xtensor(const xt::xexpression<E>& expression, Site site = Site::here()) {
  using T = typename detail::ElementOf<std::remove_cv_t<typename E::value_type>>::type;
  const E& e = expression.derived_cast();
  Shape shape;
  for (const auto extent : e.shape()) shape.push_back(static_cast<std::int64_t>(extent), site);
  Tensor tensor = empty(shape, dtype_of<T>, site);
  auto elements = detail::adapt(tensor.mutable_data<T>(site), shape);
  xt::noalias(elements) = e;
  return tensor;
}

/// The tensor's own elements as a constant xtensor container, not copied; T must be their type (DTypeError). It can be
/// used as long as a handle to these elements lives, a 0-d value's as long as this handle does.
template <class T> auto as_xtensor(const Tensor& tensor, Site site = Site::here()) {
  return detail::adapt(static_cast<const T*>(detail::data_as(dtype_of<T>, tensor, "as_xtensor", site)), tensor.shape());
}
template <class T> auto as_xtensor(const Tensor&& tensor, Site site = Site::here()) = delete;  // keep a handle

/// The same for writing, which counts as a change of the tensor, as mutable_data() does.
template <class T> auto as_mutable_xtensor(Tensor& tensor, Site site = Site::here()) {
  return detail::adapt(static_cast<T*>(detail::mutable_data_as(dtype_of<T>, tensor, "as_mutable_xtensor", site)),
                       tensor.shape());
}

}  // namespace xgrad
