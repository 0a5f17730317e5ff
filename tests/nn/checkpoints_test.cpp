// The checkpoints of a run in their folder: which are kept, which is used, and what disks and kills can do to them.
#include <catch.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../resume/run.hpp"
#include "data_files.hpp"

using namespace xgrad;
using namespace xgrad::tests;
namespace fs = std::filesystem;

namespace {

const auto nothing = [] {};

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string name(int number) { return "checkpoint-00000" + std::to_string(number) + ".safetensors"; }

void damage(const std::string& path) {
  std::string content = content_of(path);
  content[content.size() - 100] ^= 1;
  std::ofstream(path, std::ios::binary) << content;
}

/// save() has to be one IoError that names the file, and leave the folder as it was.
void check_no_save(nn::Checkpoints& checkpoints, Run& run, const std::string& reason) {
  const std::vector<std::string> before = checkpoints.files();
  const std::string text = error_of<IoError>([&] { checkpoints.save(run.state); });
  CHECK_THAT(text, contains(checkpoints.folder()));
  CHECK_THAT(text, contains(reason));
  CHECK(names_in(checkpoints.folder()).size() == before.size());
  CHECK(checkpoints.files() == before);
  Run resumed({.seed = 8});
  std::string refused;
  CHECK(checkpoints.resume(resumed.state, &refused));
  CHECK(refused.empty());
  CHECK(resumed.state.step == 1);
}

}  // namespace

TEST_CASE("checkpoints: the last ones are kept, and the newest is resumed") {
  const TempFolder folder;
  Run run;
  nn::Checkpoints checkpoints(folder / "a/b", 3);
  std::string refused = "as before";
  CHECK_FALSE(checkpoints.resume(run.state, &refused));
  CHECK(refused.empty());
  const std::string first = checkpoints.save(run.state);
  CHECK(first == folder / "a/b/checkpoint-000001.safetensors");
  run.train_to(7, [&] { checkpoints.save(run.state); });
  CHECK(names_in(checkpoints.folder()) == std::vector<std::string>{name(6), name(7), name(8)});
  CHECK(checkpoints.files()[0] == folder / "a/b/" + name(8));
  Run other({.seed = 2});
  nn::Checkpoints again(folder / "a/b", 1);
  CHECK(again.resume(other.state, nullptr));
  CHECK(other.digest() == run.digest());
  CHECK(names_in(again.folder()).size() == 3);  // who only looks changes nothing
  again.lock();
  CHECK(again.resume(other.state, nullptr));
  // Whoever was killed between writing one and removing others leaves too many; they need not wait for the next save.
  CHECK(names_in(again.folder()) == std::vector<std::string>{name(8)});
  again.save(other.state);
  CHECK(names_in(again.folder()) == std::vector<std::string>{name(9)});
  CHECK_THROWS_AS(nn::Checkpoints(folder.path(), 0), ValueError);
}

TEST_CASE("checkpoints: a damaged newest one is refused by name, and the one before it is used") {
  const TempFolder folder;
  nn::Checkpoints checkpoints(folder.path(), 3);
  Run run;
  run.train_to(3, [&] { checkpoints.save(run.state); });
  damage(folder / name(3));
  fs::resize_file(folder / name(2), 100);
  Run resumed({.seed = 2});
  std::string refused;
  CHECK(checkpoints.resume(resumed.state, &refused));
  CHECK(resumed.state.step == 1);
  const std::size_t line = refused.find('\n');
  REQUIRE(line != refused.npos);
  CHECK_THAT(refused.substr(0, line), contains(folder / name(3)) && contains("is damaged"));
  CHECK_THAT(refused.substr(line), contains(folder / name(2)) && contains("claims a header"));
  CHECK(refused.find('\n', line + 1) == refused.npos);

  // What was refused neither counts as kept nor comes back as the newest.
  resumed.train_to(2, [&] { checkpoints.save(resumed.state); });
  CHECK(names_in(folder.path()) == std::vector<std::string>{name(1), name(2), name(3), name(4)});
  resumed.train_to(4, [&] { checkpoints.save(resumed.state); });
  CHECK(names_in(folder.path()) == std::vector<std::string>{name(4), name(5), name(6)});
  Run straight;
  straight.train_to(4, nothing);
  CHECK(resumed.digest() == straight.digest());

  for (const int i : {4, 5, 6}) damage(folder / name(i));
  const std::string before = resumed.digest(),
                    text = error_of<IoError>([&] { checkpoints.resume(resumed.state, &refused); });
  for (const int i : {4, 5, 6}) CHECK_THAT(text, contains(folder / name(i)));
  CHECK(resumed.digest() == before);
}

