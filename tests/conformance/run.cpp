// One case, by its kind.
#include <fmt/format.h>

#include "cases.hpp"

namespace conformance {
namespace {

using Values = std::map<std::string, Tensor>;

std::string name_of(const Json& reference) {
  return reference.contains("of") ? reference["of"].get<std::string>() : reference.at("name").get<std::string>();
}

void run_program(const Json& program, Values& values) {
  for (const Json& step : program) {
    Tensors in;
    for (const Json& name : step.at("in")) in.push_back(values.at(name));
    const Tensors out = apply(step.at("op"), in, step.value("attrs", Json::object()));
    const Json& names = step.at("out");
    if (out.size() != names.size())
      throw Failed(
          fmt::format("{} gave {} results, expected {}", step["op"].get<std::string>(), out.size(), names.size()));
    for (std::size_t i = 0; i < out.size(); ++i) values[names[i]] = out[i];
  }
}

/// The gradients of a 0-d value, zeros where there is no path.
Tensors gradients(xgrad::Tape& tape, const Tensor& y, const Tensors& xs, bool create_graph = false) {
  if (y.requires_grad()) return tape.gradient(y, xs, {.create_graph = create_graph});
  Tensors zeros;
  for (const Tensor& x : xs) zeros.push_back(xgrad::zeros(x.shape(), x.dtype()));
  return zeros;
}

/// The sum of the products of tensors, two by two.
Tensor inner(const Tensors& a, const Tensors& b, xgrad::DType dtype) {
  Tensor total = xgrad::zeros({}, dtype);
  for (std::size_t i = 0; i < a.size(); ++i) total = total + sum(a[i] * b[i]);
  return total;
}

const Json& list(const Json& of_case, const char* key) {
  static const Json none = Json::array();
  return of_case.contains(key) ? of_case[key] : none;
}

/// All of them pass, or the first that does not throws.
void check_gradients(const Check& check, const char* what, const Cases& cases, const Json& of_case, const Json& wanted,
                     const std::map<std::string, Tensor>& found) {
  for (const Json& w : wanted)
    check(fmt::format("{} {}", what, name_of(w)), found.at(name_of(w)), cases.expected(w, of_case), w);
}

/// grads, or those of any one rule for ties.
void check_first(const Check& check, const Cases& cases, const Json& of_case, const Values& found) {
  check_gradients(check, "gradient of", cases, of_case, list(of_case, "grads"), found);
  if (!of_case.contains("grads_any_of")) return;
  std::string why;
  for (const Json& rule : of_case["grads_any_of"]) try {
      check_gradients(check, "gradient of", cases, of_case, rule.contains("grads") ? rule["grads"] : rule, found);
      return;
    } catch (const Failed& failed) {
      if (why.empty()) why = failed.what();
    }
  throw Failed("no rule for ties fits: " + why);
}

void run_gradients(const Cases& cases, const Json& of_case) {
  const Check check(cases.dtype());
  Values values, variables;
  Tensors xs;
  std::vector<std::string> names;
  for (const Json& input : list(of_case, "inputs")) {
    Tensor x = cases.array(input, of_case);
    if (input.value("diff", false)) {
      x = variable(x);
      xs.push_back(x);
      names.push_back(name_of(input));
    }
    values[name_of(input)] = x;
  }
  xgrad::Tape tape;
  run_program(of_case.at("program"), values);
  for (const Json& output : list(of_case, "outputs"))
    check("output " + name_of(output), values.at(name_of(output)), cases.expected(output, of_case), output);
  if (xs.empty() || !of_case.contains("grads")) {
    if (!of_case.contains("grads_any_of")) return;
  }

  const bool second = of_case.contains("second");
  Tensors ys, seeds;
  std::vector<std::string> seed_names;
  for (const Json& up : list(of_case, "upstream")) {
    ys.push_back(values.at(name_of(up)));
    Tensor seed = cases.array(up, of_case);
    seeds.push_back(second ? variable(seed) : seed);
    seed_names.push_back(name_of(up));
  }
  const Tensor loss = inner(ys, seeds, cases.dtype());
  const Tensors found = gradients(tape, loss, xs, second);
  Values first;
  for (std::size_t i = 0; i < xs.size(); ++i) first[names[i]] = found[i];
  check_first(check, cases, of_case, first);
  if (!second) return;

  const Json& order_2 = of_case["second"];
  Tensors directions, along;
  for (const Json& v : order_2.at("v")) {
    directions.push_back(cases.array(v, of_case));
    along.push_back(first.at(name_of(v)));
  }
  const Tensor s = inner(along, directions, cases.dtype());
  const auto check_order_2 = [&](const char* what, const char* key, const Tensors& of,
                                 const std::vector<std::string>& of_names) {
    if (list(order_2, key).empty()) return;
    const Tensors g = gradients(tape, s, of);
    Values by_name;
    for (std::size_t i = 0; i < g.size(); ++i) by_name[of_names[i]] = g[i];
    check_gradients(check, what, cases, of_case, order_2[key], by_name);
  };
  check_order_2("second derivative by", "grads", xs, names);
  check_order_2("forward derivative of", "wrt_upstream", seeds, seed_names);
}

void run_nth_derivative(const Cases& cases, const Json& of_case) {
  const Check check(cases.dtype());
  const Json& input = of_case.at("inputs").at(0);
  const Tensor x = variable(cases.array(input, of_case));
  Values values{{name_of(input), x}};
  xgrad::Tape tape;
  run_program(of_case.at("program"), values);
  Tensor y = values.at(of_case["program"].back().at("out").at(0));
  for (const Json& derivative : of_case.at("derivatives")) {
    const auto order = derivative.at("order").get<int>();
    check(fmt::format("derivative {}", order), y, cases.expected(derivative, of_case), derivative);
    if (&derivative == &of_case["derivatives"].back()) break;
    y = gradients(tape, sum(y), {x}, true)[0];
  }
}

Tensor filled(const Cases& cases, const Json& input) {
  const auto extents = input.at("shape").get<std::vector<std::int64_t>>();
  const xgrad::Shape shape(extents.data(), static_cast<int>(extents.size()));
  const auto name = input.at("dtype").get<std::string>();
  const xgrad::DType dtype = name == "i8" || name == "u1" ? xgrad::int64
                             : name == "b1"               ? xgrad::boolean
                                                          : cases.dtype();
  if (!input.contains("values")) return full(shape, dtype == xgrad::int64 || dtype == xgrad::boolean ? 0 : 0.5, dtype);
  std::vector<double> values;
  const auto flatten = [&](const Json& v, auto& self) -> void {
    if (v.is_array())
      for (const Json& each : v) self(each, self);
    else values.push_back(v.is_boolean() ? v.get<bool>() : v.get<double>());
  };
  flatten(input["values"], flatten);
  return to(xgrad::from_vector(values, shape), dtype);
}

/// What is refused has to be refused by xgrad, with a message.
void run_error(const Cases& cases, const Json& of_case) {
  const auto phase = of_case.at("phase").get<std::string>();
  Values values;
  for (const Json& input : list(of_case, "inputs")) {
    Tensor x = filled(cases, input);
    values[name_of(input)] = is_floating(x.dtype()) ? variable(x) : x;
  }
  xgrad::Tape tape;
  bool forward_done = false;
  try {
    if (phase == "construct") {
      apply(of_case.at("op"), {}, of_case.value("attrs", Json::object()));
    } else {
      run_program(of_case.at("program"), values);
      forward_done = true;
      if (phase == "backward") {
        const Tensor y = values.at(of_case["program"].back().at("out").at(0));
        Tensor seed;
        if (of_case.contains("seed_shape") && !of_case["seed_shape"].is_null()) {
          const auto extents = of_case["seed_shape"].get<std::vector<std::int64_t>>();
          seed = ones(xgrad::Shape(extents.data(), static_cast<int>(extents.size())), y.dtype());
        }
        y.backward(seed);
      }
    }
  } catch (const xgrad::Error&) {
    if (phase == "backward" && !forward_done) throw Failed("the forward pass was refused");
    return;
  }
  throw Failed("was not refused: " + of_case.value("why", std::string()));
}

}  // namespace

void run_case(const Cases& cases, const Json& of_case) {
  const auto kind = of_case.at("kind").get<std::string>();
  if (cases.dtype() == xgrad::float32 && of_case.contains("t32") && of_case["t32"].is_null())
    throw Skipped("float32 cannot hold the answer");
  if (kind == "grad" || kind == "forward") return run_gradients(cases, of_case);
  if (kind == "nth_derivative") return run_nth_derivative(cases, of_case);
  if (kind == "error") return run_error(cases, of_case);
  throw Skipped("kind " + kind);
}

}  // namespace conformance
