#include "catch.hpp"

#include <cstdlib>
#include <numeric>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>

#include <xgrad/nn/data/batches.hpp>
#include <xgrad/nn/data/mnist.hpp>

#include "data_files.hpp"

using namespace xgrad;
using namespace xgrad::nn;
using namespace xgrad::tests;

namespace {

constexpr std::uint32_t images_magic = 0x803, labels_magic = 0x801;

// `count` images that differ: every pixel follows from its place.
std::string pixels_of(int count, int size = 784) {
  std::string pixels;
  for (int i = 0; i < count * size; ++i) pixels += static_cast<char>((i * 7 + i / size * 13) & 0xff);
  return pixels;
}
std::string labels_of(int count) {
  std::string labels;
  for (int i = 0; i < count; ++i) labels += static_cast<char>((i * 3 + 5) % 10);
  return labels;
}
std::string idx_images(int count, int rows = 28, int columns = 28) {
  return big_endian(images_magic) + big_endian(static_cast<std::uint32_t>(count)) +
         big_endian(static_cast<std::uint32_t>(rows)) + big_endian(static_cast<std::uint32_t>(columns)) +
         pixels_of(count, rows * columns);
}
std::string idx_labels(int count) {
  return big_endian(labels_magic) + big_endian(static_cast<std::uint32_t>(count)) + labels_of(count);
}
std::string csv_row(int label, const std::string& pixels, std::size_t first = 0) {
  std::string row = std::to_string(label);
  for (std::size_t i = first; i < first + 784; ++i) row += ',' + std::to_string(static_cast<unsigned char>(pixels[i]));
  return row;
}
std::string csv(int count, const std::string& line_end = "\n") {
  const std::string pixels = pixels_of(count), labels = labels_of(count);
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) text += csv_row(labels[i], pixels, i * 784) + line_end;
  return text;
}
bool same(const Images& a, const Images& b) {
  return a.rows == b.rows && a.columns == b.columns && a.pixels == b.pixels && a.labels == b.labels;
}

// Every error is one line that names the file and the caller.
void check_error(const std::string& error, const std::string& file, const std::string& part) {
  INFO(error);
  CHECK_THAT(error, contains(part));
  CHECK_THAT(error, contains(file));
  CHECK_THAT(error, contains("data_test.cpp:"));
  CHECK(error.find('\n') == std::string::npos);
  CHECK(error.find("another error") == std::string::npos);
}

long peak_kilobytes() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("IDX files are read plain and gzip'd, told by content") {
  const TempFolder folder;
  const std::string images = folder.write("images", idx_images(3)), labels = folder.write("labels", idx_labels(3));
  const Images set = read_idx(images, labels);
  CHECK(set.size() == 3);
  CHECK(set.rows == 28);
  CHECK(set.columns == 28);
  const std::string pixels = pixels_of(3);
  CHECK((std::string(set.pixels.begin(), set.pixels.end()) == pixels));
  CHECK(set.labels == std::vector<std::uint8_t>{5, 8, 1});
  CHECK(set.image(2)[5] == static_cast<unsigned char>(pixels[2 * 784 + 5]));

  const std::string packed = gzip(idx_images(3));
  CHECK(same(set, read_idx(folder.write("packed", packed), folder.write("packed.labels", gzip(idx_labels(3))))));
  CHECK(same(set, read_idx(folder.write("plain.gz", idx_images(3)), labels)));
  // A gzip file may be several streams in a row.
  const std::string content = idx_images(3);
  CHECK(
      same(set, read_idx(folder.write("parts.gz", gzip(content.substr(0, 100)) + gzip(content.substr(100))), labels)));

  const Images small = read_idx(folder.write("small", idx_images(3, 2, 5)), labels);
  CHECK(small.rows == 2);
  CHECK(small.columns == 5);
}

