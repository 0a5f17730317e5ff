#pragma once
// The one place that includes xtensor. Its headers have other names since 0.26, and 0.24 needs a correction.
#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xeval.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/generators/xbuilder.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xexpression_traits.hpp>

// Before 0.26, a guard for C++17 alone makes the result of an expression of any number of axes, under C++20, a
// container of exactly four. This has to stand before the first expression that needs it.
template <> struct xt::detail::xtype_for_shape<xt::dynamic_shape<std::size_t>> {
  template <class T, xt::layout_type L> using type = xt::xarray<T, L>;
};

#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xeval.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

namespace xgrad::detail {
using Squared = decltype(xt::eval(std::declval<xt::xarray<double>&>() * std::declval<xt::xarray<double>&>()));
static_assert(std::is_same_v<std::decay_t<Squared>, xt::xarray<double>>,
              "the axes of an xtensor expression are miscounted");
}  // namespace xgrad::detail
