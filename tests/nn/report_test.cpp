// The HTML report: its parts, that it is only text and pictures, and that a browser shows it without a word.
#include <cmath>
#include <cstdlib>
#include <xgrad/nn.hpp>
#include <xgrad/xgrad.hpp>

#include <zlib.h>

#include "catch.hpp"
#include "data_files.hpp"

using namespace xgrad;
using namespace xgrad::tests;

namespace {

std::string from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 0xff);
  }
  return bytes;
}

std::uint32_t number_at(const std::string& bytes, std::size_t place) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<std::uint8_t>(bytes.at(place + i));
  return number;
}

struct Decoded {
  std::uint32_t columns, rows;
  int bits, color;
  std::string pixels;  // each row behind the byte that names its filter
};

/// The first picture after `place`; every chunk's checksum is looked at.
Decoded first_picture(const std::string& html, std::size_t place = 0) {
  const std::string start = "src=\"data:image/png;base64,";
  const std::size_t at = html.find(start, place) + start.size();
  const std::string png = from_base64(html.substr(at, html.find('"', at) - at));
  REQUIRE(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  Decoded picture{};
  std::string packed;
  for (std::size_t chunk = 8; chunk < png.size();) {
    const std::uint32_t size = number_at(png, chunk);
    const std::string type = png.substr(chunk + 4, 4), content = png.substr(chunk + 8, size), checked = type + content;
    CHECK(number_at(png, chunk + 8 + size) ==
          crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size())));
    if (type == "IHDR") picture = {number_at(content, 0), number_at(content, 4), content[8], content[9], {}};
    if (type == "IDAT") packed += content;
    chunk += 12 + size;
  }
  picture.pixels.resize(1 << 16);
  uLongf size = picture.pixels.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(picture.pixels.data()), &size,
                     reinterpret_cast<const Bytef*>(packed.data()), packed.size()) == Z_OK);
  picture.pixels.resize(size);
  return picture;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// A small training on drawn digits, and its report.
std::string make_report() {
  const nn::TrainTest digits = nn::synthetic_digits(600, 300);
  Random random(1);
  nn::Sequential net{nn::Linear(784, 24, random), nn::ReLU(), nn::Linear(24, 10, random)};
  nn::Batches train(digits.train, 50, {.seed = 1}), test(digits.test, 100, {.shuffle = false});
  nn::SGD optimizer(net.parameters(), {.lr = 0.2, .momentum = 0.9});
  nn::OneCycleLR one_cycle(optimizer, {.max_lr = 0.2, .total_steps = 36});
  nn::TrainingState state{.module = &net,
                          .optimizer = &optimizer,
                          .schedule = &one_cycle,
                          .loader = &train,
                          .configuration = {{"model", "784-24-10 <ReLU>"}, {"note", "</td><script>alert(1)</script>"}}};
  const auto loss = [](const Tensor& y, const Tensor& labels) { return cross_entropy(y, labels); };
  const nn::TrainingResult result = nn::Trainer(state, loss, {.epochs = 3, .validation = &test}).run();
  nn::ConfusionMatrix matrix(10);
  (void)nn::evaluate(net, loss, test, {.confusion = &matrix});

  nn::HtmlReport report("digits & <b>more</b>");
  report.add_run(result);
  report.add_table("Configuration", state.configuration);
  report.add_curves(state.history);
  report.add_confusion(matrix);
  report.add_mistakes(nn::find_mistakes(net, test, 20), 28, 28);
  report.add_weights("Weights of the first layer", net.parameters()[0], 28, 28);
  report.add_text("Model", to_string(net));
  return report.html();
}

}  // namespace

