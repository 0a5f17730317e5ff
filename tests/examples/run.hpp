#pragma once
// Runs a program of examples/ as a user does, and says what came of it.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/wait.h>

#include "../nn/data_files.hpp"

namespace xgrad::tests {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Run {
  int status;  // -1: it died of a signal
  std::string out, err;
};

/// A program of ours, or else one of the system.
inline std::string found(const std::string& program) {
  const std::string ours = XGRAD_PROGRAMS "/" + program;
  return std::filesystem::exists(ours) ? ours : program;
}

/// `arguments` as in a shell. The program finds no MNIST and no network, unless `environment` ("A=b C=d") says
/// otherwise.
inline Run run(const std::string& program, const std::string& arguments, const std::string& environment = "") {
  const TempFolder folder;
  const std::string command = "cd " + folder.path() +
                              " && env -u XGRAD_DATA XGRAD_MNIST_URL= XDG_CACHE_HOME=" + folder.path() + " " +
                              environment + " " + found(program) + " " + arguments + " >" + folder / "out" + " 2>" +
                              folder / "err" + " </dev/null";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder / "out"), read_file(folder / "err")};
}

/// Whether a mistake is told as it should be: by exit status 2, one line on stderr that starts with the program's name.
inline bool is_one_complaint(const Run& run, const std::string& program) {
  return run.status == 2 && run.err.starts_with(program + ": ") && run.err.find('\n') == run.err.size() - 1;
}

}  // namespace xgrad::tests
