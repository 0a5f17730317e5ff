#include <algorithm>
#include <catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;
namespace fs = std::filesystem;

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t entries(const TempFolder& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path()), {}));
}

std::string little_endian(std::uint64_t n) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(n >> (8 * i)));
  return bytes;
}

std::string file_of(const std::string& header, const std::string& data) {
  return little_endian(header.size()) + header + data;
}

}  // namespace

// The bytes that safetensors 0.8 for Python writes for {"a": float32 [[1, 2]], "b": int64 [-1]}.
TEST_CASE("the bytes of a safetensors file") {
  const TempFolder folder;
  const std::string path = folder / "w.safetensors";
  nn::save_safetensors(path, {{"a", tensor({{1, 2}})}, {"b", tensor({-1}, int64)}});
  const std::string header =
      R"({"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  CHECK(read(path) == file_of(padded, std::string(8, '\xff') + std::string("\0\0\x80\x3f\0\0\0\x40", 8)));
  CHECK(entries(folder) == 1);
}

TEST_CASE("tensors of every dtype and shape come back as they were") {
  const TempFolder folder;
  const std::string path = folder / "w.safetensors";
  const Tensor single = tensor({{0.1, -2.5, 1e30}}), zero_d = tensor(0.1, float64), flags = tensor({1, 0, 1}, boolean),
               counts = tensor({{-5}, {1}}, int64), nothing = zeros({3, 0}, float64);
  nn::save_safetensors(
      path, {{"flags", flags}, {"single", single}, {"scalar", zero_d}, {"", nothing}, {"ü \"n\" \\", counts}});
  const auto loaded = nn::load_safetensors(path);
  REQUIRE(loaded.size() == 5);
  for (const auto& [name, t] : loaded) {
    INFO(name << " " << to_string(t));
    if (name == "flags") CHECK(t.to_vector<bool>() == flags.to_vector<bool>());
    else if (name == "single") CHECK((t.shape() == Shape{1, 3} && t.to_vector<float>() == single.to_vector<float>()));
    else if (name == "scalar") CHECK((t.shape() == Shape{} && t.dtype() == float64 && t.item() == 0.1));
    else if (name.empty()) CHECK((t.shape() == Shape{3, 0} && t.dtype() == float64));
    else CHECK((name == "ü \"n\" \\" && t.to_vector<std::int64_t>() == counts.to_vector<std::int64_t>()));
  }
  nn::save_safetensors(path, {});
  CHECK(nn::load_safetensors(path).empty());
}

TEST_CASE("a model goes to a file and back") {
  const TempFolder folder;
  const std::string path = folder / "model.safetensors";
  Random random(1);
  nn::Sequential model(nn::Linear(3, 4, random), nn::ReLU(), nn::Linear(4, 2, random)), other = model;
  for (Tensor p : other.parameters()) nn::zeros_(p);
  nn::save_safetensors(path, model.state());
  other.load_state(nn::load_safetensors(path));
  const Tensor x = tensor({{1, 2, 3}});
  CHECK(other(x).to_vector<float>() == model(x).to_vector<float>());
}

TEST_CASE("metadata go to a file and back") {
  const TempFolder folder;
  const std::string path = folder / "w.safetensors";
  const nn::Metadata says = {{"model", "cnn"}, {"ü", "\"quoted\", two\nlines"}};
  nn::save_safetensors(path, {{"a", tensor({1, 2})}}, says);
  nn::Metadata found;
  CHECK(nn::load_safetensors(path, found)[0].tensor.to_vector<float>() == std::vector<float>{1, 2});
  CHECK(found == says);
  CHECK(nn::load_safetensors(path).size() == 1);

  nn::save_safetensors(path, {{"a", tensor({1, 2})}});
  nn::load_safetensors(path, found);
  CHECK(found.empty());

  CHECK_THROWS_AS(nn::save_safetensors(path, {}, {{"a", "1"}, {"a", "2"}}), ValueError);
  CHECK_THROWS_AS(nn::save_safetensors(path, {}, {{"a", "\xff"}}), ValueError);
  found = says;
  for (const char* content : {"1", "[]", "{\"a\":1}", "{\"a\":{}}"}) {
    folder.write("w.safetensors", file_of(std::string("{\"__metadata__\":") + content + "}", ""));
    const std::string message = error_of<IoError>([&] { nn::load_safetensors(path, found); });
    CHECK_THAT(message, contains("__metadata__ that is not names and texts"));
    CHECK_THAT(message, contains(path));
  }
  CHECK(found == says);
}

