#include "readers.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

#include <common/image_file.hpp>
#include <mnist/digit.hpp>
#include <xgrad/engine/error.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "../../nn/data_files.hpp"
#include "sealed.hpp"

namespace xgrad::tests {

namespace {

/// The readers take files by name: one in memory.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content) : file_(::memfd_create("xgrad", MFD_CLOEXEC)) {
    if (file_ < 0 || ::write(file_, content.data(), content.size()) != std::ssize(content))
      throw std::runtime_error("no file in memory");
  }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

/// False: it was an Error.
template <class Load> bool read(const std::string& content, const Load& load) {
  const MemoryFile file(content);
  try {
    load(file.path());
    return true;
  } catch (const Error& error) {
    const std::string text = error.what();
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      throw std::logic_error("an error with control characters: " + text);
    return false;
  }
}

void csv(const std::string& content) {
  read(content, [](auto path) { nn::read_csv(path); });
}
void table(const std::string& content) {
  read(content, [](auto path) { nn::load_table(path); });
}
void npy(const std::string& content) {
  read(content, [](auto path) { nn::load_npy(path); });
}
void safetensors(const std::string& content) {
  read(content, [](auto path) { nn::load_safetensors(path); });
}

/// As the images of two labels, and as the labels of two images.
void idx(const std::string& content) {
  const std::string two = big_endian(2);
  const MemoryFile labels(big_endian(0x801) + two + "\1\2"), images(big_endian(0x803) + two + two + two + "pixels12");
  read(content, [&](auto path) { nn::read_idx(path, labels.path()); });
  read(content, [&](auto path) { nn::read_idx(images.path(), path); });
}

void npz(const std::string& content) {
  for (const std::string& form : {content, sealed_zip(content)}) read(form, [](auto path) { nn::load_npz(path); });
}

/// What is a pickle is read from an archive too, whose storages have 24 bytes each.
void pytorch(const std::string& content) {
  const auto load = [](auto path) { nn::load_pytorch(path); };
  for (const std::string& form : {content, sealed_zip(content)}) read(form, load);
  if (!content.starts_with('\x80')) return;
  std::vector<std::pair<std::string, std::string>> files = {{"a/data.pkl", content}, {"a/version", "3\n"}};
  std::string storage(24, '\0');
  storage[7] = storage[12] = 1;
  for (const char* name : {"0", "1", "2", "3"}) files.emplace_back(std::string("a/data/") + name, storage);
  read(zip_of(files), load);
  files.emplace_back("a/byteorder", "big");
  read(zip_of(files), load);
}

/// Those that mnist predict reads, made what its network wants.
void image(const std::string& content) {
  for (const std::string& form : {content, sealed_png(content)})
    read(form, [](auto path) { mnist::as_mnist(examples::read_image(path)); });
}

/// A training with all the parts that a checkpoint can have.
struct Training {
  Random random{1}, own{2};
  nn::Sequential net{nn::Linear(1, 1, random), nn::BatchNorm1d(1), nn::Dropout(0.5, random)};
  nn::Adam optimizer{net.parameters()};
  nn::StepLR schedule{optimizer, {}};
  nn::ReduceLROnPlateau plateau{optimizer};
  nn::ExponentialMovingAverage average{net.parameters()};
  nn::TensorDataset data{arange(6)};
  nn::DataLoader loader{data, {.batch_size = 2}};
  nn::TrainingState state{.module = &net,
                          .optimizer = &optimizer,
                          .schedule = &schedule,
                          .plateau = &plateau,
                          .average = &average,
                          .loader = &loader,
                          .randoms = {{"own", &own}}};

  /// All of it.
  std::string sum() {
    nn::Sha256 sum;
    for (const auto& part :
         {net.state(), optimizer.state(), schedule.state(), plateau.state(), average.state(), state.best})
      for (const nn::NamedTensor& item : part) sum.update(item.tensor);
    for (const nn::NamedRandom& item : net.random_streams()) add(sum, *item.random);
    add(sum, own);
    const nn::LoaderState place = loader.state();
    const std::int64_t counts[] = {state.step, state.epoch, place.epoch, place.batch, std::ssize(state.history)};
    return sum.update(counts, sizeof counts).update(&place.seed, sizeof place.seed).hex();
  }
  static void add(nn::Sha256& sum, const Random& random) {
    const std::uint64_t words[] = {random.seed(), random.stream(), random.position()};
    sum.update(words, sizeof words);
  }
};

/// What is refused may not have changed a thing.
void checkpoint(const std::string& content) {
  for (const std::string& form : {content, sealed_checkpoint(content)}) {
    Training training;
    const std::string before = training.sum();
    if (!read(form, [&](auto path) { nn::load_checkpoint(path, training.state); }) && training.sum() != before)
      throw std::logic_error("a checkpoint that was refused has changed the training");
    read(form, [&](auto path) { nn::load_weights(path, training.net); });
  }
}

}  // namespace

Reader reader_of(std::string_view name) {
  constexpr struct {
    std::string_view name;
    Reader reader;
  } readers[] = {{"checkpoint", checkpoint},
                 {"csv", csv},
                 {"idx", idx},
                 {"image", image},
                 {"npy", npy},
                 {"npz", npz},
                 {"pytorch", pytorch},
                 {"safetensors", safetensors},
                 {"table", table}};
  for (const auto& known : readers)
    if (known.name == name) return known.reader;
  return nullptr;
}

void write_checkpoint(const std::string& path) {
  Training training;
  training.state.step = 3;
  training.state.history = {{"loss", {0.5, 0.25}}};
  training.state.best = training.net.state();
  nn::save_checkpoint(path, training.state);
}

}  // namespace xgrad::tests