TEST_CASE("checkpoints: one that is sound but of another training is not passed over") {
  const TempFolder folder;
  nn::Checkpoints checkpoints(folder.path());
  Run run;
  checkpoints.save(run.state);
  run.state.configuration[0].value = "6";
  checkpoints.save(run.state);
  run.state.configuration[0].value = "5";
  CHECK_THAT(error_of<ValueError>([&] { checkpoints.resume(run.state, nullptr); }), contains(folder / name(2)));
}

TEST_CASE("checkpoints: what a killed writer left goes, what others have stays") {
  const TempFolder folder;
  nn::Checkpoints checkpoints(folder.path());
  Run run;
  const std::vector<std::string> others = {"checkpoint-000001.safetensors.12-0.tmp.txt",
                                           "checkpoint-000001.safetensors.12.tmp",
                                           "checkpoint-000001.safetensors.x-0.tmp",
                                           "checkpoint-1.safetensors.12-0.tmp",
                                           "checkpoint-1.safetensors",
                                           "checkpoint-000000.safetensors",
                                           "checkpoint-99999999999999999999.safetensors",
                                           "model.safetensors.12-0.tmp",
                                           "notes.tmp"};
  for (const std::string& other : others) folder.write(other, "theirs");
  const std::string mine = std::to_string(::getpid());
  const auto leave = [&] {
    folder.write("checkpoint-000001.safetensors.1-0.tmp", "half");
    folder.write("checkpoint-1000000.safetensors." + mine + "-10.tmp", "");
  };
  fs::create_directory(folder / "checkpoint-000003.safetensors.12-0.tmp");
  fs::create_symlink("notes.tmp", folder / "checkpoint-000004.safetensors.12-0.tmp");
  nn::FileWriter at_work(folder / name(7));
  at_work.write("not yet");
  const std::size_t theirs = names_in(folder.path()).size();

  leave();
  CHECK_FALSE(checkpoints.resume(run.state, nullptr));
  CHECK(names_in(folder.path()).size() == theirs);
  leave();
  checkpoints.save(run.state);
  CHECK(names_in(folder.path()).size() == theirs + 1);
  for (const std::string& other : others) CHECK(content_of(folder / other) == "theirs");
  at_work.commit();
  CHECK(content_of(folder / name(7)) == "not yet");
}

TEST_CASE("checkpoints: a folder is one run's at a time") {
  const TempFolder folder;
  nn::Checkpoints second(folder.path());
  {
    nn::Checkpoints first(folder.path());
    first.lock();
    first.lock();
    CHECK_THAT(error_of<IoError>([&] { second.lock(); }), contains(folder.path() + " is in use by another run"));
    CHECK_THROWS_AS(second.lock(), IoError);
  }
  second.lock();
  CHECK(names_in(folder.path()).empty());
  nn::Checkpoints nowhere(folder / "gone");
  fs::remove(folder / "gone");
  CHECK_THAT(error_of<IoError>([&] { nowhere.lock(); }), contains(folder / "gone"));
  if (fs::exists("/proc/self"))
    CHECK_THAT(error_of<IoError>([] { nn::Checkpoints("/proc").lock(); }), contains("/proc/checkpoint-000001"));
}

