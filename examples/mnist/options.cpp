#include "options.hpp"

#include <filesystem>
#include <limits>
#include <string>

#include "../common/program.hpp"
#include "recipe.hpp"

namespace mnist {

using namespace xgrad::examples;

namespace {

bool same_file(const std::string& a, const std::string& b) {
  std::error_code none;  // what cannot be followed is not the same
  const auto followed = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, none), none);
  };
  return a == b || (!a.empty() && !b.empty() && followed(a) == followed(b) && !none);
}

constexpr std::int64_t billion = 1'000'000'000;
constexpr double tiny = std::numeric_limits<double>::denorm_min(), huge = std::numeric_limits<double>::max();

std::string what_models_are() {
  std::string text;
  for (const Recipe& recipe : recipes) text += fmt::format("{}: {};\n", recipe.model, recipe.about);
  return text + "[two-layer]";
}

/// How each model is trained unless told otherwise, as a table.
std::string all_recipes() {
  std::string text = "What each model is trained with unless told otherwise:\n";
  const auto row = [&](const auto&... cells) {
    text += fmt::format("  {:<12}{:>6}{:>7}  {:<10}{:<7}{:<14}{:<11}{}\n", cells...);
  };
  row("", "epochs", "batch", "optimizer", "lr", "weight decay", "schedule", "augment");
  for (const Recipe& r : recipes)
    row(r.model, r.epochs, r.batch_size, r.optimizer, r.lr, r.weight_decay, r.schedule, to_string(r.augment));
  return text;
}

void declare_data(CLI::App& app, Options& o) {
  add_file(app, "--data", o.data, "DIR",
           "Folder with the MNIST files: IDX, gzip'd or not, or CSV.\n"
           "Else $XGRAD_DATA/mnist, ./data/mnist and the cache are looked\n"
           "through, then a download is tried; else it learns drawn digits");
}

void declare_threads(CLI::App& app, Options& o) {
  add_number(app, "--threads", o.threads, 1, 1024, "from 1 to 1024",
             "Threads to use; results do not depend on it\n[$XGRAD_THREADS, else one for each processor]");
}

void declare_optimizer(CLI::App& app, Options& o) {
  static const std::string names = choices(optimizers, &OptimizerKind::name);
  add_number(app, "--lr", o.lr, tiny, huge, "above 0",
             "Learning rate, the highest of the schedule\n"
             "[of an optimizer that is not the model's own: sgd, momentum,\n"
             "nesterov 0.1, sigmoid 0.01 with momentum; adagrad 0.01;\n"
             "adamax 0.002; adadelta 1; lion 0.0001; else 0.001]");
  add_choice(app, "--optimizer", o.optimizer, names, "momentum and nesterov are 0.9 [sgd; other models see below]");
  add_number(app, "--weight-decay", o.weight_decay, 0.0, huge, "from 0",
             "What each step adds of the weights to their gradient, or takes\n"
             "from the weights (adamw, lion)\n"
             "[of an optimizer that is not the model's own: adamw 0.01;\n"
             "momentum, nesterov 0.0001, sigmoid 0; else 0]");
  add_choice(app, "--schedule", o.schedule, schedules,
             "Learning rate over the steps; cosine and one-cycle end at 0,\n"
             "exponential at 0.01; step takes a tenth after each third\n"
             "[constant; other models see below]");
  add_number(app, "--warm-up", o.warm_up, 0.0, 1e9, "from 0 to 10^9",
             "Epochs in which the rate rises to where the schedule starts [0]");
}

void declare_augment(CLI::App& app, Options& o) {
  const auto read = [&o](const std::string& text) {
    try {
      o.augment = read_augmentation(text);
    } catch (const xgrad::ValueError& error) {
      throw CLI::ValidationError("--augment", error.what());
    }
  };
  const char* const help =
      "Moves and bends training images anew in each epoch, by up to so\n"
      "many pixels and degrees: none, or any of\n"
      "shift=2,rotate=10,elastic=20,smoothness=4\n"
      "[none; other models see below]";
  app.add_option_function<std::string>("--augment", read, help)->type_name("LIST");
}

void declare_outputs(CLI::App& app, Options& o) {
  add_file(app, "--json", o.json, "FILE", "Write the results to FILE, - for standard output");
  add_file(app, "--save", o.save, "FILE", "Write the trained weights to FILE in the safetensors format");
  add_file(app, "--log", o.log, "FILE", "Write each epoch's figures to FILE as it ends: .csv or .jsonl");
  add_file(app, "--report", o.report, "FILE",
           "Write a page to FILE: curves, confusion matrix, misclassified\nimages, weights");
}

