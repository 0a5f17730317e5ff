// A model is run on two rows, and on three others. What it does on both is what it computes of any batch: a constant
// has to be the same in both, and an extent that is not grows with the batch. So whatever hangs on the input in a way
// that is not seen (a branch, a number taken out of a tensor, an operation on indices) is refused, and never written as
// it happened to be.
#include <xgrad/nn/io/onnx.hpp>

#include <cstring>

#include <xgrad/engine/internal/fail.hpp>
#include <xgrad/engine/tape.hpp>
#include <xgrad/nn/internal/inspect.hpp>
#include <xgrad/nn/io/file.hpp>
#include <xgrad/nn/io/internal/elements.hpp>
#include <xgrad/nn/io/internal/onnx.hpp>
#include <xgrad/ops/add.hpp>
#include <xgrad/ops/concatenate.hpp>
#include <xgrad/ops/mul.hpp>
#include <xgrad/ops/slice.hpp>

namespace xgrad::nn {
namespace {

using namespace detail;
using xgrad::detail::describe;
using xgrad::detail::fail;

constexpr const char* saving = "save_onnx";
constexpr std::int64_t first_rows = 2, second_rows = 3;
constexpr std::size_t max_bytes = 0x7fffffff;  // of a protobuf message

bool same(const Tensor& a, const Tensor& b, Site site) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(bytes_of(a, site), bytes_of(b, site), byte_count(a)) == 0;
}

/// An operation on values that come from the input, as far as another run of it has to be the same.
struct Seen {
  static constexpr int constant = -1, left_out = -2;

  std::string name;
  std::vector<int> ids;           // of the inputs: which value, or one of these
  std::vector<Tensor> constants;  // undefined: not constant
  std::vector<Setting> settings;
  Shape out;
};

/// Numbers the values that come from the input, which is number 0.
class Run : public Observer {
 public:
  explicit Run(const Tensor& x, Site site) : site_(site) { add(x); }

  void saw(const Operation& op) override {
    Seen seen{op.name, {}, {}, op.settings, op.output.shape()};
    bool comes_from_input = false;
    for (const Tensor& in : op.inputs) {
      const int id = in.defined() ? id_of(in) : Seen::left_out;
      comes_from_input |= id >= 0;
      seen.ids.push_back(id);
      seen.constants.push_back(id == Seen::constant ? in : Tensor());
    }
    if (!comes_from_input || id_of(op.output) >= 0) return;  // constant, or it returns its argument
    if (op.output.rank() == 0) fail<ValueError>(op.name, op.site, "makes a single number of a whole batch");
    add(op.output);
    done(op, std::move(seen));
  }
  int id_of(const Tensor& t) const {
    if (t.rank() == 0) return Seen::constant;  // has no place of its own to be known by
    const auto [begin, end] = ids_.equal_range(bytes_of(t, site_));
    for (auto known = begin; known != end; ++known)
      if (values_[static_cast<std::size_t>(known->second)].shape() == t.shape()) return known->second;
    return Seen::constant;
  }
  const Tensor& value(int id) const { return values_[static_cast<std::size_t>(id)]; }

 protected:
  virtual void done(const Operation& op, Seen seen) = 0;
  Site site() const noexcept { return site_; }

 private:
  void add(const Tensor& t) {
    ids_.emplace(bytes_of(t, site_), static_cast<int>(values_.size()));
    values_.push_back(t);
  }

  Site site_;
  std::vector<Tensor> values_;
  std::multimap<const void*, int> ids_;  // by where the elements are: a reshaped value has them in the same place
};

class FirstRun : public Run {
 public:
  using Run::Run;
  std::vector<Seen> all;

 private:
  void done(const Operation&, Seen seen) override { all.push_back(std::move(seen)); }
};

/// Does the same once more, and writes it down.
class SecondRun : public Run {
 public:
  SecondRun(const Tensor& x, const FirstRun& first, OnnxGraph& graph, const std::string& input, Site site)
      : Run(x, site), first_(first), graph_(graph), names_{input}, extents_{open(x.shape(), first.value(0).shape())} {}

  bool ended() const noexcept { return count_ == first_.all.size(); }
  const std::string& name(int id) const { return names_[static_cast<std::size_t>(id)]; }
  const Extents& extents(int id) const { return extents_[static_cast<std::size_t>(id)]; }

 private:
  static Extents open(const Shape& now, const Shape& before) {
    Extents extents(now.begin(), now.end());
    for (int axis = 0; axis < now.rank(); ++axis)
      if (now[axis] != before[axis]) extents[static_cast<std::size_t>(axis)] = -1;
    return extents;
  }