TEST_CASE("a bad IDX image file is one error with file and byte") {
  const TempFolder folder;
  const std::string labels = folder.write("labels", idx_labels(3)), good = idx_images(3);
  const auto header = [](std::uint32_t magic, std::uint32_t n, std::uint32_t rows, std::uint32_t columns) {
    return big_endian(magic) + big_endian(n) + big_endian(rows) + big_endian(columns);
  };
  struct Case {
    std::string content, part;
  };
  const Case cases[] = {
      {"", "empty, expected an IDX header of 16 bytes"},
      {good.substr(0, 3), "ends at byte 3"},
      {good.substr(0, 15), "ends at byte 15"},
      {good.substr(0, 16), "truncated: 16 bytes, but its header declares 3 x 28 x 28, which takes 2368 bytes"},
      {good.substr(0, 2367), "truncated: 2367 bytes"},
      {good + "x", "byte 2368: more bytes"},
      {idx_labels(3), "magic number 0x00000801, expected 0x00000803"},
      {header(0x0d03, 3, 28, 28) + pixels_of(3), "magic number 0x00000d03"},
      {"\x89PNG and so on, as long as a header", "magic number 0x89504e47"},
      {header(0x803, 0, 28, 28), "byte 4: the header declares 0, an array without elements"},
      {header(0x803, 3, 0, 28), "byte 8: the header declares 3 x 0"},
      {header(0x803, 3, 28, 0), "byte 12: the header declares 3 x 28 x 0"},
      {header(0x803, 0xffffffff, 0xffffffff, 0xffffffff), "byte 4: the header declares 4294967295 elements"},
      {header(0x803, 0x10000, 0x10000, 0xffffffff), "byte 8: the header declares 65536 x 65536 elements"},
      {header(0x803, 1u << 31, 2, 1u << 31), "byte 8: the header declares 2147483648 x 2 elements"},
      {header(0x803, 1u << 31, 1, 1), "truncated: 16 bytes"},
      {gzip(header(0x803, 1u << 31, 1, 1)), "bytes of gzip, but its header declares 2147483648 x 1 x 1"},
      {gzip(good.substr(0, 100)), "truncated: ends at byte 100"},
      {gzip(good + "x"), "byte 2368: more bytes"},
      {gzip(good) + "x", "1 bytes after the end of the gzip stream"},
      {gzip(""), "empty"},
      {"\x1f\x8b", "the gzip stream is cut"},
      {"\x1f\x8b and so on", "the gzip stream is damaged"},
  };
  for (const Case& bad : cases) {
    const std::string path = folder.write("train-images", bad.content);
    check_error(error_of<IoError>([&] { read_idx(path, labels); }), path, bad.part);
  }
}

TEST_CASE("an IDX file cut or damaged at any byte is an error") {
  const TempFolder folder;
  const std::string labels = folder.write("labels", idx_labels(2)), plain = idx_images(2, 3, 4), packed = gzip(plain);
  const Images good = read_idx(folder.write("good", plain), labels);
  for (const std::string& whole : {plain, packed})
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::string path = folder.write("cut", whole.substr(0, length));
      INFO(length);
      CHECK_THAT(error_of<IoError>([&] { read_idx(path, labels); }), contains(path));
    }
  // Bytes 4 to 9 of a gzip file, and the lowest bit of byte 3, are a date and remarks. All else matters.
  for (std::size_t at = 0; at < packed.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = packed;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      const std::string path = folder.write("damaged", damaged);
      INFO(at << ", bit " << bit);
      if ((at >= 4 && at < 10) || (at == 3 && bit == 0)) CHECK(same(good, read_idx(path, labels)));
      else CHECK_THAT(error_of<IoError>([&] { read_idx(path, labels); }), contains(path));
    }
}

