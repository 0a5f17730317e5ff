#include <xgrad/nn/data/table.hpp>

#include <algorithm>
#include <charconv>

#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/io/internal/byte_source.hpp>
#include <xgrad/ops/to.hpp>

namespace xgrad::nn {

namespace {

std::string read_all(detail::ByteSource& source) {
  std::string text;
  for (std::size_t got = 0;;) {
    text.resize(std::max<std::size_t>(2 * got, 1 << 16));
    const std::size_t wanted = text.size() - got;
    const std::size_t some = source.read(reinterpret_cast<std::uint8_t*>(text.data()) + got, wanted);
    got += some;
    if (some < wanted) {
      text.resize(got);
      return text;
    }
  }
}

std::string_view trimmed(std::string_view field) {
  while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) field.remove_prefix(1);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  return field;
}

bool number(std::string_view field, double& value) {
  field = trimmed(field);
  if (field.starts_with('+')) field.remove_prefix(1);
  const auto [stop, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  return error == std::errc() && stop == field.data() + field.size();
}

// Calls use(field, column) for each field of a line, and returns how many there are.
template <class Use> std::size_t each_field(std::string_view line, char separator, const Use& use) {
  for (std::size_t column = 0;; ++column) {
    const std::size_t end = std::min(line.find(separator), line.size());
    use(line.substr(0, end), column);
    if (end == line.size()) return column + 1;
    line.remove_prefix(end + 1);
  }
}

}  // namespace

Table load_table(const std::string& path, const TableOptions& options, Site site) {
  if (!is_floating(options.dtype))
    xgrad::detail::fail<DTypeError>("load_table", site, "a table cannot be {}, expected float32 or float64",
                                    name_of(options.dtype));
  detail::ByteSource source("load_table", path, site);
  const std::string text = read_all(source);
  std::string_view rest = text;
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);  // UTF-8's byte order mark

  Table table;
  std::vector<double> values;
  std::size_t columns = 0, rows = 0;
  for (std::size_t number_of_line = 1; !rest.empty(); ++number_of_line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).empty() && trimmed(rest).empty()) break;
    double value = 0;
    const std::string_view first = line.substr(0, line.find(options.separator));
    const bool header = number_of_line == 1 && !trimmed(first).empty() && !number(first, value);
    const std::size_t fields = each_field(line, options.separator, [&](std::string_view field, std::size_t column) {
      if (header) return table.columns.emplace_back(trimmed(field)), void();
      if (!number(field, value))
        source.fail<IoError>("line {}, column {}: '{}', expected a number", number_of_line, column + 1,
                             detail::printable(field));
      values.push_back(value);
    });
    if (columns == 0) columns = fields;
    if (fields != columns)
      source.fail<IoError>("line {} has {} fields, the lines before it {}", number_of_line, fields, columns);
    rows += !header;
  }
  if (rows == 0) source.fail<IoError>("no rows of numbers");
  NoGrad guard;
  const Tensor all = from_vector(values, {rows, columns}, site);
  table.values = options.dtype == float64 ? all : to(all, options.dtype);
  return table;
}

}  // namespace xgrad::nn
