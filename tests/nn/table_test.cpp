#include <catch.hpp>
#include <cmath>

#include <xgrad/nn.hpp>

#include "data_files.hpp"
#include "same_tensors.hpp"

using namespace xgrad;
using namespace xgrad::tests;

TEST_CASE("tables of numbers are read, with and without a header") {
  const TempFolder folder;
  const Tensor expected = tensor({{1, 2.5, -3}, {4, 0, 1e30}}, float64);
  for (const std::string text : {"1,2.5,-3\n4,0,1e30\n", "1,2.5,-3\r\n4,0,1e30",
                                 "\xef\xbb\xbf"
                                 "1, 2.5 ,-3\n+4,0,1e30\n\n",
                                 "a, b,c\n1,2.5,-3\n4,0,1e30\n"}) {
    const nn::Table table = nn::load_table(folder.write("t.csv", text));
    CHECK(same(table.values, expected));
    CHECK((table.columns.empty() || table.columns == std::vector<std::string>{"a", "b", "c"}));
    CHECK(same(nn::load_table(folder.write("t.csv.gz", gzip(text))).values, expected));
  }
  CHECK(same(nn::load_table(folder.write("t.tsv", "1\t2\n"), {.separator = '\t', .dtype = float32}).values,
             tensor({{1, 2}})));
  CHECK(std::isnan(nn::load_table(folder.write("n.csv", "1,nan\n")).values.data<double>()[1]));
}

TEST_CASE("what is no table is refused, with line and column") {
  const TempFolder folder;
  struct Bad {
    std::string content, reason;
  };
  const Bad table[] = {
      {"", "no rows"},
      {"a,b\n", "no rows"},
      {"1,2\n3\n", "line 2 has 1 fields, the lines before it 2"},
      {"1,2\n3,x\n", "line 2, column 2: 'x'"},
      {"1,\n", "line 1, column 2: ''"},
      {",1\n", "line 1, column 1: ''"},
      {"1\n\n2\n", "line 2, column 1: ''"},
      {"a,b\n1,2,3\n", "line 2 has 3 fields"},
      {"1 2\n3 4\n", "no rows"},
      {"1,2\n0x10,1\n", "'0x10'"},
      {"1\n1e999\n", "'1e999'"},
  };
  for (const auto& [content, reason] : table) {
    const std::string path = folder.write("t.csv", content);
    INFO(content);
    const std::string message = error_of<IoError>([&] { nn::load_table(path); });
    CHECK_THAT(message, contains("load_table: " + path));
    if (reason != "no rows" || content != "1 2\n3 4\n") CHECK_THAT(message, contains(reason));
  }
  CHECK_THROWS_AS(nn::load_table(folder / "t.csv", {.dtype = int64}), DTypeError);
  const auto found = damaged(
      folder, "x,y\n1,2\n-3.5,4e2\n", [](const std::string& path) { return nn::load_table(path); },
      [](const nn::Table& t) { return t.values.size() <= 9; });
  CHECK(found.value_or("") == "");
}