TEST_CASE("what a header claims is not allocated") {
  const TempFolder folder;
  const std::string labels = folder.write("labels", idx_labels(3));
  const long before = peak_kilobytes();
  // A bomb: 200 MB of zeros behind a header of three images.
  const std::string bomb = folder.write("bomb", gzip(idx_images(3) + std::string(200'000'000, '\0')));
  const long made = peak_kilobytes();
  check_error(error_of<IoError>([&] { read_idx(bomb, labels); }), bomb, "byte 2368: more bytes");
  // A header of 2,000,000 images, and a stream that could hold them by its length but holds 1 MB.
  std::string noise;
  for (std::uint32_t i = 0, x = 1; i < 1'600'000; ++i) noise += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  std::string header = big_endian(images_magic) + big_endian(2'000'000) + big_endian(28) + big_endian(28);
  const std::string claim = folder.write("claim", gzip(header + noise));
  check_error(error_of<IoError>([&] { read_idx(claim, labels); }), claim, "truncated: ends at byte 1600016");
  CHECK(made >= before);
  CHECK(peak_kilobytes() - made < 64 * 1024);
}

TEST_CASE("labels have to fit the images, and their range") {
  const TempFolder folder;
  const std::string images = folder.write("images", idx_images(3));
  std::string labels = idx_labels(3);
  const std::string four = folder.write("labels", idx_labels(4));
  const std::string error = error_of<IoError>([&] { read_idx(images, four); });
  check_error(error, images, "3 images");
  check_error(error, four, "4 labels");
  labels[9] = 10;
  const std::string wrong = folder.write("wrong", labels);
  check_error(error_of<ValueError>([&] { read_idx(images, wrong); }), wrong, "byte 9: label 1 is 10, expected 0 to 9");
  CHECK(read_idx(images, wrong, 11).classes == 11);
  CHECK_THAT(error_of<ValueError>([&] { read_idx(images, wrong, 257); }), contains("classes is 257"));
  check_error(error_of<IoError>([&] { read_idx(images, images); }), images, "expected 0x00000801 (labels");
}

TEST_CASE("what is no readable file is an error with its name") {
  const TempFolder folder;
  const std::string labels = folder.write("labels", idx_labels(3)), missing = folder / "missing",
                    pipe = folder / "pipe";
  check_error(error_of<IoError>([&] { read_idx(missing, labels); }), missing, "No such file or directory");
  check_error(error_of<IoError>([&] { read_idx(labels, missing); }), missing, "No such file or directory");
  check_error(error_of<IoError>([&] { read_csv(missing); }), missing, "No such file or directory");
  check_error(error_of<IoError>([&] { read_idx(folder.path(), labels); }), folder.path(),
              "a directory, expected a file");
  check_error(error_of<IoError>([&] { read_csv(folder.path()); }), folder.path(), "a directory, expected a file");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  check_error(error_of<IoError>([&] { read_csv(pipe); }), pipe, "not a regular file");
  check_error(error_of<IoError>([&] { read_csv(folder / "two\nlines"); }), "two\\x0alines", "No such file");
  if (std::filesystem::exists("/proc/self/mem"))  // opens, but its first page cannot be read
    check_error(error_of<IoError>([&] { read_csv("/proc/self/mem"); }), "/proc/self/mem", "cannot be read at byte 0");
  const std::string locked = folder.write("locked", csv(1));
  chmod(locked.c_str(), 0);
  if (!std::ifstream(locked))  // root reads everything
    check_error(error_of<IoError>([&] { read_csv(locked); }), locked, "cannot be opened: Permission denied");
}

