// Optimizers, schedules, clipping, and whole trainings.
#include <fmt/format.h>

#include <xgrad/nn.hpp>

#include <memory>
#include <set>

#include <optimizer_options.hpp>

#include "attributes.hpp"
#include "run.hpp"

namespace conformance {
namespace {

using namespace xgrad;
using Made = std::unique_ptr<nn::Optimizer>;

/// The options that the attributes set; where these have more, it is no optimizer of ours.
template <class Options> Options options_of(const Json& attributes) {
  Json a = attributes;
  if (a.contains("betas")) a["beta1"] = a["betas"].at(0), a["beta2"] = a["betas"].at(1);
  if (a.contains("decay_rate")) a["alpha"] = a["decay_rate"];
  std::set<std::string> known{"lr_per_step", "betas", "decay_rate"};
  Options o;
  xgrad::tests::each_option(o, [&](const char* key, auto& option) {
    known.insert(key);
    option = value(a, key, option);
  });
  for (const auto& [key, given] : a.items())
    if (!known.contains(key) && given != Json(false) && !given.is_null())
      throw UnknownOp(fmt::format("{} with {}", Options::name, key));
  return o;
}

template <class Options> Made make(const Tensors& parameters, At a) {
  return std::make_unique<nn::UpdateOptimizer<Options>>(parameters, options_of<Options>(a));
}

/// The book's Adagrad and RMSprop are PyTorch's with another eps.
template <class Options> Made make_with_book_eps(const Tensors& parameters, At a) {
  Json more = a;
  more["eps"] = 1e-7;
  return make<Options>(parameters, more);
}

}  // namespace

Made make_optimizer(const std::string& op, const Tensors& parameters, At a) {
  using Maker = Made (*)(const Tensors&, At);
  static const std::map<std::string, Maker> makers{{"sgd", make<SgdOptions>},
                                                   {"adam", make<AdamOptions>},
                                                   {"adamw", make<AdamwOptions>},
                                                   {"adagrad", make<AdagradOptions>},
                                                   {"rmsprop", make<RmspropOptions>},
                                                   {"adadelta", make<AdadeltaOptions>},
                                                   {"adamax", make<AdamaxOptions>},
                                                   {"nadam", make<NadamOptions>},
                                                   {"radam", make<RadamOptions>},
                                                   {"lion", make<LionOptions>},
                                                   {"book_sgd", make<SgdOptions>},
                                                   {"book_momentum", make<BookMomentumOptions>},
                                                   {"book_nesterov", make<BookNesterovOptions>},
                                                   {"book_adagrad", make_with_book_eps<AdagradOptions>},
                                                   {"book_rmsprop", make_with_book_eps<RmspropOptions>},
                                                   {"book_adam", make<BookAdamOptions>}};
  const auto found = makers.find(op);
  if (found == makers.end()) throw UnknownOp(op);
  return found->second(parameters, a);
}

void run_optimizer(const Cases& cases, const Json& of_case) {
  const Check check(cases.dtype());
  Tensors parameters, gradients;
  for (const Json& p : of_case.at("params")) parameters.push_back(variable(cases.array(p, of_case)));
  for (const Json& g : of_case.at("given_grads")) gradients.push_back(cases.array(g, of_case));
  const Json& attrs = of_case.at("attrs");
  const Made optimizer = make_optimizer(of_case.at("op"), parameters, attrs);
  const Json& expected = of_case.at("expected");
  for (int64_t t = 0; t < of_case.at("steps").get<int64_t>(); ++t) {
    if (attrs.contains("lr_per_step")) optimizer->set_lr(attrs["lr_per_step"].at(static_cast<std::size_t>(t)));
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].set_grad(slice(gradients[i], {t}));
    optimizer->step();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      check(fmt::format("step {}: {}", t, name_of(expected[i])), parameters[i],
            slice(cases.expected(expected[i], of_case), {t}), expected[i]);
  }
}

void run_clip(const Cases& cases, const Json& of_case) {
  const Check check(cases.dtype());
  const auto op = of_case.at("op").get<std::string>();
  const Json& attrs = of_case.at("attrs");
  Tensors parameters;
  for (const Json& input : of_case.at("inputs")) {
    const Tensor gradient = cases.array(input, of_case);
    parameters.push_back(variable(zeros(gradient.shape(), gradient.dtype())));
    parameters.back().set_grad(gradient);
  }
  const Json& expected = of_case.at("expected");
  if (op == "clip_grad_norm") {
    const Tensor total = nn::clip_grad_norm_(parameters, number(attrs, "max_norm"), number(attrs, "norm_type", 2));
    if (of_case.contains("total_norm"))
      check("the norm before", total, tensor(of_case["total_norm"].get<double>(), float64), expected.at(0));
  } else if (op == "clip_grad_value") {
    nn::clip_grad_value_(parameters, number(attrs, "clip_value"));
  } else {
    throw UnknownOp(op);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i)
    check(name_of(expected[i]), parameters[i].grad(), cases.expected(expected[i], of_case), expected[i]);
}

