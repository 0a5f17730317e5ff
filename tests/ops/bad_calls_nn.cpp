#include "bad_calls.hpp"

#include <xgrad/xgrad.hpp>

namespace xgrad::tests {
namespace {

const Tensor a = variable(zeros({2, 3})), b = variable(zeros({2, 4})), s = variable(1.0), v = variable(zeros({5}));
const Tensor d = variable(zeros({2, 3}, float64)), i = zeros({2, 3}, int64), labels = tensor({0, 2}, int64);
const Tensor image = variable(zeros({1, 2, 4, 4})), kernel = variable(zeros({3, 2, 3, 3}));
Tensor none_at_all;

}  // namespace

// clang-format off
std::vector<BadCall> bad_layers() {
  return {
      bad<ShapeError>("dot", [] { return dot(v, zeros({4})); }, {"a is (5,), b is (4,)"}),
      bad<ShapeError>("dot", [] { return dot(a, a); }, {"a is (2, 3), b is (2, 3)"}),
      bad<ShapeError>("outer", [] { return outer(a, v); }, {"a is (2, 3), b is (5,)"}),
      bad<ShapeError>("bmm", [] { return bmm(zeros({2, 3, 4}), zeros({3, 4, 2})); }, {"a is (2, 3, 4), b is (3, 4, 2)"}),
      bad<ShapeError>("tensordot", [] { return tensordot(a, b, 1); }, {"axis 1 of a and axis 0 of b", "a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("tensordot", [] { return tensordot(a, b, 3); }, {"3 axes", "a is (2, 3), b is (2, 4)"}),
      bad<ShapeError>("einsum", [] { return einsum("ij,jk->ik", {a, b}); }, {"j is 3 and 2", "(2, 3) and (2, 4)"}),
      bad<ShapeError>("einsum", [] { return einsum("ijk", {a}); }, {"\"ijk\" for float32 (2, 3)"}),
      bad<ValueError>("einsum", [] { return einsum("ij,jk->ik", {a}); }, {"names 2 arguments, 1 are given"}),
      bad<ValueError>("einsum", [] { return einsum("ij->ik", {a}); }, {"k in the result"}),
      bad<ValueError>("einsum", [] { return einsum("i1->i", {a}); }, {"\"i1\" is not letters"}),
      bad<DTypeError>("einsum", [] { return einsum("ij,ij->", {a, d}); }, {"float32 (2, 3)", "float64 (2, 3)"}),
      bad<ShapeError>("im2col", [] { return im2col(a, 2); }, {"float32 (2, 3), expected (N, C, H, W) or (C, H, W)"}),
      bad<ShapeError>("im2col", [] { return im2col(image, 5); }, {"a kernel of (5, 5)", "float32 (1, 2, 4, 4)"}),
      bad<ValueError>("im2col", [] { return im2col(image, 2, 0); }, {"stride is (0, 0), expected 1 or more"}),
      bad<ShapeError>("col2im", [] { return col2im(zeros({1, 8, 8}), 4, 2); }, {"float32 (1, 8, 8), expected (N, C 2 2, 9), or without N"}),
      bad<ShapeError>("conv2d", [] { return conv2d(image, zeros({3, 1, 3, 3})); }, {"x has 2 channels, weight takes 1", "(1, 2, 4, 4)", "(3, 1, 3, 3)"}),
      bad<ShapeError>("conv2d", [] { return conv2d(image, zeros({3, 2, 5, 5})); }, {"a kernel of (5, 5)"}),
      bad<ShapeError>("conv2d", [] { return conv2d(image, kernel, v); }, {"bias is float32 (5,), expected (3,)"}),
      bad<ShapeError>("conv2d", [] { return conv2d(a, kernel); }, {"float32 (2, 3)", "(N, C, H, W)"}),
      bad<ShapeError>("conv2d", [] { return conv2d(image, a); }, {"weight is float32 (2, 3)"}),
      bad<ValueError>("conv2d", [] { return conv2d(image, kernel, {.stride = 0}); }, {"stride is (0, 0)"}),
      bad<ValueError>("conv2d", [] { return conv2d(image, kernel, {.padding = -1}); }, {"padding is (-1, -1)"}),
      bad<ValueError>("conv2d", [] { return conv2d(image, kernel, {.groups = 2}); }, {"2 groups of 3 kernels"}),
      bad<DTypeError>("conv2d", [] { return conv2d(image, to(kernel, float64)); }, {"float32 (1, 2, 4, 4)", "float64 (3, 2, 3, 3)"}),
      bad<ShapeError>("conv1d", [] { return conv1d(image, kernel); }, {"(N, C, L)"}),
      bad<ShapeError>("conv_transpose2d", [] { return conv_transpose2d(image, kernel); }, {"x has 2 channels, weight takes 3"}),
      bad<ValueError>("conv_transpose2d", [] { return conv_transpose2d(image, zeros({2, 3, 3, 3}), ConvOptions{}, 1); }, {"output_padding is 1"}),
      bad<ValueError>("max_pool2d", [] { return max_pool2d(image, 2, 1, 2); }, {"padding (2, 2) is more than half"}),
      bad<ValueError>("max_pool2d", [] { return max_pool2d(image, 2, 0); }, {"stride is (0, 0)"}),
      bad<ShapeError>("max_pool2d", [] { return max_pool2d(image, 5); }, {"a kernel of (5, 5)"}),
      bad<ShapeError>("max_pool1d", [] { return max_pool1d(image, 2); }, {"(N, C, L)"}),
      bad<DTypeError>("avg_pool2d", [] { return avg_pool2d(zeros({1, 2, 2}, int64), 2); }, {"int64 (1, 2, 2)"}),
      bad<ValueError>("avg_pool1d", [] { return avg_pool1d(a, 0); }, {"kernel_size is (1, 0)"}),
      bad<ValueError>("adaptive_avg_pool2d", [] { return adaptive_avg_pool2d(image, 0); }, {"output_size is (0, 0)"}),
      bad<ShapeError>("adaptive_avg_pool1d", [] { return adaptive_avg_pool1d(v, 2); }, {"float32 (5,)", "(N, C, L)"}),
      bad<ShapeError>("layer_norm", [] { return layer_norm(a, {4}); }, {"x is float32 (2, 3)", "(4,)"}),
      bad<ShapeError>("layer_norm", [] { return layer_norm(a, {3}, v); }, {"weight is (5,), expected (3,)"}),
      bad<DTypeError>("layer_norm", [] { return layer_norm(a, {3}, {}, zeros({3}, float64)); }, {"bias is float64 (3,)"}),
      bad<ShapeError>("rms_norm", [] { return rms_norm(a, {2}); }, {"x is float32 (2, 3)", "(2,)"}),
      bad<ValueError>("group_norm", [] { return group_norm(a, 2); }, {"2 groups of 3 channels"}),
      bad<ShapeError>("group_norm", [] { return group_norm(a, 3, v); }, {"weight is (5,), expected (3,)"}),
      bad<ShapeError>("batch_norm", [] { return batch_norm(v, none_at_all, none_at_all); }, {"x is float32 (5,)"}),
      bad<ValueError>("batch_norm", [] { return batch_norm(a, none_at_all, none_at_all); }, {"running_mean"}),
      bad<ValueError>("batch_norm", [] { return batch_norm(zeros({1, 3}), none_at_all, none_at_all, {}, {}, true); }, {"more than one element"}),
      bad<ValueError>("batch_norm", [] { return batch_norm(zeros({2, 3}), none_at_all, none_at_all, {}, {}, true, 0.1, -1e-5); }, {"eps is -1e-05"}),
      bad<ValueError>("dropout", [] { Random r(1); return dropout(a, 1.5, r); }, {"p is 1.5"}),
      bad<ShapeError>("scaled_dot_product_attention", [] { return scaled_dot_product_attention(a, b, b); }, {"q is (2, 3), k is (2, 4), v is (2, 4)"}),
      bad<ShapeError>("scaled_dot_product_attention", [] { return scaled_dot_product_attention(v, v, v); }, {"two axes or more"}),
      bad<ShapeError>("scaled_dot_product_attention", [] { return scaled_dot_product_attention(a, 2); }, {"qkv is (2, 3)", "of 2 heads"}),
      bad<ShapeError>("lstm", [] { return lstm(a, a, a, a, a).h; }, {"x is (2, 3), expected (T, N, I)"}),
      bad<ShapeError>("lstm", [] { return lstm(zeros({1, 2, 3}), a, b, a, a).h; }, {"h is (2, 3), c is (2, 4), expected (2, H)"}),
      bad<ShapeError>("lstm", [] { return lstm(zeros({1, 2, 3}), a, a, a, a).h; }, {"w_ih is (2, 3), expected (12, 3)"}),
      bad<DTypeError>("lstm", [] { return lstm(zeros({1, 2, 3}), d, d, d, d).h; }, {"float32 (1, 2, 3)", "float64 (2, 3)"}),
      bad<ShapeError>("bce_with_logits", [] { return bce_with_logits(a, a, ones({2, 1, 3})); }, {"pos_weight is (2, 1, 3)", "the input's (2, 3)"}),
      bad<ShapeError>("l1_loss", [] { return l1_loss(a, b); }, {"input is (2, 3), target is (2, 4)"}),
      bad<ValueError>("smooth_l1_loss", [] { return smooth_l1_loss(a, a, Reduction::mean, -1); }, {"beta is -1"}),
      bad<ValueError>("huber_loss", [] { return huber_loss(a, a, Reduction::mean, 0); }, {"delta is 0"}),
      bad<ValueError>("binary_cross_entropy", [] { return binary_cross_entropy(a - 1.0, a); }, {"element (0, 0)", "is -1"}),
      bad<DTypeError>("kl_div", [] { return kl_div(a, d); }, {"float32 (2, 3)", "float64 (2, 3)"}),
      bad<ShapeError>("hinge_loss", [] { return hinge_loss(a, v); }, {"input is (2, 3), target is (5,)"}),
      bad<ShapeError>("cosine_similarity", [] { return cosine_similarity(a, a, 2); }, {"axis 2"}),
      bad<ShapeError>("cosine_similarity", [] { return cosine_similarity(a, b); }, {"do not broadcast: (2, 3) and (2, 4)"}),
      bad<ValueError>("nll_loss", [] { return nll_loss(a, labels + 1.0); }, {"label 3 at (1,)", "[0, 3)"}),
      bad<ShapeError>("nll_loss", [] { return nll_loss(a, labels, Reduction::mean, v); }, {"class_weights are (5,), expected (3,)"}),
      bad<DTypeError>("nll_loss", [] { return nll_loss(a, a); }, {"labels are float32 (2, 3), expected int64"}),
      bad<ValueError>("cross_entropy", [] { return cross_entropy(a, labels, {.label_smoothing = 2}); }, {"label_smoothing is 2"}),
      bad<ValueError>("bernoulli", [] { Random r(1); return bernoulli(r, a + 2.0); }, {"element (0, 0)", "is 2"}),
      bad<ValueError>("randint", [] { Random r(1); return randint(r, 3, 3, {2}); }, {"from 3 to below 3"}),
      bad<ValueError>("multinomial", [] { Random r(1); return multinomial(r, ones({3}), 4); }, {"4 draws without replacement from 3"}),
      bad<ShapeError>("multinomial", [] { Random r(1); return multinomial(r, s, 1); }, {"float32 ()"}),
  };
}
// clang-format on

}  // namespace xgrad::tests
