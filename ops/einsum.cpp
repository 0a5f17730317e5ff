#include <xgrad/ops/einsum.hpp>

#include <algorithm>
#include <string>

#include <xgrad/ops/internal/axes.hpp>
#include <xgrad/ops/internal/reduce.hpp>
#include <xgrad/ops/internal/view.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reshape.hpp>

namespace xgrad {
namespace {

using namespace detail;

const Op op{.name = "einsum"}, diagonal_op = view_op("diagonal");

/// A tensor and a letter for each of its axes. Those of an ellipsis are the characters from 1 on, the last axis first.
struct Term {
  Tensor value;
  std::string letters;
};

bool holds(const std::string& letters, char c) noexcept { return letters.find(c) != std::string::npos; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The letters of one part of the equation, with `open` axes for its ellipsis.
std::string letters_of(const Call& call, std::string_view equation, std::string_view part, int open) {
  std::string letters;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == ' ') continue;
    if (is_letter(part[i])) {
      letters += part[i];
    } else if (part.substr(i, 3) == "..." && !holds(letters, 1)) {
      for (int k = open; k > 0; --k) letters += static_cast<char>(k);
      i += 2;
    } else {
      call.fail<ValueError>("\"{}\": \"{}\" is not letters and at most one ...", equation, part);
    }
  }
  return letters;
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t comma = text.find(','); comma != text.npos; comma = text.find(',')) {
    parts.push_back(text.substr(0, comma));
    text.remove_prefix(comma + 1);
  }
  parts.push_back(text);
  return parts;
}

/// Of a letter that it has.
int axis_of(const Term& term, char letter) {
  int axis = 0;
  while (term.letters[static_cast<std::size_t>(axis)] != letter) ++axis;
  return axis;
}
i64 extent_of(const Term& term, char letter) { return term.value.shape()[axis_of(term, letter)]; }

/// A letter that stands twice once: the diagonal.
Term diagonal(const Call& call, const Term& term, std::string_view equation) {
  const Shape& shape = term.value.shape();
  const Strides strides = dense_strides(shape);
  Term once;
  View view(shape, 0);
  for (int i = 0; i < shape.rank(); ++i) {
    const char letter = term.letters[static_cast<std::size_t>(i)];
    const int first = axis_of(term, letter);
    if (shape[first] != shape[i])
      call.fail<ShapeError>("\"{}\": {} is {} and {} in {}", equation, letter, shape[first], shape[i],
                            to_string(shape));
    if (first == i) {
      once.letters += letter;
      view.add_axis(shape[i], strides[i]);
    } else {
      view.strides[axis_of(once, letter)] += strides[i];
    }
  }
  if (once.letters == term.letters) return term;
  const Operand from(term.value);
  Call inner(diagonal_op, from);
  return {take(inner, view), once.letters};
}

/// Without the letters that `kept` does not hold, over which it is summed.
Term summed(const Term& term, const std::string& kept) {
  AxisMask mask = 0;
  Term rest;
  for (std::size_t i = 0; i < term.letters.size(); ++i) {
    if (holds(kept, term.letters[i])) rest.letters += term.letters[i];
    else mask |= 1u << i;
  }
  rest.value = mask ? sum_axes(term.value, mask, false) : term.value;
  return rest;
}

Tensor in_order(const Term& term, const std::string& letters) {
  int order[max_rank];
  for (std::size_t i = 0; i < letters.size(); ++i) order[i] = axis_of(term, letters[i]);
  return reordered(term.value, order);
}

/// As a batch of matrices, with these letters for the batch, the rows and the columns.
Tensor as_matrices(const Term& term, const std::string& batch, const std::string& rows, const std::string& columns) {
  const auto size = [&](const std::string& letters) {
    i64 n = 1;
    for (char letter : letters) n *= extent_of(term, letter);
    return n;
  };
  return reshape(in_order(term, batch + rows + columns), {size(batch), size(rows), size(columns)});
}

/// The product of two, summed over what `later`, the letters that are still needed, does not hold.
Term product(const Call& call, Term a, Term b, const std::string& later) {
  a = summed(a, b.letters + later), b = summed(b, a.letters + later);
  std::string batch, inner, rows, columns;
  Shape shape;
  for (char letter : a.letters) (!holds(b.letters, letter) ? rows : holds(later, letter) ? batch : inner) += letter;
  for (char letter : b.letters)
    if (!holds(a.letters, letter)) columns += letter;
  for (char letter : batch + rows) shape.push_back(extent_of(a, letter), call.site());
  for (char letter : columns) shape.push_back(extent_of(b, letter), call.site());
  const Tensor y = matmul(as_matrices(a, batch, rows, inner), as_matrices(b, batch, inner, columns));
  return {reshape(y, shape), batch + rows + columns};
}