namespace {

std::unique_ptr<nn::Schedule> make_schedule(const std::string& op, nn::Optimizer& optimizer, At a) {
  const double gamma = number(a, "gamma", 0.1), eta_min = number(a, "eta_min", 0);
  const int64_t total = whole(a, "total_iters", 5);
  const auto made = [&]<class Rule>(Rule rule) -> std::unique_ptr<nn::Schedule> {
    return std::make_unique<nn::RuleSchedule<Rule>>(optimizer, rule);
  };
  if (op == "step") return made(nn::StepRule{whole(a, "step_size", 0), gamma});
  if (op == "multistep") return made(nn::MultiStepRule{list(a, "milestones"), gamma});
  if (op == "exponential") return made(nn::ExponentialRule{gamma});
  if (op == "cosine") return made(nn::CosineRule{whole(a, "T_max", 0), eta_min});
  if (op == "cosine_warm_restarts")
    return made(nn::WarmRestartsRule{whole(a, "T_0", 0), whole(a, "T_mult", 1), eta_min});
  if (op == "linear")
    return made(nn::LinearRule{number(a, "start_factor", 1.0 / 3), number(a, "end_factor", 1), total});
  if (op == "constant") return made(nn::ConstantRule{number(a, "factor", 1.0 / 3), total});
  if (op == "polynomial") return made(nn::PolynomialRule{total, number(a, "power", 1)});
  if (op == "one_cycle")
    return made(nn::OneCycleRule{.max_lr = number(a, "max_lr"),
                                 .total_steps = whole(a, "total_steps", 0),
                                 .pct_start = number(a, "pct_start", 0.3),
                                 .anneal_strategy = choose<nn::Anneal>(
                                     a, "anneal_strategy", {{"cos", nn::Anneal::cos}, {"linear", nn::Anneal::linear}}),
                                 .div_factor = number(a, "div_factor", 25),
                                 .final_div_factor = number(a, "final_div_factor", 1e4),
                                 .three_phase = flag(a, "three_phase")});
  throw UnknownOp(op);
}

}  // namespace

void run_schedule(const Cases& cases, const Json& of_case) {
  const auto op = of_case.at("op").get<std::string>();
  const Json& a = of_case.at("attrs");
  nn::SGD optimizer({variable(zeros({1}))}, {.lr = number(a, "base_lr", 1)});
  std::vector<double> rates;
  const auto steps = of_case.at("steps").get<std::size_t>();
  if (op == "reduce_on_plateau") {
    nn::ReduceLROnPlateau schedule(optimizer, {.maximize = value<std::string>(a, "mode", "min") == "max",
                                               .factor = number(a, "factor", 0.1),
                                               .patience = whole(a, "patience", 10),
                                               .threshold = number(a, "threshold", 1e-4),
                                               .relative = value<std::string>(a, "threshold_mode", "rel") == "rel",
                                               .cooldown = whole(a, "cooldown", 0),
                                               .min_lr = number(a, "min_lr", 0)});
    for (std::size_t i = 0; i < steps; ++i) {
      rates.push_back(optimizer.lr());
      schedule.step(a.at("metrics").at(i).get<double>());
    }
  } else {
    const auto schedule = make_schedule(op, optimizer, a);
    for (std::size_t i = 0; i < steps; ++i) {
      rates.push_back(optimizer.lr());
      schedule->step();
    }
  }
  const auto want = of_case.at("lrs").get<std::vector<double>>();
  const auto as_tensor = [](const std::vector<double>& list) { return from_vector(list, {list.size()}); };
  Check(cases.dtype())("rates", as_tensor(rates), as_tensor(want), of_case);
}

void run_training(const Cases& cases, const Json& of_case) {
  const Check check(cases.dtype());
  Values inputs;
  for (const Json& input : of_case.at("inputs")) inputs[name_of(input)] = cases.array(input, of_case);
  Tensors parameters;
  for (const Json& name : of_case.at("params")) {
    Tensor& p = inputs.at(name);
    p = variable(p);
    parameters.push_back(p);
  }
  const Json& how = of_case.at("optimizer");
  const Made optimizer = make_optimizer(how.at("op"), parameters, how.at("attrs"));
  std::vector<double> losses;
  for (std::size_t k = 0; k < of_case.at("steps").get<std::size_t>(); ++k) {
    Tape tape;
    Values values = inputs;
    if (!entries(of_case, "batches").empty())
      for (const Json& name : of_case.at("batched_inputs")) {
        const Json& range = of_case["batches"].at(k);
        values[name] = slice(inputs.at(name), {Slice(range.at(0).get<int64_t>(), range.at(1).get<int64_t>())});
      }
    run_program(of_case.at("program"), values);
    const Tensor& loss = value_of(values, "loss");
    losses.push_back(loss.item());
    loss.backward();
    if (of_case.contains("clip_grad_norm") && !of_case["clip_grad_norm"].is_null()) {
      const Json& given = of_case["clip_grad_norm"];
      nn::clip_grad_norm_(parameters, given.is_object() ? number(given, "max_norm") : given.get<double>(),
                          given.is_object() ? number(given, "norm_type", 2) : 2);
    }
    optimizer->step();
    optimizer->zero_grad();
    for (const Json& pair : entries(of_case, "carry")) inputs[pair.at(0)] = value_of(values, pair.at(1)).detach();
  }
  const Json& wanted = of_case.at("losses");
  check("losses", from_vector(losses, {losses.size()}), cases.expected(wanted, of_case), wanted);
  for (const char* key : {"final_params", "final_carry"})
    for (const Json& last : entries(of_case, key))
      check(fmt::format("{} {}", key, name_of(last)), value_of(inputs, name_of(last)), cases.expected(last, of_case),
            last);
}

}  // namespace conformance