void declare_checkpoints(CLI::App& app, Options& o) {
  add_file(app, "--checkpoints", o.checkpoints, "DIR", "Keep checkpoints in DIR: after each epoch, and on ^C");
  add_number<std::int64_t>(app, "--checkpoint-every", o.checkpoint_every, 1, billion, "from 1 to 10^9",
                           "And after every N steps");
  add_number(app, "--keep", o.keep, 1, 1'000'000, "from 1 to 10^6", "Checkpoints to keep [3]");
  const auto read = [&o](const CLI::results_t& given) {
    o.resume = true;
    if (given.empty() || given[0].empty()) return true;
    if (!o.checkpoints.empty() && !same_file(o.checkpoints, given[0]))
      throw CLI::ValidationError(
          fmt::format("--checkpoints and --resume name different folders: {} and {}", o.checkpoints, given[0]));
    if (!std::filesystem::is_directory(given[0]))
      throw CLI::ValidationError(fmt::format("--resume: there is no folder {}", given[0]));
    o.checkpoints = given[0];
    return true;
  };
  app.add_option("--resume", read,
                 "Go on from the newest checkpoint in DIR, or in the folder of\n"
                 "--checkpoints, which may have none yet; ends with the bits of a\n"
                 "run that was never cut off, on any number of threads")
      ->type_name("[DIR]")
      ->expected(0, 1);
}

void declare_training(CLI::App& app, Options& o) {
  static const std::string models = choices(recipes, &Recipe::model);
  declare_data(app, o);
  add_choice(app, "--model", o.model, models, what_models_are().c_str());
  add_number<std::int64_t>(app, "--epochs", o.epochs, 1, billion, "from 1 to 10^9",
                           "Passes over the training images\n[two-layer 17, sigmoid 5; others see below]");
  add_number<std::int64_t>(app, "--batch-size", o.batch_size, 1, billion, "from 1 to 10^9",
                           "Images in one step\n[two-layer 100, sigmoid 1; others see below]");
  declare_optimizer(app, o);
  declare_augment(app, o);
  add_number<std::uint64_t>(app, "--seed", o.seed, 0, std::numeric_limits<std::uint64_t>::max(), "from 0 to 2^64 - 1",
                            "Of the first weights, the order of the images, and what is drawn\non the way [1]");
  declare_threads(app, o);
  add_number<std::int64_t>(app, "--limit-train", o.limit_train, 1, billion, "from 1 to 10^9",
                           "Learn from the first N training images only");
  add_number(app, "--ema", o.ema, tiny, 1 - std::numeric_limits<double>::epsilon(), "above 0 and below 1",
             "Test and save the exponential moving average of the weights,\nwhich keeps N of itself in each step");
  add_number<std::int64_t>(app, "--hold-out", o.hold_out, 0, billion, "from 0 to 10^9",
                           "Keep the last N training images back, and test each epoch on\n"
                           "these instead of the test images [a tenth with --early-stop]");
  add_number<std::int64_t>(app, "--early-stop", o.early_stop, 1, billion, "from 1 to 10^9",
                           "Stop after N epochs without a better accuracy on the images\n"
                           "held out, and take the best epoch's weights");
  declare_outputs(app, o);
  declare_checkpoints(app, o);
  app.footer(all_recipes());
}

CLI::App& declare_command(CLI::App& app, Options& o, Options::Command command, const char* name, const char* about) {
  CLI::App& sub = *app.add_subcommand(name, about);
  sub.callback([&o, command] { o.command = command; });
  add_file(sub, "--weights", o.weights, "FILE", "What training wrote with --save");
  declare_threads(sub, o);
  return sub;
}

void declare_commands(CLI::App& app, Options& o) {
  app.require_subcommand(0, 1);
  CLI::App& eval = declare_command(app, o, Options::Command::eval, "eval",
                                   "Tests a trained network: its accuracy, and what it takes for what");
  declare_data(eval, o);
  CLI::App& predict = declare_command(app, o, Options::Command::predict, "predict",
                                      "Reads digits in images: PNG or PGM, any size, dark on light or not");
  predict.add_option("IMAGE", o.images, "Files with a digit in each");
}