TEST_CASE("what cannot be saved leaves the file that was there") {
  const TempFolder folder;
  const std::string path = folder / "w.safetensors";
  folder.write("w.safetensors", "before");
  CHECK_THROWS_AS(nn::save_safetensors(path, {{"a", zeros({1})}, {"a", zeros({1})}}), ValueError);
  CHECK_THROWS_AS(nn::save_safetensors(path, {{"a", Tensor()}}), ValueError);
  CHECK_THROWS_AS(nn::save_safetensors(path, {{"__metadata__", zeros({1})}}), ValueError);
  CHECK_THROWS_AS(nn::save_safetensors(path, {{"\xff", zeros({1})}}), ValueError);
  CHECK(read(path) == "before");
  CHECK(entries(folder) == 1);
  CHECK_THAT(error_of<IoError>([&] { nn::save_safetensors(folder / "no/w", {}); }),
             contains("save_safetensors: " + folder / "no/w" + " cannot be written"));
  CHECK_THAT(error_of<IoError>([&] { nn::save_safetensors(folder / ".", {}); }), contains("directory"));
  if (fs::exists("/dev/full"))
    CHECK_THAT(error_of<IoError>([&] {
                 nn::save_safetensors("/dev/full", {{"a", zeros({1})}});
               }),
               contains("No space"));
}

TEST_CASE("files that are not as they should be are refused, with path and reason") {
  const TempFolder folder;
  const std::string path = folder / "bad.safetensors";
  struct Bad {
    std::string content, reason;
  };
  const std::string four(4, '\0'), sixteen(16, '\0');
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const Bad table[] = {
      {"", "too few"},
      {"1234567", "too few"},
      {little_endian(1) + "", "claims a header of 1 bytes"},
      {little_endian(~0ull) + "{}", "is it a safetensors file?"},
      {little_endian(3'000'000'000) + "{}", "claims a header"},
      {file_of("", ""), "cannot be read"},
      {file_of("[]", ""), "not a JSON object"},
      {file_of("{", ""), "cannot be read"},
      {file_of("{} x", ""), "cannot be read"},
      {file_of(R"({"a":1})", ""), "'a'"},
      {file_of("{\"\xff\":1}", ""), "cannot be read"},
      {file_of("{\"a\":" + std::string(100000, '['), ""), "'a' is no tensor"},
      {file_of("{\"a\":{\"b\":" + std::string(100000, '['), ""), "'a' is nested too deeply"},
      {file_of(R"({"a":{"b":{}}})", ""), "'a' is nested too deeply"},
      {file_of("{" + a + "," + a + "}", four), "'a' twice"},
      {file_of(R"({"a":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}})", four), "'dtype' twice"},
      {file_of(R"({"__metadata__":{"a":"b","a":"c"}})", ""), "'a' twice"},
      {file_of(R"({"a\u001b[2J\n":1})", ""), R"('a\x1b[2J\x0a')"},
      {file_of("{\"" + std::string(500, 'a') + "\":1}", ""), std::string(200, 'a') + "..."},
      {file_of(R"({"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}})", four), "cannot be read"},
      {file_of("{" + a + "}", sixteen), "16 bytes of data"},
      {file_of("{" + a + "}", ""), "no range within the 0 bytes"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1]}})", four), "wants exactly"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", four), "wants exactly"},
      {file_of(R"({"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})", four), "BF16"},
      {file_of(R"({"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}})", four), "dtype 32"},
      {file_of(R"({"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", four), "shape"},
      {file_of(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four), "no size"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", four), "no size"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})", four), "8 axes"},
      {file_of(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", ""), "no size"},
      {file_of(R"({"a":{"dtype":"F32","shape":[9223372036854775807,9,0],"data_offsets":[0,0]}})", ""), "no size"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1099511627777,0],"data_offsets":[0,0]}})", ""), "no size"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4]}})", four), "4000000000000"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", four), "takes 8"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", four), "no range"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", four), "no range"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", four), "no range"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],)"
               R"("data_offsets":[0,4]}})",
               four),
       "starts at byte 0"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", std::string(8, '\0')), "starts at byte 4"},
      {file_of(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", "\2"), "neither 0 nor 1"},
  };
  for (const auto& [content, reason] : table) {
    folder.write("bad.safetensors", content);
    const std::string message = error_of<IoError>([&] { nn::load_safetensors(path); });
    INFO(content.substr(0, 200));
    CHECK_THAT(message, contains(path));
    CHECK_THAT(message, contains(reason));
    CHECK(message.find('\n') == message.npos);
  }
  CHECK_THAT(error_of<IoError>([&] { nn::load_safetensors(folder / "none"); }), contains("there is no file"));
  CHECK_THAT(error_of<IoError>([&] { nn::load_safetensors(folder / ""); }), contains("not a regular file"));

  folder.write("bad.safetensors", file_of(R"({"__metadata__":{"format":"pt"},)" + a + "}", four));
  CHECK(nn::load_safetensors(path).size() == 1);
}

