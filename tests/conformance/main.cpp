// conformance FILE.json: runs neutral test cases through the public interface.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <set>

#include "cases.hpp"

namespace {

using namespace conformance;

struct Options {
  std::filesystem::path file, json;
  std::string group, id, dtype = "f64";
};

struct Counts {
  int passed = 0, failed = 0, skipped = 0;
  std::set<std::string> unknown;
};

/// What became of a case, as --json says it; printed where it did not pass.
std::string outcome(const Cases& cases, const Json& of_case, Counts& counts) {
  const auto id = of_case.at("id").get<std::string>();
  const auto fail = [&](const std::string& why) {
    ++counts.failed;
    fmt::print("{}: {}\n", id, why);
    return "failed: " + why;
  };
  try {
    run_case(cases, of_case);
    ++counts.passed;
    return "passed";
  } catch (const UnknownOp& unknown) {
    if (counts.unknown.insert(unknown.what()).second) fmt::print("unknown op: {}\n", unknown.what());
    return std::string("unknown op: ") + unknown.what();
  } catch (const Skipped& skipped) {
    ++counts.skipped;
    return std::string("skipped: ") + skipped.what();
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

int run(const Options& options) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a crash loses nothing that was said before it
  const Cases cases(options.file, options.dtype == "f32" ? xgrad::float32 : xgrad::float64);
  Counts counts;
  Json report = Json::object();
  for (const Json& of_case : cases.all()) {
    const auto id = of_case.at("id").get<std::string>();
    if (!options.group.empty() && of_case.value("group", std::string()) != options.group) continue;
    if (!id.starts_with(options.id)) continue;
    report[id] = outcome(cases, of_case, counts);
  }
  fmt::print("{} passed, {} failed, {} skipped\n", counts.passed, counts.failed, counts.skipped);
  if (!options.json.empty()) {
    std::ofstream out(options.json);
    out << report.dump(1) << '\n';
    if (!out.flush()) throw std::runtime_error(options.json.string() + " cannot be written");
  }
  return counts.failed == 0 && counts.unknown.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs the conformance cases of FILE; its arrays are in the files beside it.");
  Options options;
  app.add_option("file", options.file, "an index of cases, JSON")->required()->check(CLI::ExistingFile);
  app.add_option("--group", options.group, "only cases of this group");
  app.add_option("--id", options.id, "only cases whose id begins so");
  app.add_option("--dtype", options.dtype, "f64 or f32")->check(CLI::IsMember({"f64", "f32"}));
  app.add_option("--json", options.json, "where to write what became of each case");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "conformance: {}\n", error.what());
    return 2;
  }
}