/// What was not given, as the model likes it; with another optimizer than its own, as that likes it.
void fill_defaults(Options& options) {
  const Recipe& recipe = recipe_of(options.model);
  const bool own = options.optimizer.empty() || options.optimizer == recipe.optimizer,
             sigmoid = options.model == "sigmoid";
  if (options.optimizer.empty()) options.optimizer = recipe.optimizer;
  const OptimizerKind& kind = optimizer_of(options.optimizer);
  const bool momentum = options.optimizer == "momentum" || options.optimizer == "nesterov";
  if (!options.augment) options.augment = recipe.augment;
  if (options.schedule.empty()) options.schedule = recipe.schedule;
  if (!options.epochs) options.epochs = recipe.epochs;
  if (!options.batch_size) options.batch_size = recipe.batch_size;
  if (options.lr == 0) options.lr = own ? recipe.lr : sigmoid && momentum ? 0.01 : kind.lr;
  if (options.weight_decay < 0)
    options.weight_decay = own ? recipe.weight_decay : sigmoid && momentum ? 0 : kind.weight_decay;
}

void check_outputs(const Options& options) {
  const std::pair<const char*, const std::string&> files[] = {
      {"--save", options.save}, {"--json", options.json}, {"--log", options.log}, {"--report", options.report}};
  for (const auto& a : files)
    for (const auto* b = &a + 1; b != std::end(files); ++b)
      if (!a.second.empty() && same_file(a.second, b->second))
        throw CLI::ValidationError(fmt::format("{} and {} name the same file", a.first, b->first));
  for (const auto& [option, path] : files) {
    const std::filesystem::path file = path;
    const bool named_so = file.filename().string().starts_with("checkpoint-");
    if (options.checkpoints.empty() || path.empty()) continue;
    if (same_file(path, options.checkpoints) ||
        (named_so && same_file(file.parent_path() / ".", options.checkpoints + "/.")))
      throw CLI::ValidationError(fmt::format("{}: {} is where the checkpoints are", option, path));
  }
  const std::string_view log = options.log;
  if (!log.empty() && !log.ends_with(".csv") && !log.ends_with(".jsonl"))
    throw CLI::ValidationError(fmt::format("--log: {} ends neither in .csv nor in .jsonl", log));
}

void check_folder(const CLI::App& app) {
  for (const char* option : {"--resume", "--checkpoint-every", "--keep"})
    if (app.count(option) > 0) throw CLI::ValidationError(fmt::format("{} needs a folder: --checkpoints DIR", option));
}

void check_training(const Options& options) {
  if (options.early_stop > 0 && options.hold_out == 0)
    throw CLI::ValidationError("--early-stop: --hold-out 0 leaves no images to watch");
  if (options.warm_up > 0 && options.schedule == "one-cycle")
    throw CLI::ValidationError("--warm-up: the schedule one-cycle has a warm-up of its own");
  if (options.warm_up > 0 && options.warm_up >= static_cast<double>(options.epochs))
    throw CLI::ValidationError(
        fmt::format("--warm-up: {} epochs leave nothing of {}", options.warm_up, options.epochs));
}

void check_use(const CLI::App& app, const CLI::App& command, const Options& options) {
  for (const CLI::Option* option : app.get_options())
    if (option->count() > 0)
      throw CLI::ValidationError(fmt::format("{} is for training: {}'s own options stand behind its name",
                                             option->get_name(), command.get_name()));
  if (options.weights.empty()) throw CLI::ValidationError(command.get_name() + " needs --weights FILE");
  if (options.command == Options::Command::predict && options.images.empty())
    throw CLI::ValidationError("predict needs an IMAGE");
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  declare_training(app, options);
  declare_commands(app, options);
  app.final_callback([&app, &options] {
    if (const auto commands = app.get_subcommands(); !commands.empty())
      return check_use(app, *commands.front(), options);
    fill_defaults(options);
    check_training(options);
    check_outputs(options);
    if (options.checkpoints.empty()) check_folder(app);
  });
}

std::vector<xgrad::nn::Setting> configuration(const Options& o) {
  const auto text = [](auto value) { return fmt::format("{}", value); };
  std::vector<xgrad::nn::Setting> settings = {
      {"model", o.model},           {"batch-size", text(o.batch_size)},     {"optimizer", o.optimizer},
      {"lr", text(o.lr)},           {"weight-decay", text(o.weight_decay)}, {"schedule", o.schedule},
      {"warm-up", text(o.warm_up)}, {"augment", to_string(*o.augment)},     {"seed", text(o.seed)},
      {"ema", text(o.ema)},         {"early-stop", text(o.early_stop)}};
  // A constant rate may go on for longer than was meant at first.
  if (o.schedule != "constant") settings.push_back({"epochs", text(o.epochs)});
  return settings;
}

}  // namespace mnist
