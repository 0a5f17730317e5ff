// Every optimizer and schedule beside PyTorch's, whose paths are in optimizers.txt (optimizers.py wrote it).
#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optimizer_options.hpp>
#include <sstream>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;
using namespace xgrad::tests;

namespace {

constexpr int steps = 20;
const std::vector<int> told{0, 1, 2, 4, 9, 14, 19};

struct Case {
  std::string name;
  std::map<std::string, std::string> options;
  std::vector<double> numbers;

  double number(const char* key, double missing) const {
    const auto found = options.find(key);
    return found == options.end() ? missing : std::stod(found->second);
  }
  std::int64_t whole(const char* key, std::int64_t missing) const {
    return static_cast<std::int64_t>(number(key, static_cast<double>(missing)));
  }
  std::vector<std::int64_t> wholes(const char* key) const {
    std::istringstream text(options.at(key));
    std::vector<std::int64_t> list;
    for (std::string part; std::getline(text, part, ',');) list.push_back(std::stoll(part));
    return list;
  }
  bool is(const char* key, const char* value) const {
    const auto found = options.find(key);
    return found != options.end() && found->second == value;
  }
};

std::vector<Case> cases() {
  std::ifstream file(XGRAD_SOURCES "/tests/nn/optimizers.txt");
  std::vector<Case> all;
  for (std::string line, word; std::getline(file, line);) {
    const std::size_t bar = line.find('|');
    std::istringstream words(line.substr(0, bar)), numbers(line.substr(bar + 1));
    Case c;
    words >> c.name;
    while (words >> word) {
      const std::size_t equals = word.find('=');
      std::string key = word.substr(0, equals), value = word.substr(equals + 1);
      if (key == "betas") {
        c.options["beta1"] = value.substr(0, value.find(','));
        key = "beta2", value = value.substr(value.find(',') + 1);
      }
      c.options[key] = value;
    }
    for (double x = 0; numbers >> x;) c.numbers.push_back(x);
    all.push_back(std::move(c));
  }
  return all;
}

template <class Options> Options options_of(const Case& c) {
  Options o;
  std::size_t used = 0;
  each_option(o, [&](const char* key, auto& option) {
    if (!c.options.contains(key)) return;
    ++used;
    if constexpr (std::is_same_v<decltype(option), bool&>) option = c.is(key, "True");
    else option = static_cast<std::remove_reference_t<decltype(option)>>(c.number(key, 0));
  });
  CHECK(used == c.options.size());
  return o;
}

/// The largest difference, relative where numbers are large.
double difference(const std::vector<double>& got, const std::vector<double>& want) {
  REQUIRE(got.size() == want.size());
  double most = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    most = std::max(most, std::abs(got[i] - want[i]) / std::max(1.0, std::abs(want[i])));
  return most;
}

Tensor gradient(int step) {
  std::vector<double> g;
  for (int i = 0; i < 6; ++i) g.push_back(std::sin(1.3 * step + i) * (i + 1));
  return from_vector(g, {6});
}

Tensor weights() { return variable(tensor({0.5, -1, 2, 0.25, -0.125, 1.5}, float64)); }

void note(std::vector<double>& path, const Tensor& w, int step) {
  if (std::find(told.begin(), told.end(), step) == told.end()) return;
  for (const double x : w.to_vector<double>()) path.push_back(x);
}

using Made = std::unique_ptr<nn::Optimizer>;
template <class Options> Made make(const Tensor& w, const Case& c) {
  return std::make_unique<nn::UpdateOptimizer<Options>>(std::vector<Tensor>{w}, options_of<Options>(c));
}
Made make(const Tensor& w, const Case& c) {
  static const std::map<std::string, Made (*)(const Tensor&, const Case&)> makers{
      {"SGD", make<SgdOptions>},           {"Adam", make<AdamOptions>},
      {"AdamW", make<AdamwOptions>},       {"Adagrad", make<AdagradOptions>},
      {"RMSprop", make<RmspropOptions>},   {"Adadelta", make<AdadeltaOptions>},
      {"Adamax", make<AdamaxOptions>},     {"NAdam", make<NadamOptions>},
      {"RAdam", make<RadamOptions>},       {"Lion", make<LionOptions>},
      {"BookAdam", make<BookAdamOptions>}, {"BookMomentum", make<BookMomentumOptions>}};
  const auto found = makers.find(c.name);
  return found == makers.end() ? nullptr : found->second(w, c);
}

/// 20 steps; after `stop` of them everything moves into an optimizer of its own, by way of the state.
std::vector<double> path(const Case& c, int stop = steps) {
  Tensor w = weights();
  Made optimizer = make(w, c);
  std::vector<double> path;
  for (int step = 0; step < steps; ++step) {
    if (step == stop) {
      const Tensor other = variable(w.clone());
      Made resumed = make(other, c);
      resumed->load_state(optimizer->state());
      w = other, optimizer = std::move(resumed);
    }
    w.set_grad(gradient(step));
    optimizer->step();
    note(path, w, step);
  }
  return path;
}

/// The losses of optimizers.py, and their weights.
struct Problem {
  std::vector<Tensor> w;
  explicit Problem(bool net) {
    if (net) w = {variable(tensor({{0.5, -1}, {0.25, 0.75}}, float64)), variable(tensor({0.1, -0.2}, float64))};
    else w = {variable(tensor({-1.2, 1}, float64))};
  }
  Tensor loss() const {
    if (w.size() == 2) {
      const Tensor x = tensor({{1, 2}, {-1, 0.5}, {0.3, -2}}, float64),
                   y = tensor({{0.5, 0.1}, {-0.2, 0.9}, {0, -0.7}}, float64);
      return sum(square(tanh(matmul(x, w[0]) + w[1]) - y));
    }
    const Tensor a = slice(w[0], {0}), b = slice(w[0], {1});
    return square(1 - a) + 100 * square(b - square(a));
  }
};

std::vector<double> lbfgs_path(const Case& c, int stop = steps) {
  const auto options = options_of<nn::LbfgsOptions>(c);
  Problem f(c.name == "LBFGSNet");
  auto optimizer = std::make_unique<nn::LBFGS>(f.w, options);
  std::vector<double> path;
  for (int step = 0; step < steps; ++step) {
    if (step == stop) {
      for (Tensor& w : f.w) w = variable(w.clone());
      auto resumed = std::make_unique<nn::LBFGS>(f.w, options);
      resumed->load_state(optimizer->state());
      optimizer = std::move(resumed);
    }
    optimizer->step([&] {
      optimizer->zero_grad();
      Tape tape;
      const Tensor loss = f.loss();
      loss.backward();
      return loss;
    });
    for (const Tensor& w : f.w) note(path, w, step);
  }
  return path;
}

/// Schedules are made anew after `stop` steps, too.
template <class Make, class Step> std::vector<double> rates(Make make_schedule, Step step_on, int stop) {
  nn::SGD optimizer({weights()}, {.lr = 0.1});
  auto schedule = make_schedule(optimizer);
  std::vector<double> rates;
  for (int step = 0; step < steps; ++step) {
    if (step == stop) {
      const auto state = schedule->state();
      schedule = make_schedule(optimizer);
      schedule->load_state(state);
    }
    rates.push_back(optimizer.lr());
    step_on(*schedule, step);
  }
  return rates;
}

template <class Rule> std::vector<double> rates_of(const Rule& rule, int stop) {
  return rates([&](nn::Optimizer& o) { return std::make_unique<nn::RuleSchedule<Rule>>(o, rule); },
               [](nn::Schedule& s, int) { s.step(); }, stop);
}

std::vector<double> sequential_rates(nn::Optimizer& optimizer, const std::vector<const nn::Schedule*>& parts,
                                     const std::vector<std::int64_t>& milestones, int stop) {
  std::vector<double> rates;
  auto schedule = std::make_unique<nn::SequentialLR>(optimizer, parts, milestones);
  for (int step = 0; step < steps; ++step) {
    if (step == stop) {
      const auto state = schedule->state();
      schedule = std::make_unique<nn::SequentialLR>(optimizer, parts, milestones);
      schedule->load_state(state);
    }
    rates.push_back(optimizer.lr());
    schedule->step();
  }
  return rates;
}

std::vector<double> three_rates(int stop) {
  nn::SGD optimizer({weights()}, {.lr = 0.1});
  const nn::LinearLR warm_up(optimizer, {.start_factor = 0.1, .total_iters = 5});
  const nn::CosineAnnealingLR cosine(optimizer, {.t_max = 10});
  const nn::ExponentialLR decay(optimizer, {.gamma = 0.8});
  return sequential_rates(optimizer, {&warm_up, &cosine, &decay}, {5, 12}, stop);
}

std::vector<double> two_rates(int stop) {
  nn::SGD optimizer({weights()}, {.lr = 0.1});
  const nn::ConstantLR half(optimizer, {.factor = 0.5, .total_iters = 100});
  const nn::StepLR falling(optimizer, {.step_size = 2, .gamma = 0.7});
  return sequential_rates(optimizer, {&half, &falling}, {1}, stop);
}

std::vector<double> plateau_rates(const Case& c, int stop) {
  static const double figures[] = {1.0, .9,  .8,  .8, .81, .8,  .79, .79, .79, .79,
                                   .79, .85, .84, .6, .6,  .61, .6,  .6,  .6,  .7};
  const nn::PlateauOptions options{.maximize = c.is("mode", "max"),
                                   .factor = c.number("factor", 0.1),
                                   .patience = c.whole("patience", 10),
                                   .threshold = c.number("threshold", 1e-4),
                                   .relative = !c.is("threshold_mode", "abs"),
                                   .cooldown = c.whole("cooldown", 0),
                                   .min_lr = c.number("min_lr", 0),
                                   .eps = c.number("eps", 1e-8)};
  nn::SGD optimizer({weights()}, {.lr = 0.1});
  auto schedule = std::make_unique<nn::ReduceLROnPlateau>(optimizer, options);
  std::vector<double> rates;
  for (int step = 0; step < steps; ++step) {
    if (step == stop) {
      const auto state = schedule->state();
      schedule = std::make_unique<nn::ReduceLROnPlateau>(optimizer, options);
      schedule->load_state(state);
    }
    rates.push_back(optimizer.lr());
    schedule->step(figures[step]);
  }
  return rates;
}

std::vector<double> schedule_rates(const Case& c, int stop = steps) {
  if (c.name == "StepLR") return rates_of(nn::StepRule{c.whole("step_size", 0), c.number("gamma", 0.1)}, stop);
  if (c.name == "MultiStepLR") return rates_of(nn::MultiStepRule{c.wholes("milestones"), c.number("gamma", 0.1)}, stop);
  if (c.name == "ExponentialLR") return rates_of(nn::ExponentialRule{c.number("gamma", 0)}, stop);
  if (c.name == "CosineAnnealingLR") return rates_of(nn::CosineRule{c.whole("T_max", 0), c.number("eta_min", 0)}, stop);
  if (c.name == "CosineAnnealingWarmRestarts")
    return rates_of(nn::WarmRestartsRule{c.whole("T_0", 0), c.whole("T_mult", 1), c.number("eta_min", 0)}, stop);
  if (c.name == "LinearLR")
    return rates_of(
        nn::LinearRule{c.number("start_factor", 1.0 / 3), c.number("end_factor", 1), c.whole("total_iters", 5)}, stop);
  if (c.name == "ConstantLR")
    return rates_of(nn::ConstantRule{c.number("factor", 1.0 / 3), c.whole("total_iters", 5)}, stop);
  if (c.name == "PolynomialLR")
    return rates_of(nn::PolynomialRule{c.whole("total_iters", 5), c.number("power", 1)}, stop);
  if (c.name == "OneCycleLR")
    return rates_of(
        nn::OneCycleRule{c.number("max_lr", 0), c.whole("total_steps", 0), c.number("pct_start", 0.3),
                         c.is("anneal_strategy", "linear") ? nn::Anneal::linear : nn::Anneal::cos,
                         c.number("div_factor", 25), c.number("final_div_factor", 1e4), c.is("three_phase", "True")},
        stop);
  if (c.name == "Sequential") return three_rates(stop);
  if (c.name == "SequentialTwo") return two_rates(stop);
  if (c.name == "ReduceLROnPlateau") return plateau_rates(c, stop);
  FAIL("no " << c.name);
  return {};
}

std::vector<double> numbers_of(const Case& c, int stop = steps) {
  if (c.name.starts_with("LBFGS")) return lbfgs_path(c, stop);
  return make(weights(), c) ? path(c, stop) : schedule_rates(c, stop);
}

}  // namespace

TEST_CASE("optimizers and schedules take PyTorch's paths, 20 steps, float64") {
  const std::vector<Case> all = cases();
  CHECK(all.size() == 112);
  for (const Case& c : all) {
    const double off = difference(numbers_of(c), c.numbers);
    std::string options;
    for (const auto& [key, value] : c.options) options += " " + key + "=" + value;
    INFO(c.name << options << ": off by " << off);
    CHECK(off < 1e-9);
    if (std::getenv("XGRAD_PRINT_DIFFERENCES")) WARN(c.name << options << ": off by " << off);
  }
}

TEST_CASE("a state that was taken and loaded goes on with the same bits") {
  for (const Case& c : cases())
    for (const int stop : {1, 7}) {
      INFO(c.name << " stopped after " << stop);
      CHECK(numbers_of(c, stop) == numbers_of(c));
    }
}
