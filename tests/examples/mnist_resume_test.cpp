// mnist is cut off in every way there is, and goes on to the bits of a run that was not.
#include <catch.hpp>

#include <fmt/format.h>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "small_mnist.hpp"

using namespace xgrad::tests;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// All that a checkpoint has to have: an optimizer with state, a schedule, an average, random images.
const std::string everything =
    "--optimizer adamw --schedule cosine --warm-up 1 --epochs 8 --batch-size 10 --augment shift=1 --ema 0.99 "
    "--checkpoint-every 1";

/// The program at work, which signals reach.
class Process {
 public:
  explicit Process(const std::string& arguments) {
    const std::string command = "exec " + found("mnist") + " --data " + small_mnist().path() + " " + arguments;
    id_ = ::fork();
    if (id_ == 0) {
      const int out = ::open((folder_ / "out").c_str(), O_CREAT | O_WRONLY, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      std::signal(SIGINT, SIG_DFL);
      ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    REQUIRE(id_ > 0);  // kill(-1) is for everybody
  }
  ~Process() {
    if (!ended_) send(SIGKILL), wait();
  }
  Process(const Process&) = delete;

  void send(int signal) const { ::kill(id_, signal); }
  /// Its exit status, or -1 if it died of a signal.
  int wait() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string said() const { return read_file(folder_ / "out"); }

 private:
  TempFolder folder_;
  pid_t id_ = -1;
  bool ended_ = false;
};

std::vector<std::string> checkpoints_in(const std::string& folder) {
  std::vector<std::string> names;
  if (fs::exists(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".safetensors") names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void wait_for_checkpoints(const std::string& folder) {
  for (int i = 0; i < 3000 && checkpoints_in(folder).empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE_FALSE(checkpoints_in(folder).empty());
}

Run train(const std::string& arguments) { return run("mnist", "--data " + small_mnist().path() + " " + arguments); }

json result_of(const std::string& arguments) {
  const Run result = train("--json - " + arguments);
  INFO(arguments << "\n" << result.err);
  REQUIRE(result.status == 0);
  return json::parse(result.out);
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

const std::string& digest_of_everything() {
  const TempFolder folder;
  static const std::string digest = result_of(everything + " --checkpoints " + folder / "c").at("weights_sha256");
  return digest;
}

}  // namespace

TEST_CASE("^C ends mnist after a step with 130, and says how to go on, which leads to the same weights") {
  for (const auto& [signal, status] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    const TempFolder folder;
    const std::string at = folder / "the run", quoted = "'" + at + "'", save = folder / "w";
    Process process(everything + " --checkpoints " + quoted + " --save " + save);
    wait_for_checkpoints(at);
    process.send(signal);
    CHECK(process.wait() == status);
    const std::string said = process.said();
    INFO(said);
    CHECK_THAT(said, contains(std::string("interrupted by ") + (signal == SIGINT ? "SIGINT" : "SIGTERM")));
    const std::string newest = checkpoints_in(at).back();
    CHECK_THAT(said, contains("saved as " + at + "/" + newest + ": go on by "));
    CHECK(checkpoints_in(at).size() <= 3);
    CHECK_FALSE(fs::exists(save));

    std::string command = said.substr(said.find("go on by ") + 9);
    command = command.substr(0, command.find('\n'));
    CHECK(command.ends_with("--resume"));
    const Run rest = run("env", command + " --threads 1 --json -");
    INFO(rest.err);
    REQUIRE(rest.status == 0);
    CHECK_THAT(rest.err, contains(at + ": goes on behind step "));
    CHECK(json::parse(rest.out).at("weights_sha256") == digest_of_everything());
    CHECK(json::parse(rest.out).at("steps") == 240);
    CHECK(fs::exists(save));
  }
}

TEST_CASE("^C without checkpoints says that nothing was saved") {
  const TempFolder folder;
  const std::string log = folder / "log.csv";
  Process process("--epochs 1000000 --log " + log);
  for (int i = 0; i < 3000 && (!fs::exists(log) || lines_in(read_file(log)) < 2); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  process.send(SIGINT);
  CHECK(process.wait() == 130);
  CHECK_THAT(process.said(), contains("nothing was saved, as there are no checkpoints"));
}

namespace {

/// Kills trainings at any moment, and goes on with what is there.
void check_kills(const std::string& options, const std::string& expected, int kills) {
  xgrad::Random random(3);
  int killed = 0, ends = 0;
  for (TempFolder folder; killed < kills || ends == 0;) {
    const std::string at = folder / std::to_string(ends), json_file = folder / "j.json";
    Process process(options + " --resume --checkpoints " + at + " --json " + json_file + " --threads " +
                    std::to_string(1 + killed % 3));
    if (killed < kills) {
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(300'000)));
      process.send(SIGKILL);
    }
    if (const int status = process.wait(); status < 0) {
      ++killed;
      continue;
    }
    INFO(process.said());
    REQUIRE(fs::exists(json_file));
    CHECK(json::parse(read_file(json_file)).at("weights_sha256") == expected);
    fs::remove(json_file);
    ++ends;
  }
}

}  // namespace

TEST_CASE("an mnist that is killed at any moment goes on to the same weights") {
  check_kills(everything, digest_of_everything(), 10);
}

TEST_CASE("an mnist with dropout and norms that is killed goes on to the same weights") {
  const std::string cnn = "--model cnn --limit-train 100 --batch-size 20 --epochs 2 --checkpoint-every 2";
  check_kills(cnn, result_of(cnn.substr(0, cnn.find(" --checkpoint"))).at("weights_sha256"), 4);
}

TEST_CASE("200 kills of mnist", "[long]") { check_kills(everything, digest_of_everything(), 200); }

TEST_CASE("a damaged newest checkpoint is named and passed over; if all are, that is an error") {
  const TempFolder folder;
  const std::string at = folder / "c", options = "--epochs 3 --checkpoints " + at;
  const std::string expected = result_of(options).at("weights_sha256");
  const auto damage = [&](const std::string& name) {
    std::string bytes = read_file(at + "/" + name);
    bytes[bytes.size() / 2] ^= 1;
    std::ofstream(at + "/" + name, std::ios::binary) << bytes;
  };
  damage("checkpoint-000003.safetensors");
  const Run rest = train(options + " --json - --resume");
  INFO(rest.err);
  REQUIRE(rest.status == 0);
  CHECK_THAT(rest.err, contains("passed over: ") && contains(at + "/checkpoint-000003.safetensors is damaged"));
  CHECK_THAT(rest.err, contains(at + ": goes on behind step 6, in epoch 3"));
  CHECK(json::parse(rest.out).at("weights_sha256") == expected);

  for (const std::string& name : checkpoints_in(at))
    if (name != "checkpoint-000003.safetensors") damage(name);
  const Run none = train(options + " --resume");
  CHECK(is_one_complaint(none, "mnist"));
  CHECK_THAT(none.err, contains("no checkpoint in " + at + " is sound"));
  CHECK(none.out.empty());
}

TEST_CASE("a constant rate may go on for more epochs, and a run that is done stays done") {
  const TempFolder folder;
  const std::string to = " --checkpoints " + folder / "c";
  result_of("--epochs 2" + to);
  const json more = result_of("--epochs 4 --resume" + to), whole = result_of("--epochs 4");
  for (const char* figure : {"weights_sha256", "test_accuracy", "train_accuracy", "final_loss", "steps"})
    CHECK(more.at(figure) == whole.at(figure));
  const json done = result_of("--epochs 4 --resume " + folder / "c");
  for (const char* figure : {"weights_sha256", "test_accuracy", "final_loss", "steps"})
    CHECK(done.at(figure) == whole.at(figure));
}

TEST_CASE("what cannot be resumed, kept or written is told before anything is learned") {
  const TempFolder folder;
  const std::string at = folder / "c", log = folder.write("kept.csv", "before"), to = " --checkpoints ";
  REQUIRE(train("--epochs 2 --limit-train 100 --ema 0.5" + to + at).status == 0);
  fs::create_directory(folder / "locked");
  Process other("--epochs 1000000" + to + folder / "locked");
  wait_for_checkpoints(folder / "locked");
  const std::string same = "--epochs 2 --limit-train 100 --ema 0.5 --resume " + at;
  struct Bad {
    std::string arguments, part;
  };
  const Bad table[] = {
      {"--resume " + folder / "none", "there is no folder " + folder / "none"},
      {"--resume " + log, "there is no folder " + log},
      {"--resume", "--resume needs a folder"},
      {"--keep 2", "--keep needs a folder"},
      {"--checkpoint-every 2", "--checkpoint-every needs a folder"},
      {"--keep 0" + to + at, "'0' is not a number from 1"},
      {"--checkpoint-every 0" + to + at, "'0' is not a number from 1"},
      {"--resume " + at + to + folder / "other", "different folders: " + folder / "other" + " and " + at},
      {"--epochs 2" + to + at, "has checkpoints of a run: --resume"},
      {same + " --lr 0.5", "lr is '0.1' there and '0.5' here"},
      {same + " --model deep", "model is 'two-layer' there and 'deep' here"},
      {same + " --batch-size 50", "batch-size is '100' there and '50' here"},
      {same + " --seed 2", "seed is '1' there and '2' here"},
      {same + " --schedule cosine", "schedule is 'constant' there and 'cosine' here"},
      {same + " --hold-out 5", "hold-out is '0' there and '5' here"},
      {"--epochs 2 --limit-train 100 --resume " + at, "ema is '0.5' there and '0' here"},
      {"--epochs 2 --limit-train 90 --ema 0.5 --resume " + at, "data is 'mnist, 100 images "},
      {"--epochs 1 --limit-train 100 --ema 0.5 --resume " + at, "--epochs is 1, but the run in " + at + " has done 2"},
      {to + log, log + " cannot be made"},
      {to + "/proc/none", "/proc/none cannot be made"},
      {to + "/proc", "/proc/checkpoint-000001.safetensors cannot be written"},
      {"--resume " + folder / "locked", folder / "locked is in use by another run"},
      {"--report " + folder / "no/such" + to + folder / "new", "no/such cannot be written: No such file"},
      {"--log " + folder / "no/such.csv" + to + folder / "new", "no/such.csv cannot be written: No such file"},
      {"--log " + folder / "log" + to + folder / "new", "ends neither in .csv nor in .jsonl"},
      {"--log " + log + " --report " + log, "--log and --report name the same file"},
      {"--save x --report ./x", "--save and --report name the same file"},
      {"--ema 1", "'1' is not a number above 0 and below 1"},
      {"--ema 0", "'0' is not a number above 0"},
      {"--early-stop 0", "'0' is not a number from 1"},
      {"--hold-out 300", "300 of 300 images leave none"},
      {"--early-stop 2 --hold-out 0", "--hold-out 0 leaves no images to watch"},
      {"--checkpoints a --save ./a", "./a is where the checkpoints are"},
      {"--checkpoints a --json a/checkpoint-000009.safetensors", "is where the checkpoints are"},
  };
  const auto before = checkpoints_in(at);
  for (const auto& [arguments, part] : table) {
    const Run result = train(arguments);
    INFO(arguments << "\n" << result.err);
    CHECK(is_one_complaint(result, "mnist"));
    CHECK_THAT(result.err, contains(part));
    CHECK(result.err.find("[at ") == std::string::npos);
    CHECK(result.out.empty());
  }
  CHECK(checkpoints_in(at) == before);
  CHECK(read_file(log) == "before");
  CHECK_FALSE(fs::exists(folder / "new"));
  CHECK_FALSE(fs::exists(folder / "other"));
  CHECK(train(same + to + at + "/../c").status == 0);  // the same folder, named twice
}

TEST_CASE("a loss that is not finite keeps the last good checkpoint, and says where it came from") {
  const TempFolder folder;
  const Run result = train("--lr 1e30 --checkpoint-every 1 --checkpoints " + folder.path());
  INFO(result.err);
  CHECK(result.status == 1);
  CHECK_THAT(result.err, contains("mnist: the loss is not finite at step 2 (epoch 1, batch 2): it is nan, first in"));
  CHECK_THAT(result.err, contains("(Linear): linear: "));
  CHECK_THAT(result.err, contains(folder.path() + "/checkpoint-000001.safetensors is from step 1; try a smaller --lr"));
  CHECK(xgrad::nn::describe_checkpoint(folder / "checkpoint-000001.safetensors").step == 1);
}

TEST_CASE("--log writes each epoch once, also when a run goes on; --report draws a page") {
  const TempFolder folder;
  const std::string csv = folder / "l.csv", html = folder / "r.html";
  const std::string options = " --limit-train 100 --checkpoints " + folder / "c" + " --log " + csv;
  result_of("--epochs 2" + options);
  CHECK(lines_in(read_file(csv)) == 3);
  result_of("--epochs 3 --resume --report " + html + options);
  const std::string text = read_file(csv), page = read_file(html);
  CHECK(lines_in(text) == 4);
  CHECK_THAT(text, contains("epoch,step,loss") && contains("\n1,1,") && contains("\n2,2,") && contains("\n3,3,"));
  for (const char* part : {"<!DOCTYPE html>", "mnist two-layer", "Configuration", "batch-size", "<svg", "Confusion",
                           "Misclassified", "Weights 0.weight", "data:image/png;base64,", "</html>"})
    CHECK_THAT(page, contains(part));
  CHECK(page.find("://") == page.npos);

  const std::string lines = folder / "l.jsonl";
  for (const char* model : {"sigmoid", "cnn", "lstm", "transformer"})
    result_of(std::string("--epochs 1 --limit-train 20 --report ") + html + " --log " + lines + " --model " + model);
  CHECK(json::parse(read_file(lines)).at("epoch") == 1);
}

TEST_CASE("--ema tests and saves the average, --hold-out keeps images back, --early-stop stops") {
  const TempFolder folder;
  const json plain = result_of("--epochs 3"), averaged = result_of("--epochs 3 --ema 0.9 --save " + folder / "w");
  CHECK(averaged.at("weights_sha256") != plain.at("weights_sha256"));
  CHECK(averaged.at("final_loss") == plain.at("final_loss"));
  CHECK(averaged.at("ema") == 0.9);
  const Run eval = run("mnist", "eval --weights " + folder / "w" + " --data " + small_mnist().path());
  CHECK_THAT(eval.out, contains(fmt::format("test accuracy {:.4f}", averaged.at("test_accuracy").get<double>())));

  CHECK(result_of("--epochs 1 --hold-out 120").at("train_images") == 180);
  const Run stopped = train("--epochs 50 --early-stop 3 --lr 1e-30 --json " + folder / "j");
  INFO(stopped.out);
  CHECK(stopped.status == 0);
  CHECK_THAT(stopped.out, contains("270 training and 100 test images, 30 held out"));
  CHECK_THAT(stopped.out, contains("in epoch 1, whose weights are back; no better one for 3 epochs"));
  CHECK(json::parse(read_file(folder / "j")).at("steps") == 4 * 3);
}
