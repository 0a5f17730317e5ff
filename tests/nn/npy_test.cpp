#include <catch.hpp>
#include <cmath>
#include <filesystem>
#include <limits>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

TEST_CASE("npy: the files of numpy are read") {
  const Tensor c = nn::load_npy(made_by_python("c.npy"));
  CHECK(same(c, tensor({{0, 0.125, 0.25}, {0.375, 0.5, 0.625}})));
  const Tensor fortran = nn::load_npy(made_by_python("fortran.npy"));
  REQUIRE((fortran.shape() == Shape{2, 3, 4} && fortran.dtype() == float64));
  for (int i = 0; i < 24; ++i) CHECK(fortran.data<double>()[i] == i - 0.5);
  CHECK(same(nn::load_npy(made_by_python("version3.npy")), tensor({{0, 1, 2}, {3, 4, 5}}, int64)));

  const TempFolder folder;
  CHECK(same(nn::load_npy(folder.write("c.npy.gz", gzip(content_of(made_by_python("c.npy"))))), c));
}

TEST_CASE("npy: what is written is what numpy writes, byte for byte") {
  const TempFolder folder;
  const std::string path = folder / "c.npy";
  nn::save_npy(path, nn::load_npy(made_by_python("c.npy")));
  CHECK(content_of(path) == content_of(made_by_python("c.npy")));
  for (const Tensor& t : {tensor(2.5, float64), zeros({3, 0}), tensor({-1, 7}, int64), tensor({{1, 0}}, boolean),
                          zeros({1, 2, 1, 2, 1, 2, 1, 2})}) {
    nn::save_npy(path, t);
    CHECK(same(nn::load_npy(path), t));
    CHECK(content_of(path).size() % 64 == static_cast<std::size_t>(t.size() * item_size(t.dtype())) % 64);
  }
  CHECK_THROWS_AS(nn::save_npy(path, Tensor()), ValueError);
  CHECK_THROWS_AS(nn::save_npy(folder / "no/such", zeros({1})), IoError);
}

TEST_CASE("npz: the archives of numpy are read, narrow types widened") {
  const auto arrays = nn::load_npz(made_by_python("arrays.npz"));
  REQUIRE(arrays.size() == 17);
  const Tensor eighths = tensor({{0, 0.125, 0.25}, {0.375, 0.5, 0.625}}),
               doubles = tensor({{0, 0.125, 0.25}, {0.375, 0.5, 0.625}}, float64),
               counts = tensor({{-3, -2, -1}, {0, 1, 2}}, int64);
  for (const auto& [name, t] : arrays) {
    INFO(name << " " << to_string(t));
    if (name == "float32" || name == "float16" || name == "big_half") CHECK(same(t, eighths));
    else if (name == "float64" || name == "big_double" || name == "layer/0.weight") CHECK(same(t, doubles));
    else if (name == "int64" || name == "int32" || name == "int16" || name == "int8" || name == "big")
      CHECK(same(t, counts));
    else if (name == "bool") CHECK(same(t, tensor({{1, 0, 1}, {0, 1, 0}}, boolean)));
    else if (name == "uint8") CHECK(same(t, tensor({{250, 251, 252}, {253, 254, 255}}, int64)));
    else if (name == "uint16") CHECK(same(t, tensor({{65530, 65531, 65532}, {65533, 65534, 65535}}, int64)));
    else if (name == "uint32") CHECK((t.dtype() == int64 && t.data<std::int64_t>()[5] == 4294967295));
    else if (name == "scalar") CHECK((t.shape() == Shape{} && t.dtype() == float64 && t.item() == 2.5));
    else CHECK((name == "none" && t.shape() == Shape{3, 0} && t.dtype() == float32));
  }
  const auto compressed = nn::load_npz(made_by_python("compressed.npz"));
  REQUIRE(compressed.size() == 2);
  CHECK((compressed[0].name == "weight" && same(compressed[0].tensor, eighths)));
  CHECK((compressed[1].name == "bias" && same(compressed[1].tensor, tensor({-1, 0, 1}, int64))));
}

