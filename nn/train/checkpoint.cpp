#include <xgrad/nn/train/checkpoint.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <type_traits>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/nn/data/internal/rethrow.hpp>
#include <xgrad/nn/data/loader.hpp>
#include <xgrad/nn/io/internal/bytes.hpp>
#include <xgrad/nn/io/internal/safetensors.hpp>
#include <xgrad/nn/optim/average.hpp>
#include <xgrad/nn/optim/schedule.hpp>

namespace xgrad::nn {
namespace {

using detail::printable;
using xgrad::detail::fail;
using State = std::vector<NamedTensor>;

constexpr const char *saving = "save_checkpoint", *loading = "load_checkpoint";
constexpr const char *format = "xgrad checkpoint", *version = "1";
constexpr std::string_view setting_prefix = "configuration.";

/// 64 bits that are no number to anybody else.
Tensor words(std::initializer_list<std::uint64_t> values) {
  std::vector<std::int64_t> signed_values(values.begin(), values.end());
  return from_data(signed_values.data(), {std::ssize(signed_values)});
}
std::uint64_t word(const Tensor& t, int i) { return static_cast<std::uint64_t>(t.data<std::int64_t>()[i]); }

/// Random streams as one part of a training.
struct Streams {
  const char* owner;
  std::vector<NamedRandom> list;
};

State state_of(const Streams& streams) {
  State state;
  for (const auto& [name, random] : streams.list)
    state.push_back({name, words({random->seed(), random->stream(), random->position()})});
  return state;
}

State state_of(const DataLoader& loader) {
  const LoaderState at = loader.state();
  return {{"seed", words({at.seed})},
          {"epoch", number_of(at.epoch)},
          {"batch", number_of(at.batch)},
          {"batches", number_of(loader.count())},
          {"batch_size", number_of(loader.batch_size())}};
}

State state_of(const Module& module) { return module.state(); }
template <class Part> State state_of(const Part& part) { return part.state(); }

void load_part(Streams& streams, const State& state, Site site) {
  StateReader reader(streams.owner, state, site);
  std::vector<Tensor> loaded;
  for (const NamedRandom& item : streams.list) loaded.push_back(reader.take(item.name, {3}, int64));
  reader.finish();
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    Random random(word(loaded[i], 0), word(loaded[i], 1));
    random.set_position(word(loaded[i], 2));
    *streams.list[i].random = random;
  }
}

void load_part(DataLoader& loader, const State& state, Site site) {
  StateReader reader("DataLoader", state, site);
  const std::uint64_t seed = word(reader.take("seed", {1}, int64), 0);
  const std::int64_t epoch = reader.take_count("epoch"), batch = reader.take_count("batch"),
                     batches = reader.take_count("batches"), size = reader.take_count("batch_size");
  reader.finish();
  if (batches != loader.count() || size != loader.batch_size())
    fail<ValueError>("DataLoader", site, "an epoch was {} batches of {}, here it is {} of {}", batches, size,
                     loader.count(), loader.batch_size());
  loader.load_state({seed, epoch, batch}, site);
}

void load_part(Module& module, const State& state, Site site) { module.load_state(state, true, site); }
template <class Part> void load_part(Part& part, const State& state, Site site) { part.load_state(state, site); }

/// Each part of a training with the name that stands before those of its tensors in the file. The optimizer comes after
/// what sets its rates, the module at the end.
template <class Use> void each_part(const TrainingState& state, Use use) {
  if (state.loader) use("loader", *state.loader);
  if (state.schedule) use("schedule", *state.schedule);
  if (state.plateau) use("plateau", *state.plateau);
  if (state.optimizer) use("optimizer", *state.optimizer);
  if (state.average) use("average", *state.average);
  Streams own{"randoms", state.randoms}, drawn_from{"random_streams", state.module->random_streams()};
  if (!own.list.empty()) use("random", own);
  if (!drawn_from.list.empty()) use("stream", drawn_from);
  use("module", *state.module);
}

void expect_module(const char* op, const TrainingState& state, Site site) {
  if (!state.module) fail<ValueError>(op, site, "the training has no module");
}

/// A file's content: parts by their names, and a run without parts.
struct Contents {
  std::map<std::string, State> parts;
  TrainingState run;
};

Contents read(const char* op, const std::string& path, Site site) {
  detail::SafetensorsFile file = detail::read_safetensors(op, path, true, site);
  Contents contents;
  std::string found_format, found_version;
  for (auto& [name, text] : file.texts) {
    if (name == "format") found_format = text;
    else if (name == "version") found_version = text;
    else if (name.starts_with(setting_prefix))
      contents.run.configuration.push_back({name.substr(setting_prefix.size()), std::move(text)});
  }
  if (found_format != format) fail<IoError>(op, site, "{} is not a checkpoint", path);
  if (found_version != version)
    fail<ValueError>(op, site, "{} is a checkpoint of version '{}', expected '{}'", path, printable(found_version),
                     version);

  for (auto& [name, tensor] : file.tensors) {
    const std::size_t part = std::min(name.find('.'), name.size()), rest = std::min(part + 1, name.size());
    contents.parts[name.substr(0, part)].push_back({name.substr(rest), std::move(tensor)});
  }
  try {
    StateReader reader("run", contents.parts["run"], site);
    contents.run.step = reader.take_count("step");
    contents.run.epoch = reader.take_count("epoch");
    reader.finish();
    contents.run.best = std::move(contents.parts["best"]);
    for (const auto& [name, values] : contents.parts["history"])
      contents.run.history.push_back({name, values.to_vector<double>(site)});
  } catch (const Error&) {
    detail::rethrow(fmt::format("{}: {}", op, path));
  }
  contents.parts.erase("run");
  contents.parts.erase("history");
  contents.parts.erase("best");
  return contents;
}

using Settings = std::map<std::string_view, std::string_view>;

Settings sorted(const std::vector<Setting>& list) {
  Settings settings;
  for (const auto& [name, value] : list) settings.emplace(name, value);
  return settings;
}

/// What the settings of two runs differ in.
void compare(const Settings& there, const Settings& here, std::vector<std::string>& differences) {
  for (const auto& [name, value] : there)
    if (const auto other = here.find(name); other == here.end())
      differences.push_back(
          fmt::format("{} is '{}' there and not set here", printable(name, 200), printable(value, 200)));
    else if (other->second != value)
      differences.push_back(fmt::format("{} is '{}' there and '{}' here", name, printable(value, 200), other->second));
  for (const auto& [name, value] : here)
    if (there.find(name) == there.end())
      differences.push_back(fmt::format("{} is not set there and '{}' here", name, value));
}

/// An error that names everything in which the run of the checkpoint is not this one.
void expect_same_run(const std::string& path, const Contents& contents, const TrainingState& state, Site site) {
  std::vector<std::string> differences;
  compare(sorted(contents.run.configuration), sorted(state.configuration), differences);
  std::set<std::string> here;
  each_part(state, [&](const char* name, auto&) {
    here.insert(name);
    if (!contents.parts.count(name)) differences.push_back(fmt::format("it has no {}", name));
  });
  for (const auto& [name, part] : contents.parts)
    if (!here.count(name))
      differences.push_back(fmt::format("it has '{}', which there is none of here", printable(name)));
  const auto expect_weights = [&](const State& weights) {
    if (const StateReport report = compare_states(state.module->state(), weights); !report.fits())
      differences.push_back(to_string(report));
  };
  if (const auto module = contents.parts.find("module"); module != contents.parts.end()) expect_weights(module->second);
  if (!contents.run.best.empty()) expect_weights(contents.run.best);
  if (!differences.empty())
    fail<ValueError>(loading, site, "{} is of another training: {}", path, fmt::join(differences, "; "));
}

}  // namespace

