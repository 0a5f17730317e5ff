#include <catch.hpp>

#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

std::string refusal(const std::string& path) {
  return error_of<IoError>([&] { nn::load_pytorch(path); });
}

}  // namespace

TEST_CASE("pytorch: a state_dict is read in its order") {
  const auto state = nn::load_pytorch(made_by_python("net.pt"));
  REQUIRE(state.size() == 7);
  const char* const names[] = {
      "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"};
  for (std::size_t i = 0; i < 7; ++i) CHECK(state[i].name == names[i]);
  CHECK(same(state[0].tensor, tensor({{0, 1, 2}, {3, 4, 5}})));
  CHECK(same(state[5].tensor, tensor({5, 6})));
  CHECK(same(state[6].tensor, tensor(6, int64)));
  CHECK(nn::load_pytorch(made_by_python("empty.pt")).empty());

  Random random(1);
  nn::Sequential net(nn::Linear(3, 2, random));
  net.load_state({state[0], state[1]});
  CHECK(same(net.state()[0].tensor, tensor({{0, 1, 2}, {3, 4, 5}})));
}

TEST_CASE("pytorch: dtypes, strides, shared storages") {
  const Tensor eighths = tensor({{0, 0.125, 0.25}, {0.375, 0.5, 0.625}}),
               counts = tensor({{-3, -2, -1}, {0, 1, 2}}, int64);
  const auto tensors = nn::load_pytorch(made_by_python("tensors.pt"));
  REQUIRE(tensors.size() == 17);
  for (const auto& [name, t] : tensors) {
    INFO(name << " " << to_string(t));
    if (name == "float" || name == "half" || name == "bfloat" || name == "parameter") CHECK(same(t, eighths));
    else if (name == "double") CHECK(same(t, to(eighths, float64)));
    else if (name == "long" || name == "int" || name == "short" || name == "char") CHECK(same(t, counts));
    else if (name == "bool") CHECK(same(t, tensor({{1, 0, 1}, {0, 1, 0}}, boolean)));
    else if (name == "byte") CHECK(same(t, tensor({{250, 251, 252}, {253, 254, 255}}, int64)));
    else if (name == "transposed") CHECK(same(t, tensor({{0, 0.375}, {0.125, 0.5}, {0.25, 0.625}})));
    else if (name == "part") CHECK(same(t, tensor({2, 4, 6}, float64)));
    else if (name == "tied") CHECK(same(t, tensor({0, 1, 2, 3, 4, 5, 6, 7}, float64)));
    else if (name == "scalar") CHECK(same(t, tensor(2.5, float64)));
    else if (name == "none") CHECK(same(t, zeros({3, 0})));
    else CHECK((name == "ü" && same(t, tensor({{0, 1, 2}, {3, 4, 5}}, int64))));
  }
  const auto fourth = nn::load_pytorch(made_by_python("protocol4.pt"));
  REQUIRE(fourth.size() == 2);
  CHECK((fourth[1].name == "v" && same(fourth[1].tensor, eighths)));
}

TEST_CASE("pytorch: tensors go to a file and back") {
  const TempFolder folder;
  const std::string path = folder / "w.pt";
  Random random(1);
  const std::vector<nn::NamedTensor> tensors = {{"0.weight", normal(random, {30, 20, 2})},
                                                {"ü", tensor(2.5, float64)},
                                                {"none", zeros({0, 3}, boolean)},
                                                {"n", tensor({{1}, {-2}}, int64)},
                                                {"mask", tensor({1, 0}, boolean)}};
  nn::save_pytorch(path, tensors);
  CHECK(same(nn::load_pytorch(path), tensors));
  nn::save_pytorch(path, {});
  CHECK(nn::load_pytorch(path).empty());
  CHECK_THROWS_AS(nn::save_pytorch(path, {{"a", Tensor()}}), ValueError);
  CHECK_THROWS_AS(nn::save_pytorch(path, {{"a", zeros({1})}, {"a", zeros({1})}}), ValueError);
}