TEST_CASE("npz: tensors go to a file and back, and the same ones make the same bytes") {
  const TempFolder folder;
  const std::string path = folder / "w.npz";
  Random random(1);
  const std::vector<nn::NamedTensor> tensors = {{"0.weight", normal(random, {30, 20})},
                                                {"ü/b", tensor(2.5, float64)},
                                                {"none", zeros({0}, boolean)},
                                                {"n", tensor({{1}, {-2}}, int64)}};
  for (const bool compressed : {false, true}) {
    nn::save_npz(path, tensors, compressed);
    CHECK(same(nn::load_npz(path), tensors));
    const std::string first = content_of(path);
    nn::save_npz(path, tensors, compressed);
    CHECK(content_of(path) == first);
  }
  nn::save_npz(path, {});
  CHECK(nn::load_npz(path).empty());

  folder.write("w.npz", "before");
  CHECK_THROWS_AS(nn::save_npz(path, {{"a", zeros({1})}, {"a", zeros({1})}}), ValueError);
  CHECK_THROWS_AS(nn::save_npz(path, {{"a", Tensor()}}), ValueError);
  CHECK_THROWS_AS(nn::save_npz(path, {{"", zeros({1})}}), ValueError);
  CHECK_THROWS_AS(nn::save_npz(path, {{"\xff", zeros({1})}}), ValueError);
  CHECK(content_of(path) == "before");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  if (std::filesystem::exists("/dev/full"))
    CHECK_THAT(error_of<IoError>([&] { nn::save_npz("/dev/full", tensors); }), contains("No space"));
}

TEST_CASE("npy: all halves and small integers are widened exactly") {
  const TempFolder folder;
  const auto header = [](const std::string& descr, int count) {
    std::string text =
        "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + std::to_string(count) + ",), }";
    return "\x93NUMPY\1" + std::string(1, '\0') + static_cast<char>(text.size()) + '\0' + text;
  };
  std::string all;
  for (int i = 0; i < 65536; ++i) (all += static_cast<char>(i & 255)) += static_cast<char>(i >> 8);
  const Tensor halves = nn::load_npy(folder.write("h", header("<f2", 65536) + all));
  const Tensor shorts = nn::load_npy(folder.write("i", header("<i2", 65536) + all));
  const Tensor naturals = nn::load_npy(folder.write("u", header("<u2", 65536) + all));
  for (int i = 0; i < 65536; ++i) {
    const int exponent = i >> 10 & 31, fraction = i & 1023;
    const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    const float half = halves.data<float>()[i];
    const bool right = exponent < 31 ? half == (i >> 15 ? -size : size) && std::signbit(half) == bool(i >> 15)
                       : fraction    ? std::isnan(half)
                                     : std::isinf(half);
    if (!right) FAIL("half " << i << " is " << half);
    if (shorts.data<std::int64_t>()[i] != static_cast<std::int16_t>(i)) FAIL("int16 " << i);
    if (naturals.data<std::int64_t>()[i] != i) FAIL("uint16 " << i);
  }
}