void save_checkpoint(const std::string& path, const TrainingState& state, Site site) {
  expect_module(saving, state, site);
  if (state.step < 0 || state.epoch < 0)
    fail<ValueError>(saving, site, "step {} of epoch {}, expected 0 or more", state.step, state.epoch);
  if (sorted(state.configuration).size() != state.configuration.size())
    fail<ValueError>(saving, site, "a setting of the configuration comes twice");
  detail::SafetensorsFile file;
  file.texts = {{"format", format}, {"version", version}};
  for (const auto& [name, value] : state.configuration) file.texts.emplace_back(setting_prefix, value).first += name;
  file.tensors = {{"run.step", number_of(state.step)}, {"run.epoch", number_of(state.epoch)}};
  for (const auto& [name, tensor] : state.best) file.tensors.push_back({"best." + name, tensor});
  for (const auto& [name, values] : state.history)
    file.tensors.push_back({"history." + name, from_data(values.data(), {std::ssize(values)})});
  each_part(state, [&](const char* prefix, auto& part) {
    for (auto& [name, tensor] : state_of(part)) file.tensors.push_back({fmt::format("{}.{}", prefix, name), tensor});
  });
  detail::write_safetensors(saving, path, file, true, site);
}

void load_checkpoint(const std::string& path, TrainingState& state, Site site) {
  expect_module(loading, state, site);
  Contents contents = read(loading, path, site);
  expect_same_run(path, contents, state, site);
  // A part takes all or nothing, but one may refuse when others have taken theirs already. The module is the last.
  std::vector<State> before;
  each_part(state, [&]<class Part>(const char*, Part& part) {
    before.push_back(std::is_same_v<Part, Module> ? State() : state_of(part));
  });
  try {
    each_part(state, [&](const char* name, auto& part) { load_part(part, contents.parts[name], site); });
  } catch (...) {
    auto next = before.begin();
    each_part(state, [&]<class Part>(const char*, Part& part) {
      if (!std::is_same_v<Part, Module>) load_part(part, *next++, site);
    });
    detail::rethrow(fmt::format("{}: {}", loading, path));
  }
  state.step = contents.run.step;
  state.epoch = contents.run.epoch;
  state.history = std::move(contents.run.history);
  state.best = std::move(contents.run.best);
}

TrainingState describe_checkpoint(const std::string& path, Site site) {
  return read("describe_checkpoint", path, site).run;
}

void load_weights(const std::string& path, Module& module, Site site) {
  Contents contents = read("load_weights", path, site);
  try {
    load_part(module, contents.parts["module"], site);
  } catch (const Error&) {
    detail::rethrow("load_weights: " + path);
  }
}

}  // namespace xgrad::nn