TEST_CASE("CSV and IDX of the same images are the same tensors") {
  const TempFolder folder;
  const Images idx = read_idx(folder.write("images", idx_images(5)), folder.write("labels", idx_labels(5)));
  std::string names = "label";
  for (int i = 0; i < 784; ++i) names += ",pixel" + std::to_string(i);
  const std::string unix_text = csv(5), dos_text = csv(5, "\r\n");
  for (const std::string& text :
       {unix_text, dos_text, unix_text.substr(0, unix_text.size() - 1), dos_text.substr(0, dos_text.size() - 2),
        names + '\n' + unix_text, names + "\r\n" + dos_text, '"' + names + "\n" + unix_text, "\xef\xbb\xbf" + unix_text,
        "\xef\xbb\xbf" + names + "\n" + unix_text, unix_text + "\n\n", gzip(unix_text)}) {
    const Images table = read_csv(folder.write("table.csv", text));
    REQUIRE(same(table, idx));
    const Batch a = to_tensors(table), b = to_tensors(idx);
    CHECK((a.input.to_vector<float>() == b.input.to_vector<float>()));
    CHECK(a.target.to_vector<std::int64_t>() == b.target.to_vector<std::int64_t>());
  }
  // Long enough to be read in many pieces.
  const Images many = read_csv(folder.write("many.csv", csv(1000)));
  CHECK(same(many, read_idx(folder.write("images", idx_images(1000)), folder.write("labels", idx_labels(1000)))));
}

TEST_CASE("a bad CSV row is one error with line and column") {
  const TempFolder folder;
  const std::string row = csv_row(7, pixels_of(1)) + '\n';
  // The row with its field `column` (from 1) replaced.
  const auto with = [&](int column, const std::string& field) {
    std::size_t at = 0;
    for (int i = 1; i < column; ++i) at = row.find(',', at) + 1;
    return row.substr(0, at) + field + row.substr(row.find_first_of(",\n", at));
  };
  struct Case {
    std::string content, part;
  };
  const Case malformed[] = {
      {"", "no images"},
      {"label,pixel0\n", "no images"},
      {"\n\n", "no images"},
      {row + "\n" + row, "line 2 is empty"},
      {row + "7,1,2\n", "line 2 has 3 fields, expected label,pixel,... (785 numbers)"},
      {row + row.substr(0, row.size() - 1) + ",0\n", "line 2 has 786 fields"},
      {row + "7\n", "line 2 has 1 fields"},
      {row + with(2, "black"), "line 2, column 2: pixel 'black', expected a whole number from 0 to 255"},
      {row + with(785, "12x"), "line 2, column 785: pixel '12x'"},
      {row + with(3, ""), "line 2, column 3: pixel ''"},
      {row + with(3, " 5"), "column 3: pixel ' 5'"},
      {row + with(3, "0.5"), "column 3: pixel '0.5'"},
      {row + with(3, "+5"), "column 3: pixel '+5'"},
      {row + with(3, "-"), "column 3: pixel '-'"},
      {row + with(1, "seven"), "line 2, column 1: label 'seven', expected a whole number from 0 to 9"},
      {with(1, "seven"), "line 1, column 1: label 'seven'"},
      {row + row.substr(0, 500), "line 2 has"},
      {row + with(4, std::string(100, 'y')), "'" + std::string(40, 'y') + "...'"},
      {row + with(4, "a\x01\tb"), "'a\\x01\\x09b'"},
      {row + std::string(1'000'000, '0'), "line 2 has more than 32768 characters"},
      {gzip(std::string(100'000'000, '1')), "line 1 has more than 32768 characters"},
      {gzip(row + row).substr(0, 300), "the gzip stream is cut"},
  };
  for (const Case& bad : malformed) {
    const std::string path = folder.write("train.csv", bad.content);
    check_error(error_of<IoError>([&] { read_csv(path); }), path, bad.part);
  }
  const Case out_of_range[] = {
      {row + with(1, "10"), "line 2, column 1: label '10', expected a whole number from 0 to 9"},
      {row + with(1, "-1"), "line 2, column 1: label '-1'"},
      {row + row + with(2, "256"), "line 3, column 2: pixel '256', expected a whole number from 0 to 255"},
      {with(785, "-3"), "line 1, column 785: pixel '-3'"},
      {with(5, "99999999999999999999"), "line 1, column 5: pixel '99999999999999999999'"},
  };
  for (const Case& bad : out_of_range) {
    const std::string path = folder.write("train.csv", bad.content);
    check_error(error_of<ValueError>([&] { read_csv(path); }), path, bad.part);
  }
}