TEST_CASE("npy: what is not as it should be is refused, with path, place and reason") {
  const TempFolder folder;
  const auto file = [](const std::string& dictionary, const std::string& data = "", char version = 1) {
    return "\x93NUMPY" + std::string(1, version) + std::string(1, '\0') + static_cast<char>(dictionary.size()) + '\0' +
           dictionary + data;
  };
  const auto array = [&](const std::string& shape, const std::string& data, const std::string& descr = "<f4") {
    return file("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + "}\n", data);
  };
  struct Bad {
    std::string content, reason;
  };
  const std::string four(4, '\0');
  const Bad table[] = {
      {"", "no .npy file"},
      {"PK\3\4.......", "no .npy file"},
      {"\x93NUMPY\1", "no .npy file"},
      {file("{}", "", 4), "version 4.0"},
      {std::string("\x93NUMPY\1\0\xff\xff", 10), "a header of 65535 bytes"},
      {std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12), "a header of 4294967295 bytes"},
      {std::string("\x93NUMPY\1\0\0", 9), "in the header"},
      {file(""), "no '{'"},
      {file("{}"), "only some"},
      {file("{'descr': '<f4', 'shape': ()}", four), "only some"},
      {file("{'descr': '<f4', 'descr': '<f4', 'shape': ()}", four), "a second 'descr'"},
      {file("{'x': 1}"), "the key 'x'"},
      {file("{'descr': '<f4' 'shape': ()}", four), "no ',' or '}'"},
      {file("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", four), "no True or False"},
      {file("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", four), "after the header's '}'"},
      {file("{'descr': '<f4"), "no quoted word"},
      {array("()", four, "<f3"), "dtype '<f3'"},
      {array("()", four, ">f"), "dtype '>f'"},
      {array("()", four, "|O"), "dtype '|O'"},
      {array("()", "\2", "|b1"), "boolean 2"},
      {array("3", four), "no '('"},
      {array("(-1,)", four), "no extent"},
      {array("(1.5,)", four), "no ',' or ')'"},
      {array("(1 1)", four), "no ',' or ')'"},
      {array("(1,1,1,1,1,1,1,1,1)", four), "more than 8 axes"},
      {array("(1", four), "no ',' or ')'"},
      {array("(99999999999999999999,)", four), "no extent"},
      {array("(1000000000000,)", four), "no more than 4 bytes"},
      {array("(4611686018427387904, 4)", four), "no more than 4 bytes"},
      {array("(9223372036854775807, 9, 0)", ""), "no more than 0 bytes"},
      {array("(2,)", four), "no more than 4 bytes"},
      {array("(1,)", four + "x"), "more bytes after"},
  };
  for (const auto& [content, reason] : table) {
    const std::string path = folder.write("bad.npy", content);
    const std::string message = error_of<IoError>([&] { nn::load_npy(path); });
    INFO(content.substr(0, 200));
    CHECK_THAT(message, contains("load_npy: " + path));
    CHECK_THAT(message, contains(reason));
  }
  for (const std::string name : {"records", "text", "objects", "complex", "uint64"}) {
    const std::string path = made_by_python(name + ".npy");
    CHECK_THAT(error_of<IoError>([&] { nn::load_npy(path); }), contains(path));
  }
  CHECK_THAT(error_of<IoError>([&] { nn::load_npy(folder / "none"); }), contains("No such file"));
  CHECK_THAT(error_of<IoError>([&] { nn::load_npz(folder / ""); }), contains("a directory"));
  CHECK_THAT(error_of<IoError>([&] { nn::load_npz(made_by_python("c.npy")); }), contains("no whole zip archive"));
}

TEST_CASE("npy and npz: every cut and every changed byte is refused or harmless") {
  const TempFolder folder;
  const auto npy = damaged(
      folder, content_of(made_by_python("c.npy")), [](const std::string& path) { return nn::load_npy(path); },
      [](const Tensor& t) { return t.size() <= 16; });
  CHECK(npy.value_or("") == "");

  const std::string path = folder / "good.npz";
  const std::vector<nn::NamedTensor> good = {{"a", tensor({{1, 2}})}, {"b", tensor({-1}, int64)}};
  for (const bool compressed : {false, true}) {
    nn::save_npz(path, good, compressed);
    // Each array has a checksum; names are written twice.
    const auto npz = damaged(
        folder, content_of(path), [](const std::string& name) { return nn::load_npz(name); },
        [&](const std::vector<nn::NamedTensor>& loaded) { return same(loaded, good); });
    CHECK(npz.value_or("") == "");
  }
}