TEST_CASE("checkpoints: no folder, no permission, no room: one error, and the last good one remains") {
  const TempFolder folder;
  Run run;
  run.train_to(1, nothing);

  SECTION("a folder that has gone") {
    nn::Checkpoints checkpoints(folder / "gone");
    checkpoints.save(run.state);
    fs::rename(folder / "gone", folder / "moved");
    CHECK_THAT(error_of<IoError>([&] { checkpoints.save(run.state); }), contains(folder / "gone"));
    CHECK_THAT(error_of<IoError>([&] { checkpoints.resume(run.state, nullptr); }), contains(folder / "gone"));
    CHECK(names_in(folder / "moved") == std::vector<std::string>{name(1)});
    folder.write("file", "");
    CHECK_THAT(error_of<IoError>([&] { nn::Checkpoints(folder / "file"); }), contains(folder / "file"));
    CHECK_THAT(error_of<IoError>([&] { nn::Checkpoints(folder / "file/a"); }), contains(folder / "file"));
    CHECK_THROWS_AS(nn::Checkpoints(""), IoError);
  }
  SECTION("a folder that may only be read") {
    fs::permissions(folder.path(), fs::perms(0755));
    nn::Checkpoints checkpoints(folder / "a");
    checkpoints.save(run.state);
    fs::permissions(folder / "a", fs::perms(0555));
    const bool root = ::geteuid() == 0;
    if (root) REQUIRE(::seteuid(65534) == 0);  // whom permissions bind
    check_no_save(checkpoints, run, "Permission denied");
    if (root) REQUIRE(::seteuid(0) == 0);
    fs::permissions(folder / "a", fs::perms(0755));
  }
  SECTION("a file that may not grow any more") {
    nn::Checkpoints checkpoints(folder / "a", 1);
    checkpoints.save(run.state);
    run.state.history[0].values.resize(100'000);
    rlimit before;
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto old = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{20'000, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const std::string text = error_of<IoError>([&] { checkpoints.save(run.state); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old);
    CHECK_THAT(text, contains(folder / "a/" + name(2)) && contains("File too large"));
    CHECK(names_in(folder / "a") == std::vector<std::string>{name(1)});
  }
  SECTION("a full disk") {
    nn::Checkpoints checkpoints(folder / "a", 1);
    // For root alone; the disk of others cannot be filled as easily.
    if (::mount("tmpfs", (folder / "a").c_str(), "tmpfs", 0, "size=64k") == 0) {
      checkpoints.save(run.state);
      run.state.history[0].values.resize(100'000);
      check_no_save(checkpoints, run, "No space left");
      run.state.history[0].values.resize(10);
      checkpoints.save(run.state);
      CHECK(names_in(folder / "a") == std::vector<std::string>{name(2)});
      ::umount((folder / "a").c_str());
    }
  }
}

namespace {

/// The program of tests/resume, which tells with a dot that a checkpoint is safe.
class Child {
 public:
  Child(const std::string& folder, int steps, int threads, int workers) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const std::string numbers[] = {std::to_string(steps), std::to_string(threads), std::to_string(workers)};
    id_ = ::fork();
    if (id_ == 0) {
      ::dup2(ends[1], 1);
      ::execl(XGRAD_RESUME, "resume", folder.c_str(), numbers[0].c_str(), numbers[1].c_str(), numbers[2].c_str(),
              static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~Child() { ::close(out_); }
  Child(const Child&) = delete;

  /// What it has said, after `dots` more checkpoints or at its end.
  std::string listen(std::int64_t dots) {
    std::string said;
    char c;
    while (dots > 0 && ::read(out_, &c, 1) == 1) {
      said += c;
      dots -= c == '.';
    }
    return said;
  }
  void kill() { ::kill(id_, SIGKILL); }
  /// Whether it came to its end by itself.
  bool wait() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    if (WIFEXITED(status)) REQUIRE(WEXITSTATUS(status) == 0);
    return WIFEXITED(status);
  }

 private:
  pid_t id_ = -1;
  int out_ = -1;
};

std::string last_line(const std::string& said) {
  const std::size_t end = said.size() - 1;
  return said.substr(said.rfind('\n', end - 1) + 1, end - said.rfind('\n', end - 1) - 1);
}

/// Kills trainings at any moment, and lets others go on with what is there, until `kills` are done and the last
/// training too; each that comes to its end has to be where an uninterrupted one is.
void check_kills(int kills) {
  const TempFolder folder;
  constexpr int steps = 60;
  Child whole(folder / "whole", steps, 1, 0);
  const std::string expected = last_line(whole.listen(steps + 1));
  REQUIRE(whole.wait());
  REQUIRE(expected.size() == 64);

  Random random(12);
  int killed = 0, while_writing = 0, ends = 0, wrong = 0;
  for (int life = 0; killed < kills || ends == 0; ++life) {
    const std::string at = folder / std::to_string(ends);
    Child child(at, steps, 1 << life % 3, life / 3 % 3);
    const bool to_the_end = killed >= kills;
    std::string said = child.listen(to_the_end ? steps + 1 : random.below(9));
    if (!to_the_end) {
      // A step, and writing what came of it, take some milliseconds, starting some 30.
      const bool starting = said.empty();
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(starting ? 40'000 : 6'000)));
      child.kill();
    }
    if (child.wait()) {
      said += child.listen(steps + 1);
      wrong += last_line(said) != expected || names_in(at).size() != 3;
      ++ends;
      continue;
    }
    ++killed;
    if (fs::exists(at))
      for (const std::string& file : names_in(at)) while_writing += file.ends_with(".tmp");
  }
  std::printf("%d kills, %d while a checkpoint was written; %d trainings came to their end\n", killed, while_writing,
              ends);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("checkpoints: trainings killed at any moment end as one that was not") { check_kills(20); }

TEST_CASE("checkpoints: 200 kills", "[long]") { check_kills(200); }