TEST_CASE("HtmlReport: what is in it") {
  const std::string html = make_report();
  CHECK(html.starts_with("<!DOCTYPE html>\n"));
  CHECK(html.ends_with("</html>\n"));
  CHECK_THAT(html, contains("<title>digits &amp; &lt;b&gt;more&lt;/b&gt;</title>"));
  CHECK_THAT(html, contains("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
  for (const char* never : {"<script", "http:", "https:", "url(", "@import", "<iframe", "<link rel=\"style"})
    CHECK(html.find(never) == html.npos);
  for (const char* part : {"<title>Loss</title>", "<title>Accuracy</title>", "<title>Learning rate</title>",
                           "<h2>Confusion matrix</h2>", "<h2>Misclassified</h2>", "<h2>Precision and recall</h2>",
                           "<h2>Weights of the first layer</h2>", "<h2>Run</h2>", "3 epochs, 36 steps in "})
    CHECK_THAT(html, contains(part));
  CHECK(count(html, "<polyline") == 6);  // two curves of loss, two of accuracy, two over the steps
  CHECK(count(html, "<td style=\"background") == 100);
  for (const char* pair : {"section", "table", "figure", "div", "svg", "tr", "td", "th"}) {
    INFO(pair);
    const std::string name = pair;
    CHECK(count(html, "<" + name + ">") + count(html, "<" + name + " ") == count(html, "</" + name + ">"));
  }

  const Decoded weights = first_picture(html, html.find("Weights of the first layer"));
  CHECK(weights.columns == 28);
  CHECK(weights.rows == 28);
  CHECK(weights.color == 2);
  CHECK(weights.pixels.size() == 28 * (1 + 3 * 28));
}

TEST_CASE("HtmlReport: pictures hold the numbers") {
  nn::HtmlReport report("r");
  report.add_mistakes({{tensor({{0, 0.5, 1}, {1, 0, 0}}), 3, 4, 0.87}}, 2, 3);
  const Decoded grey = first_picture(report.html());
  CHECK((grey.columns == 3 && grey.rows == 2 && grey.bits == 8 && grey.color == 0));
  CHECK(grey.pixels == std::string("\0\0\x80\xff\0\xff\0\0", 8));
  CHECK_THAT(report.html(), contains("3, taken for 4 (87 %)"));

  nn::HtmlReport colors("c");
  colors.add_mistakes({{tensor({{{0}}, {{1}}, {{0.5}}}), 0, 1, 1}}, 1, 1, {"a", "<b>"});
  CHECK(first_picture(colors.html()).pixels == std::string("\0\0\xff\x80", 4));
  CHECK_THAT(colors.html(), contains("a, taken for &lt;b&gt; (100 %)"));

  nn::HtmlReport weights("w");
  weights.add_weights("w", tensor({{2, 0}, {-2, 1}}), 1, 2);
  CHECK(count(weights.html(), "<img ") == 2);
  CHECK(first_picture(weights.html()).pixels == std::string("\0\xb2\x18\x2b\xff\xff\xff", 7));
}

TEST_CASE("HtmlReport: nothing to show, figures that are none, shapes that do not fit") {
  nn::HtmlReport report("empty");
  report.add_curves({});
  report.add_curves({{"loss", {0.5, std::nan(""), HUGE_VAL, 0.25}}, {"accuracy", {std::nan("")}}});
  report.add_mistakes({}, 28, 28);
  CHECK(count(report.html(), "<polyline") == 1);
  CHECK(report.html().find("nan") == std::string::npos);
  CHECK(report.html().find("inf") == std::string::npos);
  CHECK_THAT(report.html(), contains("None."));
  CHECK(error_of<ShapeError>([&] {
          report.add_mistakes({{zeros({5}), 0, 1, 1}}, 2, 2);
        }).starts_with("add_mistakes: an input is float32 (5,), expected 1 or 3 images of 2 x 2"));
  CHECK_THROWS_AS(report.add_weights("w", zeros({3, 5}), 2, 2), ShapeError);
  CHECK_THROWS_AS(report.add_weights("w", zeros({4}), 2, 2), ShapeError);
  CHECK_THROWS_AS(report.save("/no/such/folder/r.html"), IoError);
}

namespace {

/// What a browser had to say of a page, and which hosts it asked for something. Nothing is reached.
struct Visit {
  std::string told, hosts, screenshot;
};

Visit visit(const TempFolder& folder, const std::string& page) {
  const std::string log = folder / "net.json", out = folder / "out", shot = folder / "shot.png";
  const std::string command =
      "HOME=" + folder.path() +
      " timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
      " --host-resolver-rules='MAP * ~NOTFOUND' --hide-scrollbars --window-size=1200,2800 --enable-logging=stderr"
      " --log-net-log=" +
      log + " --screenshot=" + shot + " file://" + page + " >" + out + " 2>&1";
  Visit visit;
  if (std::system(command.c_str()) != 0) visit.told = "CONSOLE: the browser failed: " + content_of(out);
  visit.told += content_of(out);
  visit.screenshot = content_of(shot);
  const std::string net = content_of(log), start = "\"url\":\"http";
  for (std::size_t at = net.find(start); at != net.npos; at = net.find(start, at + 1)) {
    const std::size_t host = net.find("//", at) + 2;
    visit.hosts += net.substr(host, net.find_first_of("/\"", host) - host) + "\n";
  }
  // What the browser asks its makers, for any page.
  for (const char* own : {"googleapis.com\n", "google.com\n", "gvt1.com\n", "gstatic.com\n"})
    for (std::size_t at; (at = visit.hosts.find(own)) != std::string::npos;) {
      const std::size_t line = at == 0 ? 0 : visit.hosts.rfind('\n', at - 1) + 1;
      visit.hosts.erase(line, at + std::string(own).size() - line);
    }
  return visit;
}

}  // namespace

TEST_CASE("HtmlReport: a browser shows it, says nothing and fetches nothing") {
  if (std::system("chromium --version >/dev/null 2>&1") != 0) {
    WARN("chromium is not installed: not tested");
    return;
  }
  const TempFolder folder;
  const Visit other = visit(folder, folder.write("other.html",
                                                 "<script>console.error('heard')</script>"
                                                 "<img src=\"http://elsewhere.invalid/x.png\">"));
  CHECK_THAT(other.told, contains("CONSOLE"));  // so it would be seen
  CHECK_THAT(other.hosts, contains("elsewhere.invalid\n"));

  const std::string page = folder.write("report.html", make_report());
  const Visit report = visit(folder, page);
  INFO(report.told);
  CHECK(report.told.find("CONSOLE") == std::string::npos);
  CHECK(report.hosts.empty());
  REQUIRE(report.screenshot.size() > 100'000);  // a page with nothing on it takes less
  CHECK(number_at(report.screenshot, 16) == 1200);
  CHECK(number_at(report.screenshot, 20) == 2800);
  if (const char* const keep = std::getenv("XGRAD_KEEP_REPORT"))
    CHECK(std::system(("cp " + page + " " + folder / "shot.png" + " " + keep).c_str()) == 0);
}
