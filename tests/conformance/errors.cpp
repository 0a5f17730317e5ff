// What has to be refused.
#include <xgrad/nn.hpp>

#include <algorithm>

#include "attributes.hpp"
#include "run.hpp"

namespace conformance {
namespace {

void flatten(const Json& values, std::vector<double>& flat) {
  if (values.is_array())
    for (const Json& each : values) flatten(each, flat);
  else flat.push_back(values.is_boolean() ? values.get<bool>() : number({{"value", values}}, "value"));
}

/// Where a case has both floating dtypes it is about them; else they are that of the run.
bool mixes_floats(const Json& inputs) {
  const auto has = [&](const char* dtype) {
    return std::any_of(inputs.begin(), inputs.end(), [&](const Json& input) { return input.at("dtype") == dtype; });
  };
  return has("f4") && has("f8");
}

Values inputs_of(const Cases& cases, const Json& of_case) {
  const Json& inputs = entries(of_case, "inputs");
  const bool mixed = mixes_floats(inputs);
  Values values;
  for (const Json& input : inputs) {
    const xgrad::DType dtype = choose<xgrad::DType>(input, "dtype",
                                                    {{"f8", mixed ? xgrad::float64 : cases.dtype()},
                                                     {"f4", mixed ? xgrad::float32 : cases.dtype()},
                                                     {"i8", xgrad::int64},
                                                     {"u1", xgrad::int64},
                                                     {"b1", xgrad::boolean}});
    const bool floating = is_floating(dtype);
    Tensor x = full(shape(input, "shape"), floating ? 0.5 : 0, dtype);
    if (input.contains("values")) {
      std::vector<double> flat;
      flatten(input["values"], flat);
      x = to(xgrad::from_vector(flat, x.shape()), dtype);
    }
    values[name_of(input)] = floating ? variable(x) : x;
  }
  return values;
}

/// What is made from its attributes alone.
void construct(const std::string& op, At a) {
  using namespace xgrad;
  const std::vector<Tensor> parameters{variable(zeros({1}, float64))};
  if (op == "dropout") apply(op, parameters, a);
  else make_optimizer(op, parameters, a);
}

void run_backward(const Json& of_case, const Values& values) {
  const Tensor& y = value_of(values, of_case.at("program").back().at("out").at(0));
  Tensor seed;
  if (of_case.contains("seed_shape") && !of_case["seed_shape"].is_null())
    seed = ones(shape(of_case, "seed_shape"), y.dtype());
  y.backward(seed);
}

}  // namespace

void run_error(const Cases& cases, const Json& of_case) {
  const auto phase = of_case.at("phase").get<std::string>();
  Values values = inputs_of(cases, of_case);
  xgrad::Tape tape;
  const auto run_forward = [&] { run_program(of_case.at("program"), values); };
  if (phase == "backward") run_forward();  // this has to work
  try {
    if (phase == "forward") run_forward();
    else if (phase == "backward") run_backward(of_case, values);
    else if (phase == "construct" && entries(of_case, "program").empty())
      construct(of_case.at("op"), of_case.value("attrs", Json::object()));
    else if (phase == "construct") run_forward();
    else throw std::runtime_error("phase " + phase);
  } catch (const xgrad::Error&) {
    return;
  }
  throw Failed("was not refused: " + of_case.value("why", std::string()));
}

}  // namespace conformance
