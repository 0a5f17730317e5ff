#pragma once
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <charconv>

// What a program's command line is made of, and how a program tells what went wrong.
namespace xgrad::examples {

/// An option that takes a number from `least` to `most`. CLI11's own reading takes 010 for 8 and lets too large ones
/// pass.
template <class T>
void add_number(CLI::App& app, const char* name, T& target, T least, T most, const char* range, const char* help) {
  const auto read = [=, &target](const std::string& text) {
    T value{};
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (problem != std::errc() || stop != end || !(value >= least && value <= most))
      throw CLI::ValidationError(name, fmt::format("'{}' is not a number {}", text, range));
    target = value;
  };
  app.add_option_function<std::string>(name, read, help)->type_name("N");
}

/// One that takes the name of a file or folder; `type` says which.
void add_file(CLI::App& app, const char* name, std::string& target, const char* type, const char* help);

/// One that takes one of `choices`, "sgd|momentum|adam".
void add_choice(CLI::App& app, const char* name, std::string& target, std::string_view choices, const char* help);

/// An error's text without places in the source, which only a programmer wants.
std::string without_places(std::string text);

/// Tells on stderr, in one line, what is wrong, without the place in the source that only a programmer wants.
/// Returns `status`.
int complain(const CLI::App& app, std::string message, int status);

/// Reads the command line, runs `body`, and returns the exit status: 0, or 2 after a mistake that could be told from
/// the input, 1 after any other.
int run(CLI::App& app, int argc, char** argv, const std::function<void()>& body);

}  // namespace xgrad::examples
