#include "program.hpp"

#include <csignal>
#include <cstdio>
#include <utility>

#include <xgrad/engine/error.hpp>

namespace xgrad::examples {

void add_file(CLI::App& app, const char* name, std::string& target, const char* type, const char* help) {
  const auto read = [=, &target](const std::string& text) {
    if (text.empty()) throw CLI::ValidationError(name, fmt::format("{} may not be empty", type));
    target = text;
  };
  app.add_option_function<std::string>(name, read, help)->type_name(type);
}

void add_choice(CLI::App& app, const char* name, std::string& target, std::string_view choices, const char* help) {
  const auto read = [=, &target](const std::string& text) {
    const std::string all = fmt::format("|{}|", choices);
    if (text.empty() || text.find('|') != text.npos || all.find("|" + text + "|") == all.npos)
      throw CLI::ValidationError(name, fmt::format("'{}' is not one of {}", text, choices));
    target = text;
  };
  app.add_option_function<std::string>(name, read, help)->type_name(std::string(choices));
}

std::string without_places(std::string text) {
  for (std::size_t at; (at = text.find(" [at ")) != text.npos;) text.erase(at, text.find(']', at) + 1 - at);
  return text;
}

int complain(const CLI::App& app, std::string message, int status) {
  message = without_places(std::move(message));
  for (char& c : message)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  message = fmt::format("{}: {}\n", app.get_name(), message);
  std::fputs(message.c_str(), stderr);  // where nobody can read it the status still tells
  return status;
}

int run(CLI::App& app, int argc, char** argv, const std::function<void()>& body) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like any other
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return complain(app, fmt::format("{}; see {} --help", error.what(), app.get_name()), 2);
  }
  try {
    body();
    // What was printed has to arrive, too.
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) throw IoError("standard output cannot be written");
    return 0;
  } catch (const Error& error) {
    return complain(app, error.what(), 2);
  } catch (const std::exception& error) {
    return complain(app, error.what(), 1);
  }
}

}  // namespace xgrad::examples