TEST_CASE("load_mnist takes whichever form is there") {
  const TempFolder folder;
  const auto write_idx = [&](bool packed) {
    const auto write = [&](const std::string& name, const std::string& content) {
      folder.write(packed ? name + ".gz" : name, packed ? gzip(content) : content);
    };
    write("train-images-idx3-ubyte", idx_images(4));
    write("train-labels-idx1-ubyte", idx_labels(4));
    write("t10k-images-idx3-ubyte", idx_images(2));
    write("t10k-labels-idx1-ubyte", idx_labels(2));
  };
  const auto load = [&] { return load_mnist(folder.path()); };
  check_error(error_of<IoError>(load), folder.path(), "found neither train-images-idx3-ubyte[.gz] with");
  check_error(error_of<IoError>([&] { load_mnist(folder / "none"); }), folder / "none", "found neither");
  folder.write("mnist_train.csv", csv(4));
  check_error(error_of<IoError>(load), folder.path(), "nor mnist_test.csv");
  folder.write("mnist_test.csv", csv(2));
  const TrainTest table = load();
  CHECK(table.train.size() == 4);
  CHECK(table.test.size() == 2);

  write_idx(true);
  CHECK(same(load().train, table.train));
  CHECK(same(load().test, table.test));
  std::filesystem::remove(folder / "train-labels-idx1-ubyte.gz");
  check_error(error_of<IoError>(load), folder / "train-labels-idx1-ubyte", "No such file");
  std::filesystem::rename(folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte");
  check_error(error_of<IoError>(load), folder / "train-labels-idx1-ubyte", "expected 0x00000801 (labels");
  write_idx(true);
  std::filesystem::remove(folder / "train-labels-idx1-ubyte");
  std::filesystem::remove(folder / "train-images-idx3-ubyte.gz");
  check_error(error_of<IoError>(load), folder / "train-images-idx3-ubyte", "No such file");
  write_idx(false);
  CHECK(same(load().train, table.train));
  folder.write("t10k-images-idx3-ubyte", idx_images(2, 28, 32));
  check_error(error_of<IoError>(load), folder / "t10k-images-idx3-ubyte", "images of 28x32 pixels, expected 28x28");
  folder.write("t10k-images-idx3-ubyte", idx_images(2, 32, 28));
  check_error(error_of<IoError>(load), folder / "t10k-images-idx3-ubyte", "images of 32x28 pixels, expected 28x28");
}

TEST_CASE("a dataset can be cut short") {
  const TempFolder folder;
  Images set = read_idx(folder.write("images", idx_images(5)), folder.write("labels", idx_labels(5)));
  set.truncate(9);
  CHECK(set.size() == 5);
  set.truncate(2);
  CHECK(set.size() == 2);
  CHECK(set.pixels.size() == 2 * 784);
  CHECK_THAT(error_of<ValueError>([&] { set.truncate(0); }), contains("truncate: count is 0"));
}

TEST_CASE("real MNIST, where it is at hand") {
  const char* data = std::getenv("XGRAD_DATA");
  const std::string folder = data ? std::string(data) + "/mnist" : "";
  if (folder.empty() || !std::filesystem::exists(folder)) return;
  const TrainTest mnist = load_mnist(folder);
  REQUIRE(mnist.train.size() == 60000);
  REQUIRE(mnist.test.size() == 10000);
  const std::vector<std::uint8_t>&train = mnist.train.labels, &test = mnist.test.labels;
  CHECK(std::vector<std::uint8_t>(train.begin(), train.begin() + 5) == std::vector<std::uint8_t>{5, 0, 4, 1, 9});
  CHECK(std::vector<std::uint8_t>(test.begin(), test.begin() + 5) == std::vector<std::uint8_t>{7, 2, 1, 0, 4});
  const auto sum = std::accumulate(mnist.train.pixels.begin(), mnist.train.pixels.end(), std::int64_t{0});
  CHECK(static_cast<double>(sum) / 255 / (60000 * 784) == Approx(0.1307).margin(5e-5));
}
