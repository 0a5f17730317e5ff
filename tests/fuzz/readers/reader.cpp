// libFuzzer's entry to one reader of files, XGRAD_READER: every content has to load or to be an Error.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include <common/image_file.hpp>
#include <mnist/digit.hpp>
#include <xgrad/engine/error.hpp>
#include <xgrad/nn.hpp>

namespace {

namespace nn = xgrad::nn;

[[maybe_unused]] void idx(const std::string& path) { nn::read_idx(path, path); }
[[maybe_unused]] void csv(const std::string& path) { nn::read_csv(path); }
[[maybe_unused]] void table(const std::string& path) { nn::load_table(path); }
[[maybe_unused]] void npy(const std::string& path) { nn::load_npy(path); }
[[maybe_unused]] void npz(const std::string& path) { nn::load_npz(path); }
[[maybe_unused]] void pytorch(const std::string& path) { nn::load_pytorch(path); }
[[maybe_unused]] void safetensors(const std::string& path) { nn::load_safetensors(path); }
[[maybe_unused]] void image(const std::string& path) { mnist::as_mnist(xgrad::examples::read_image(path)); }

/// With the right checksum, as no chance finds it; and into a training, which may not be changed by halves.
[[maybe_unused]] void checkpoint(const std::string& path) {
  struct Training {
    xgrad::Random random{1};
    nn::Sequential net{nn::Linear(1, 1, random), nn::BatchNorm1d(1), nn::Dropout(0.5, random)};
    nn::Adam optimizer{net.parameters()};
    nn::StepLR schedule{optimizer, {}};
    nn::TrainingState state{.module = &net, .optimizer = &optimizer, .schedule = &schedule};
  };
  static Training training;
  if (std::FILE* const file = std::fopen(path.c_str(), "rb+")) {
    std::string content;
    for (int c; (c = std::fgetc(file)) != EOF;) content += static_cast<char>(c);
    if (content.size() > 32) {
      unsigned char digest[32];
      nn::Sha256().update(content.data(), content.size() - 32).digest(digest);
      std::fseek(file, -32, SEEK_END);
      std::fwrite(digest, 1, sizeof digest, file);
    }
    std::fclose(file);
  }
  nn::load_checkpoint(path, training.state);
}

// The readers take files by name: one file in memory, written anew for each content.
const std::string& file() {
  static const std::string path = "/dev/shm/xgrad-fuzz-" + std::to_string(::getpid());
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static const bool removed_at_exit = std::atexit([] { ::unlink(file().c_str()); }) == 0;
  std::FILE* const out = removed_at_exit ? std::fopen(file().c_str(), "wb") : nullptr;
  if (out == nullptr || std::fwrite(bytes, 1, count, out) != count || std::fclose(out) != 0) std::abort();
  try {
    XGRAD_READER(file());
  } catch (const xgrad::Error&) {
  }
  return 0;
}