/// An extent of 1 under a letter of an ellipsis is broadcast: it is left out where another argument has the letter.
void drop_broadcast(std::vector<Term>& terms) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const std::string letters = terms[i].letters;
    for (char letter : letters) {
      const bool elsewhere = std::any_of(terms.begin(), terms.end(), [&](const Term& other) {
        return &other != &terms[i] && holds(other.letters, letter);
      });
      if (is_letter(letter) || !elsewhere || extent_of(terms[i], letter) != 1) continue;
      terms[i] = summed(terms[i], [&] {
        std::string rest = terms[i].letters;
        rest.erase(rest.find(letter), 1);
        return rest;
      }());
    }
  }
}

void check_extents(const Call& call, const std::vector<Term>& terms, std::string_view equation) {
  for (const Term& a : terms)
    for (const Term& b : terms)
      for (char letter : a.letters)
        if (holds(b.letters, letter) && extent_of(a, letter) != extent_of(b, letter))
          call.fail<ShapeError>("\"{}\": {} is {} and {}: {} and {}", equation,
                                is_letter(letter) ? std::string(1, letter) : "an axis of ...", extent_of(a, letter),
                                extent_of(b, letter), to_string(a.value.shape()), to_string(b.value.shape()));
}

/// The result's letters where the equation does not say, from those of all arguments: what stands there once.
std::string implied(std::string all) {
  std::sort(all.begin(), all.end(), [](char a, char b) {
    return is_letter(a) != is_letter(b) ? is_letter(b) : is_letter(a) ? a < b : a > b;
  });
  std::string once;
  for (char letter : all)
    if (is_letter(letter) ? std::count(all.begin(), all.end(), letter) == 1 : !holds(once, letter)) once += letter;
  return once;
}

}  // namespace

Tensor einsum(std::string_view equation, const std::vector<Tensor>& tensors, Site site) {
  if (tensors.empty()) fail<ValueError>(op.name, site, "no tensors");
  const Call call(op, tensors.data(), static_cast<int>(tensors.size()), site);
  call.floating();
  const CallScope scope(call);
  const std::size_t arrow = equation.find("->");
  const std::vector<std::string_view> parts = parts_of(equation.substr(0, arrow));
  if (parts.size() != tensors.size())
    call.fail<ValueError>("\"{}\" names {} arguments, {} are given", equation, parts.size(), tensors.size());
  std::vector<Term> terms;
  std::string all;
  int most_open = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto named = static_cast<int>(letters_of(call, equation, parts[i], 0).size());
    const int rank = tensors[i].rank(), open = parts[i].find("...") == parts[i].npos ? 0 : rank - named;
    if (open < 0 || named + open != rank)
      call.fail<ShapeError>("\"{}\": \"{}\" for {}", equation, parts[i], describe(tensors[i]));
    most_open = std::max(most_open, open);
    const std::string letters = letters_of(call, equation, parts[i], open);
    all += letters;
    terms.push_back(diagonal(call, {tensors[i], letters}, equation));
  }
  const std::string result =
      arrow == equation.npos ? implied(all) : letters_of(call, equation, equation.substr(arrow + 2), most_open);
  for (char letter : result)
    if (std::count(result.begin(), result.end(), letter) > 1 ||
        std::none_of(terms.begin(), terms.end(), [&](const Term& t) { return holds(t.letters, letter); }))
      call.fail<ValueError>("\"{}\": {} in the result, expected letters of the arguments, each once", equation,
                            is_letter(letter) ? std::string(1, letter) : "...");
  drop_broadcast(terms);
  check_extents(call, terms, equation);

  Term product_so_far = terms[0];
  for (std::size_t i = 1; i < terms.size(); ++i) {
    std::string later = result;
    for (std::size_t k = i + 1; k < terms.size(); ++k) later += terms[k].letters;
    product_so_far = product(call, product_so_far, terms[i], later);
  }
  const Tensor y = in_order(summed(product_so_far, result), result);
  return terms.size() == 1 ? copy_of(y) : y;
}

}  // namespace xgrad
