#include <catch.hpp>
#include <nlohmann/json.hpp>

#include "run.hpp"

using namespace xgrad::tests;

namespace {

void check(const nlohmann::json& node, double value, double derivative) {
  CHECK(std::abs(node.at("value").get<double>() - value) <= 1e-12 * value);
  CHECK(std::abs(node.at("derivative").get<double>() - derivative) <= 1e-12 * derivative);
}

}  // namespace

TEST_CASE("apple_orange --json: the values and derivatives of the book's chapter 5") {
  const Run result = run("apple_orange", "--json");
  REQUIRE(result.status == 0);
  CHECK(result.err.empty());
  const auto json = nlohmann::json::parse(result.out);

  const auto& apple = json.at("apple");
  CHECK(apple.size() == 5);
  check(apple.at("apple"), 100, 2.2);
  check(apple.at("apple_num"), 2, 110);
  check(apple.at("tax"), 1.1, 200);
  check(apple.at("apple_price"), 200, 1.1);
  check(apple.at("price"), 220, 1);

  const auto& both = json.at("apple_orange");
  CHECK(both.size() == 9);
  check(both.at("apple_num"), 2, 110);
  check(both.at("apple"), 100, 2.2);
  check(both.at("orange"), 150, 3.3);
  check(both.at("orange_num"), 3, 165);
  check(both.at("tax"), 1.1, 650);
  check(both.at("apple_price"), 200, 1.1);
  check(both.at("orange_price"), 450, 1.1);
  check(both.at("all_price"), 650, 1.1);
  check(both.at("price"), 715, 1);
}

TEST_CASE("apple_orange prints every node, its formula, value and derivative") {
  const Run result = run("apple_orange", "");
  REQUIRE(result.status == 0);
  for (const char* line : {"apple_num                                           2             110\n",
                           "price        = apple_price * tax                  220               1\n",
                           "orange_price = orange * orange_num                450             1.1\n",
                           "price        = all_price * tax                    715               1\n"}) {
    INFO(result.out);
    CHECK_THAT(result.out, contains(line));
  }
}

TEST_CASE("apple_orange's options") {
  const Run help = run("apple_orange", "--help");
  CHECK(help.status == 0);
  CHECK_THAT(help.out, contains("--json"));
  for (const char* bad : {"--jason", "more", "--json=maybe"}) {
    const Run refused = run("apple_orange", bad);
    INFO(refused.err);
    CHECK(is_one_complaint(refused, "apple_orange"));
    CHECK(refused.out.empty());
  }
}
