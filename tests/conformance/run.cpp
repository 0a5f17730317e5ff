// One case, by its kind.
#include <fmt/format.h>

#include "run.hpp"

namespace conformance {
std::string name_of(const Json& reference) {
  return reference.contains("of") ? reference["of"].get<std::string>() : reference.at("name").get<std::string>();
}

const Tensor& value_of(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) throw Failed("there is no " + name);
  return found->second;
}

void run_program(const Json& program, Values& values) {
  for (const Json& step : program) {
    Tensors in;
    for (const Json& name : step.at("in")) in.push_back(value_of(values, name));
    const Tensors out = apply(step.at("op"), in, step.value("attrs", Json::object()));
    const Json& names = step.at("out");
    if (out.size() < names.size())
      throw Failed(
          fmt::format("{} gave {} results, expected {}", step["op"].get<std::string>(), out.size(), names.size()));
    for (std::size_t i = 0; i < out.size(); ++i) values[names[i]] = out[i];
  }
}

const Json& entries(const Json& of_case, const char* key) {
  static const Json none = Json::array();
  return of_case.contains(key) ? of_case[key] : none;
}

namespace {

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

/// All of them pass, or the first that does not throws.
void check_gradients(const Check& check, const char* what, const Cases& cases, const Json& of_case, const Json& wanted,
                     const std::map<std::string, Tensor>& found) {
  for (const Json& w : wanted)
    check(fmt::format("{} {}", what, name_of(w)), value_of(found, name_of(w)), cases.expected(w, of_case), w);
}

/// The gradients of each rule for ties: a list of rules, each an object with its grads or just these, or of gradients
/// that name their rule.
std::vector<Json> rules_of(const Json& given) {
  std::map<std::string, Json> by_name;
  std::vector<Json> rules;
  for (const Json& rule : given) {
    if (rule.is_array()) rules.push_back(rule);
    else if (rule.contains("grads")) rules.push_back(rule["grads"]);
    else by_name[rule.contains("rule") ? rule["rule"].dump() : std::to_string(by_name.size())].push_back(rule);
  }
  for (const auto& named : by_name) rules.push_back(named.second);
  return rules;
}

/// grads, or those of any one rule for ties.
void check_first(const Check& check, const Cases& cases, const Json& of_case, const Values& found) {
  check_gradients(check, "gradient of", cases, of_case, entries(of_case, "grads"), found);
  if (!of_case.contains("grads_any_of")) return;
  std::string why;
  for (const Json& rule : rules_of(of_case["grads_any_of"])) try {
      check_gradients(check, "gradient of", cases, of_case, rule, found);
      return;
    } catch (const Failed& failed) {
      why += "; " + std::string(failed.what());
    }
  throw Failed("no rule for ties fits" + why);
}

/// Where a case gives none, 1 for the loss, or for each output that has a gradient.
Json upstream_of(const Json& of_case) {
  if (of_case.contains("upstream")) return of_case["upstream"];
  Json outputs = Json::array(), loss = Json::array();
  for (const Json& output : entries(of_case, "outputs"))
    if (output.value("diff", true)) (name_of(output) == "loss" ? loss : outputs).push_back({{"of", name_of(output)}});
  return loss.empty() ? outputs : loss;
}

void run_gradients(const Cases& cases, const Json& of_case) {
  const Check check(cases.dtype());
  Values values, variables;
  Tensors xs;
  std::vector<std::string> names;
  for (const Json& input : entries(of_case, "inputs")) {
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
  for (const Json& output : entries(of_case, "outputs"))
    check("output " + name_of(output), value_of(values, name_of(output)), cases.expected(output, of_case), output);
  if (!of_case.contains("grads") && !of_case.contains("grads_any_of")) return;

  const bool second = of_case.contains("second");
  Tensors ys, seeds;
  std::vector<std::string> seed_names;
  for (const Json& up : upstream_of(of_case)) {
    ys.push_back(value_of(values, name_of(up)));
    const Tensor seed = up.contains("offset") ? cases.array(up, of_case) : ones(ys.back().shape(), cases.dtype());
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
    along.push_back(value_of(first, name_of(v)));
  }
  const Tensor s = inner(along, directions, cases.dtype());
  const auto check_order_2 = [&](const char* what, const char* key, const Tensors& of,
                                 const std::vector<std::string>& of_names) {
    if (entries(order_2, key).empty()) return;
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

}  // namespace

void run_case(const Cases& cases, const Json& of_case) {
  const auto kind = of_case.at("kind").get<std::string>();
  if (cases.dtype() == xgrad::float32 && of_case.contains("t32") && of_case["t32"].is_null())
    throw Skipped("float32 cannot hold the answer");
  if (kind == "grad" || kind == "forward") return run_gradients(cases, of_case);
  if (kind == "nth_derivative") return run_nth_derivative(cases, of_case);
  if (kind == "error") return run_error(cases, of_case);
  if (kind == "optimizer") return run_optimizer(cases, of_case);
  if (kind == "clip") return run_clip(cases, of_case);
  if (kind == "schedule") return run_schedule(cases, of_case);
  if (kind == "training") return run_training(cases, of_case);
  throw Skipped("kind " + kind);
}

}  // namespace conformance