  void check(const Operation& op, const Seen& now) const {
    const auto refuse = [&](const std::string& why) { fail<ValueError>(op.name, op.site, "for ONNX, {}", why); };
    const Seen* const before = count_ < first_.all.size() ? &first_.all[count_] : nullptr;
    if (!before || before->name != now.name || before->ids != now.ids || before->out.rank() != now.out.rank() ||
        before->settings.size() != now.settings.size())
      return refuse("the model does other things when the batch has other values or another size");
    for (std::size_t i = 0; i < now.settings.size(); ++i)
      if (now.settings[i].values != before->settings[i].values)
        refuse(fmt::format("its {} changes with the size of the batch", now.settings[i].name));
    for (std::size_t i = 0; i < now.ids.size(); ++i)
      if (now.ids[i] == Seen::constant && !same(now.constants[i], before->constants[i], site()))
        refuse(fmt::format("argument {}, {}, changes with the batch, and not by operations that are written", i + 1,
                           describe(now.constants[i])));
  }

  void done(const Operation& op, Seen seen) override {
    check(op, seen);
    OnnxCall call{graph_, op, {}, {}, open(seen.out, first_.all[count_++].out)};
    for (std::size_t i = 0; i < seen.ids.size(); ++i) {
      const int id = seen.ids[i];
      const Shape shape = id == Seen::left_out ? Shape() : op.inputs[i].shape();
      call.in.push_back(id >= 0 ? name(id) : id == Seen::constant ? graph_.constant(op.inputs[i]) : "");
      call.extents.push_back(id >= 0 ? extents(id) : Extents(shape.begin(), shape.end()));
    }
    const auto result = write_operation(call);
    if (!result) fail<ValueError>(op.name, op.site, "has no counterpart in ONNX (opset 17), as it is used here");
    names_.push_back(*result);
    extents_.push_back(call.out);
  }

  const FirstRun& first_;
  OnnxGraph& graph_;
  std::size_t count_ = 0;
  std::vector<std::string> names_;
  std::vector<Extents> extents_;
};

/// Until it ends the modules are in eval().
struct Evaluating {
  explicit Evaluating(Module& module) : module_(module), modes_(Inspect::modes(module)) { module.eval(); }
  Evaluating(const Evaluating&) = delete;
  Evaluating& operator=(const Evaluating&) = delete;
  ~Evaluating() { Inspect::set_modes(module_, modes_); }

 private:
  Module& module_;
  std::vector<bool> modes_;
  NoGrad guard_;
};

/// Rows of `example`, from the last on.
Tensor rows_of(const Tensor& example, std::int64_t count) {
  const std::int64_t n = example.shape()[0];
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t row = (n - 1 + i) % n;
    rows.push_back(slice(example, {{row, row + 1}}));
  }
  return concatenate(rows, 0);
}

Tensor run(Module& model, const Tensor& x, Site site) { return model(Operand(x, site.file, site.line)); }

Message written(Module& model, const Tensor& example, const OnnxOptions& options, Site site) {
  const Evaluating guard(model);
  const Tensor few = rows_of(example, first_rows);
  Tensor more = rows_of(example, second_rows);
  if (is_floating(more.dtype())) more = more * 0.75 + 0.125;
  FirstRun first(few, site);
  run(model, few, site);
  OnnxGraph graph(model.state(), {options.input, options.output}, site);
  SecondRun second(more, first, graph, options.input, site);
  const Tensor y = run(model, more, site);
  if (!second.ended())
    fail<ValueError>(saving, site, "the model does less when the batch has other values or another size");
  const int id = y.defined() ? second.id_of(y) : Seen::constant;
  if (id < 0)
    fail<ValueError>(saving, site,
                     "what the model returns, {}, does not come from its input by operations that are written",
                     describe(y));
  const Extents& extents = second.extents(id);
  const bool is_batch = !extents.empty() && extents[0] == -1 && y.shape()[0] == second_rows;
  return graph.model(options.graph, {options.input, example.dtype(), second.extents(0), true},
                     {options.output, y.dtype(), extents, is_batch}, second.name(id));
}

}  // namespace

void save_onnx(const std::string& path, Module& model, const Tensor& example, const OnnxOptions& options, Site site) {
  if (!example.defined() || example.rank() == 0 || example.size() == 0)
    fail<ShapeError>(saving, site, "the example is {}, expected (N, ...) with a row or more", describe(example));
  if (!is_floating(example.dtype()) && example.dtype() != int64)
    fail<DTypeError>(saving, site, "the example is {}, expected float32, float64 or int64", describe(example));
  std::set<std::string> names;
  for (const NamedTensor& item : model.state()) names.insert(item.name);
  for (const std::string& name : {options.input, options.output})
    if (name.empty() || !names.insert(name).second)
      fail<ValueError>(saving, site, "'{}' cannot be the name of the input or output: it is empty or taken", name);

  const std::string bytes = written(model, example, options, site).bytes();
  if (bytes.size() > max_bytes)
    fail<ValueError>(saving, site, "the model takes {} bytes, and a protobuf file holds {}", bytes.size(), max_bytes);
  FileWriter file(path, site);
  file.write(bytes, site);
  file.commit(site);
}

}  // namespace xgrad::nn