TEST_CASE("safetensors: the file that Python's library wrote is read") {
  auto tensors = nn::load_safetensors(made_by_python("numpy.safetensors"));
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const Tensor eighths = tensor({{0, 0.125, 0.25}, {0.375, 0.5, 0.625}});
  CHECK(same(tensors, {{"count", tensor({{-3, -2, -1}, {0, 1, 2}}, int64)},
                       {"double", to(eighths, float64)},
                       {"mask", tensor({{1, 0, 1}, {0, 1, 0}}, boolean)},
                       {"weight", eighths}}));
}

TEST_CASE("safetensors: every cut and every changed byte is refused or harmless") {
  const TempFolder folder;
  const std::string path = folder / "good.safetensors";
  nn::save_safetensors(path, {{"a", tensor({{1, 2}})}, {"b", tensor({-1}, int64)}, {"c", tensor({1, 0}, boolean)}});
  const auto bytes = [](const std::vector<nn::NamedTensor>& tensors) {
    std::int64_t all = 0;
    for (const nn::NamedTensor& item : tensors) all += item.tensor.size() * item_size(item.tensor.dtype());
    return all;
  };
  for (const std::string& file : {path, made_by_python("numpy.safetensors")}) {
    // Elements have no checksum, and names and dtypes may be others; every byte still belongs to one tensor.
    const auto found = damaged(
        folder, content_of(file), [](const std::string& name) { return nn::load_safetensors(name); },
        [&](const std::vector<nn::NamedTensor>& loaded) { return bytes(loaded) == bytes(nn::load_safetensors(file)); });
    CHECK(found.value_or("") == "");
  }
}

TEST_CASE("FileWriter: whole or not at all") {
  const TempFolder folder;
  const std::string path = folder / "f";
  {
    nn::FileWriter file(path);
    file.write("half");
  }
  CHECK(entries(folder) == 0);
  folder.write("f", "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("f", (folder / "link"));
  {
    nn::FileWriter first(path), second(path), third(folder / "link");
    first.write("first");
    second.write("second");
    CHECK(read(path) == "old");
    first.commit();
    CHECK(read(path) == "first");
    second.commit();
    CHECK(read(path) == "second");
    third.write("third");
    third.commit();
  }
  CHECK(read(path) == "third");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(entries(folder) == 2);

  nn::FileWriter null("/dev/null");
  null.write("x");
  null.commit();
  CHECK_THROWS_AS(null.write("y"), ValueError);
  CHECK(fs::is_character_file("/dev/null"));
  CHECK_THROWS_AS(nn::FileWriter(""), IoError);
  CHECK_THROWS_AS(nn::FileWriter(folder / ""), IoError);
  CHECK_THAT(error_of<IoError>([&] { nn::FileWriter(folder / "no/such"); }), contains("No such file or directory"));
}