TEST_CASE("pytorch: what is no dict of tensors is refused by name") {
  CHECK_THAT(refusal(made_by_python("legacy.pt")), contains("before 1.6"));
  CHECK_THAT(refusal(made_by_python("module.pt")), contains("it asks for torch.nn.modules.container.Sequential"));
  CHECK_THAT(refusal(made_by_python("nested.pt")), contains("'model' is a dict"));
  CHECK_THAT(refusal(made_by_python("list.pt")), contains("a list, expected a dict of tensors"));
  CHECK_THAT(refusal(made_by_python("expanded.pt")), contains("expanded"));
  CHECK_THAT(refusal(made_by_python("complex.pt")), contains("torch.ComplexFloatStorage"));
  CHECK_THAT(refusal(made_by_python("arrays.npz")), contains("no data.pkl"));
  CHECK_THAT(refusal(made_by_python("c.npy")), contains("no whole zip archive"));
  CHECK_THAT(refusal(made_by_python("none.pt")), contains("No such file"));
}

TEST_CASE("pytorch: hostile pickles are refused at the byte") {
  const TempFolder folder;
  struct Bad {
    std::string pickle, reason;
  };
  const Bad table[] = {
      {"", "the pickle is cut"},
      {"\x80\x01", "pickle protocol 1"},
      {"\x80\x02", "the pickle is cut"},
      {"\x80\x02.", "nothing to work on"},
      {"\x80\x02}.x", "more bytes after"},
      {"\x80\x02N.", "None, expected a dict"},
      {"\x80\x02"
       "cos\nsystem\n(X\2\0\0\0lstR.",
       "it asks for os.system"},
      {"\x80\x02"
       "cbuiltins\neval\n",
       "it asks for builtins.eval"},
      {std::string("\x80\x04\x8c\2os\x8c\6system\x93.", 16), "it asks for os.system"},
      {"\x80\x02i", "operation 0x69"},
      {"\x80\x02(t(u", "a tuple, expected a dict"},
      {"\x80\x02}(Nu.", "a key without a value"},
      {"\x80\x02}(NNu.", "a key of the dict is None"},
      {"\x80\x02u", "no mark"},
      {"\x80\x02h\1", "never stored"},
      {"\x80\x02q\1", "nothing to work on"},
      {"\x80\x02\x8a\xff", "more than 64 bits"},
      {"\x80\x02X\xff\xff\xff\xff", "the pickle is cut"},
      {"\x80\x02)R", "nothing to work on"},
      {"\x80\x02))R", "no call of a name"},
      {"\x80\x02"
       "ccollections\nOrderedDict\nN\x85R.",
       "with 1 arguments"},
      {"\x80\x02)Q", "no storage"},
      {"\x80\x02NNb", "attributes of something else"},
      {std::string(3'000'000, '('), "the pickle is cut"},
      {std::string("\x80\x02") + std::string(1'000'000, ']'), "the pickle is cut"},
  };
  const auto archive_of = [&](const std::string& pickle, std::string version = "3\n", std::string order = "little") {
    return folder.write("hostile.pt", zip_of({{"a/data.pkl", pickle},
                                              {"a/version", version},
                                              {"a/byteorder", order},
                                              {"a/data/0", std::string("\0\0\x80\x3f\0\0\0\x40", 8)}}));
  };
  for (const auto& [pickle, reason] : table) {
    INFO(pickle.substr(0, 100));
    CHECK_THAT(refusal(archive_of(pickle)), contains(reason));
  }

  // A tensor "w" of a storage of two float32, 1 and 2.
  const auto text = [](const std::string& value) { return 'X' + little_endian(value.size(), 4) + value; };
  const auto pickle_of = [&](const std::string& type, const std::string& key, const std::string& elements,
                             const std::string& offset, const std::string& shape, const std::string& stride) {
    const std::string value = "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + type + '\n' +
                              text(key) + text("cpu") + elements + "tQ" + offset + shape + stride + "\x89}tR";
    return "\x80\x02}" + text("w") + value + "s.";
  };
  const std::string float_storage = "FloatStorage", zero("K\0", 2), two = "K\2", one_axis = "K\2\x85",
                    stride = "K\1\x85";
  const std::string large = "J" + little_endian(0x7fffffff, 4),
                    huge = "\x8a\x08" + little_endian(0x4000000000000000, 8);
  const auto good = pickle_of(float_storage, "0", two, zero, one_axis, stride);
  CHECK(same(nn::load_pytorch(archive_of(good)), {{"w", tensor({1, 2})}}));
  CHECK(same(nn::load_pytorch(archive_of(good, "3", "big")), {{"w", tensor({4.60060299e-41, 8.96831017e-44})}}));
  const Bad tensors[] = {
      {pickle_of("TypedStorage", "0", two, zero, one_axis, stride), "torch.TypedStorage"},
      {pickle_of(float_storage, "1", two, zero, one_axis, stride), "data/1, which is not in the archive"},
      {pickle_of(float_storage, "../version", two, zero, one_axis, stride), "not in the archive"},
      {pickle_of(float_storage, "0", "K\3", zero, one_axis, stride), "8 bytes, but should have 3 elements"},
      {pickle_of(float_storage, "0", huge, zero, one_axis, stride), "8 bytes, but should have"},
      {pickle_of(float_storage, "0", "N", zero, one_axis, stride), "no storage"},
      {pickle_of(float_storage, "0", two, "K\1", one_axis, stride), "beyond the 2 elements"},
      {pickle_of(float_storage, "0", two, huge, one_axis, stride), "beyond the 2 elements"},
      {pickle_of(float_storage, "0", two, zero, one_axis, two + "\x85"), "beyond the 2 elements"},
      {pickle_of(float_storage, "0", two, zero, one_axis, huge + "\x85"), "beyond the 2 elements"},
      {pickle_of(float_storage, "0", two, "J\xff\xff\xff\xff", one_axis, stride), "offset, extent or stride"},
      {pickle_of(float_storage, "0", two, zero, "J\xff\xff\xff\xff\x85", stride), "offset, extent or stride"},
      {pickle_of(float_storage, "0", two, zero, large + "\x85", zero + "\x85"), "only 2 elements"},
      {pickle_of(float_storage, "0", two, zero, huge + huge + "\x86", zero + zero + "\x86"), "only 2 elements"},
      {pickle_of(float_storage, "0", two, zero, one_axis, ")"), "other numbers of extents and strides"},
      {pickle_of(float_storage, "0", two, zero, "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", stride), "at most 8 axes"},
      {good.substr(0, good.size() - 1) + text("w") + "h\1s.", "never stored"},
      {good.substr(0, good.size() - 1) + text("w") + "Ns.", "'w' is None"},
  };
  for (const auto& [pickle, reason] : tensors) {
    INFO(reason);
    const std::string path = archive_of(pickle);
    CHECK_THAT(refusal(path), contains("load_pytorch: " + path));
    CHECK_THAT(refusal(path), contains(reason));
  }
  CHECK_THAT(refusal(archive_of(good, "11")), contains("version '11'"));
  CHECK_THAT(refusal(archive_of(good, "x")), contains("version 'x'"));
  CHECK_THAT(refusal(archive_of(good, "3", "middle")), contains("byteorder 'middle'"));
  // Ten thousand tensors of one storage.
  std::string many = "\x80\x02}";
  const std::string one = pickle_of(float_storage, "0", two, zero, one_axis, stride);
  const std::string value = one.substr(3 + text("w").size(), one.size() - 5 - text("w").size());
  many += text("0") + value + "q\1s";
  for (int i = 1; i < 100000; ++i) many += text(std::to_string(i)) + "h\1s";
  CHECK(nn::load_pytorch(archive_of(many + ".")).size() == 100000);
}

TEST_CASE("pytorch: every cut and every changed byte is refused or harmless") {
  const TempFolder folder;
  const auto good = nn::load_pytorch(made_by_python("protocol4.pt"));
  const auto found = damaged(
      folder, content_of(made_by_python("protocol4.pt")),
      [](const std::string& path) { return nn::load_pytorch(path); },
      [&](const std::vector<nn::NamedTensor>& loaded) { return same(loaded, good); });
  CHECK(found.value_or("") == "");
}
