// compile_cost <MiB> <compiler> <argument>...: runs the compiler, says what it took, and fails if that was more memory.
// Time is only told: on a busy machine it decides nothing.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const long limit = std::atol(argv[1]);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    std::perror(argv[2]);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 2;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const long mebibytes = usage.ru_maxrss / 1024;
  std::printf("%.2f s (%.2f s of processor time), %ld MiB; the limit is %ld MiB\n", seconds.count(),
              static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                  1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
              mebibytes, limit);
  return status != 0 || mebibytes > limit;
}
