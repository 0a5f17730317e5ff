#include <xgrad/nn/io/internal/pickle.hpp>

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>

namespace xgrad::nn::detail {
namespace {

using Kind = ElementType::Kind;

struct StorageType {
  std::string_view name;
  ElementType type;
};
constexpr StorageType storage_types[] = {
    {"torch.FloatStorage", {Kind::floating, 4}}, {"torch.DoubleStorage", {Kind::floating, 8}},
    {"torch.LongStorage", {Kind::integer, 8}},   {"torch.BoolStorage", {Kind::boolean, 1}},
    {"torch.HalfStorage", {Kind::floating, 2}},  {"torch.BFloat16Storage", {Kind::bfloat, 2}},
    {"torch.IntStorage", {Kind::integer, 4}},    {"torch.ShortStorage", {Kind::integer, 2}},
    {"torch.CharStorage", {Kind::integer, 1}},   {"torch.ByteStorage", {Kind::natural, 1}},
};
constexpr std::string_view ordered_dict = "collections.OrderedDict", tensor_v2 = "torch._utils._rebuild_tensor_v2",
                           parameter = "torch._utils._rebuild_parameter";

// Of what may be copied for each tensor.
constexpr std::size_t longest_word = 200;

const StorageType* storage_type(std::string_view name) {
  const auto* found = std::find_if(std::begin(storage_types), std::end(storage_types),
                                   [&](const StorageType& type) { return type.name == name; });
  return found == std::end(storage_types) ? nullptr : found;
}

using Id = std::uint32_t;

/// A Python object. What it consists of are places in one list of them: nothing nests, whatever the file says.
struct Object {
  enum class Is : std::uint8_t { none, number, real, text, tuple, list, dict, name, storage, tensor } is;
  std::int64_t number = 0;
  std::string text = {};
  std::vector<Id> parts = {};  // of a dict: key, value, key, value ...; of a tensor: the arguments that rebuild it
};
using Is = Object::Is;

const char* describe(Is is) {
  constexpr const char* names[] = {"None",   "a number", "a number", "text",      "a tuple",
                                   "a list", "a dict",   "a name",   "a storage", "a tensor"};
  return names[static_cast<int>(is)];
}

class Unpickler {
 public:
  Unpickler(const Bytes& source, std::string_view pickle) : source_(source), pickle_(pickle) {}

  std::vector<PickledTensor> read() {
    while (step(take(1)[0])) {
    }
    if (at_ != pickle_.size()) wrong("more bytes after the end of the pickle");
    const Object& dict = object(pop());
    if (dict.is != Is::dict) source_.fail<IoError>("{}, expected a dict of tensors", describe(dict.is));
    std::vector<PickledTensor> tensors;
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < dict.parts.size(); i += 2) {
      const Object &name = object(dict.parts[i]), &value = object(dict.parts[i + 1]);
      if (name.is != Is::text) source_.fail<IoError>("a key of the dict is {}, expected text", describe(name.is));
      if (value.is != Is::tensor)
        source_.fail<IoError>("'{}' is {}, expected a dict of tensors alone", printable(name.text, 200),
                              describe(value.is));
      if (!names.insert(name.text).second) source_.fail<IoError>("'{}' is twice in it", printable(name.text, 200));
      tensors.push_back(describe_tensor(name.text, value));
    }
    return tensors;
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const { source_.fail<IoError>("byte {}: {}", opcode_at_, what); }

  std::string_view take(std::uint64_t count) {
    if (count > pickle_.size() - at_) wrong("the pickle is cut");
    const std::string_view bytes = pickle_.substr(at_, count);
    at_ += count;
    return bytes;
  }
  std::uint64_t natural(std::size_t bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(bytes).data(), bytes);
    return value;
  }
  std::string_view line() {
    const std::size_t end = pickle_.find('\n', at_);
    if (end == pickle_.npos) wrong("the pickle is cut");
    const std::string_view text = take(end - at_);
    ++at_;
    return text;
  }

  const Object& object(Id id) const { return objects_[id]; }
  void push(Id id) { stack_.push_back(id); }
  void push(Object object) {
    objects_.push_back(std::move(object));
    push(static_cast<Id>(objects_.size() - 1));
  }
  void push_number(std::int64_t number) { push({Is::number, number}); }
  Id pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) wrong("nothing to work on");
    const Id top = stack_.back();
    stack_.pop_back();
    return top;
  }
  Id top() {
    const Id id = pop();
    push(id);
    return id;
  }
  std::vector<Id> since_mark() {
    if (marks_.empty()) wrong("no mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Id> ids(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return ids;
  }

  void push_tuple(std::size_t count) {
    std::vector<Id> parts(count);
    for (std::size_t i = count; i-- > 0;) parts[i] = pop();
    push({Is::tuple, 0, {}, std::move(parts)});
  }
  void extend(Is is, const std::vector<Id>& parts) {
    Object& whole = objects_[top()];
    if (whole.is != is) wrong(fmt::format("{}, expected {}", describe(whole.is), describe(is)));
    if (is == Is::dict && parts.size() % 2 != 0) wrong("a key without a value");
    whole.parts.insert(whole.parts.end(), parts.begin(), parts.end());
  }
  void push_name(const std::string& name) {
    if (name != ordered_dict && name != tensor_v2 && name != parameter && !storage_type(name))
      wrong(fmt::format("it asks for {}; only what a dict of tensors needs is read", printable(name, 200)));
    push({Is::name, 0, name});
  }
  void recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) wrong("it recalls what it never stored");
    push(found->second);
  }
  void push_long(std::size_t bytes) {
    if (bytes > 8) wrong("a number of more than 64 bits");
    std::uint64_t value = natural(bytes);
    if (bytes > 0 && bytes < 8 && value >> (8 * bytes - 1)) value |= ~std::uint64_t{0} << (8 * bytes);
    push_number(static_cast<std::int64_t>(value));
  }
  void call() {
    const Id arguments = pop(), callee = pop();
    const Object &args = object(arguments), &function = object(callee);
    if (args.is != Is::tuple || function.is != Is::name) wrong("no call of a name");
    if (function.text == ordered_dict && args.parts.empty()) return push({Is::dict});
    if (function.text == tensor_v2 && (args.parts.size() == 6 || args.parts.size() == 7))
      return push({Is::tensor, 0, {}, std::vector<Id>(args.parts)});
    if (function.text == parameter && args.parts.size() == 3 && object(args.parts[0]).is == Is::tensor)
      return push(args.parts[0]);
    wrong(fmt::format("a call of {} with {} arguments, as PyTorch never writes it", function.text, args.parts.size()));
  }
  void push_storage() {
    const Id id = pop();
    const std::vector<Id> parts = object(id).parts;
    const auto is = [&](std::size_t i, Is wanted) { return object(parts[i]).is == wanted; };
    if (object(id).is != Is::tuple || parts.size() != 5 || !is(0, Is::text) || object(parts[0]).text != "storage" ||
        !is(1, Is::name) || !storage_type(object(parts[1]).text) || !is(2, Is::text) || !is(4, Is::number) ||
        object(parts[2]).text.size() > longest_word)
      wrong("no storage of a tensor");
    push({Is::storage, 0, {}, parts});
  }

  // False at the end. The names of the operations are those of Python's pickletools.
  bool step(char opcode) {
    opcode_at_ = at_ - 1;
    switch (opcode) {
      case '\x80':  // PROTO
        if (const std::uint64_t protocol = natural(1); protocol < 2 || protocol > 5)
          wrong(fmt::format("pickle protocol {}, expected 2 to 5", protocol));
        return true;
      case '\x95': (void)natural(8); return true;  // FRAME
      case '.': return false;                      // STOP
      case '(': marks_.push_back(stack_.size()); return true;
      case 'N': push({Is::none}); return true;
      case '\x88': push_number(1); return true;  // NEWTRUE
      case '\x89': push_number(0); return true;  // NEWFALSE
      case 'K': push_number(static_cast<std::int64_t>(natural(1))); return true;
      case 'M': push_number(static_cast<std::int64_t>(natural(2))); return true;
      case 'J': push_long(4); return true;
      case '\x8a': push_long(natural(1)); return true;         // LONG1
      case 'G': (void)take(8), push({Is::real}); return true;  // BINFLOAT
      case 'X': push({Is::text, 0, std::string(take(natural(4)))}); return true;
      case '\x8c': push({Is::text, 0, std::string(take(natural(1)))}); return true;  // SHORT_BINUNICODE
      case ')': push_tuple(0); return true;
      case '\x85': push_tuple(1); return true;
      case '\x86': push_tuple(2); return true;
      case '\x87': push_tuple(3); return true;
      case 't': push({Is::tuple, 0, {}, since_mark()}); return true;
      case ']': push({Is::list}); return true;
      case '}': push({Is::dict}); return true;
      default: return step_with_operands(opcode);
    }
  }
  bool step_with_operands(char opcode) {
    switch (opcode) {
      case 'a': extend(Is::list, {pop()}); return true;
      case 'e': {
        const std::vector<Id> parts = since_mark();
        extend(Is::list, parts);
        return true;
      }
      case 's': {
        const Id value = pop(), key = pop();
        extend(Is::dict, {key, value});
        return true;
      }
      case 'u': {
        const std::vector<Id> parts = since_mark();
        extend(Is::dict, parts);
        return true;
      }
      case 'q': memo_[natural(1)] = top(); return true;
      case 'r': memo_[natural(4)] = top(); return true;
      case '\x94': memo_[memo_.size()] = top(); return true;  // MEMOIZE
      case 'h': recall(natural(1)); return true;
      case 'j': recall(natural(4)); return true;
      case 'c': {
        const std::string module(line());
        push_name(module + '.' + std::string(line()));
        return true;
      }
      case '\x93': {  // STACK_GLOBAL
        const Id name = pop(), module = pop();
        for (const Id part : {name, module})
          if (object(part).is != Is::text || object(part).text.size() > longest_word) wrong("no name");
        push_name(object(module).text + '.' + object(name).text);
        return true;
      }
      case 'R': call(); return true;
      case 'Q': push_storage(); return true;
      case 'b':  // BUILD: a state_dict's attributes, which are no tensors
        (void)pop();
        if (object(top()).is != Is::dict) wrong("attributes of something else than a dict");
        return true;
      default:
        wrong(fmt::format("operation 0x{:02x} of pickle, which a dict of tensors has no need of",
                          static_cast<unsigned char>(opcode)));
    }
  }

  PickledTensor describe_tensor(const std::string& name, const Object& tensor) const {
    const auto bad = [&](const char* what) { source_.fail<IoError>("tensor '{}' {}", printable(name, 200), what); };
    const auto number = [&](Id id) {
      if (object(id).is != Is::number || object(id).number < 0) bad("has an offset, extent or stride that is none");
      return static_cast<std::uint64_t>(object(id).number);
    };
    const auto numbers = [&](Id id) {
      const Object& tuple = object(id);
      if (tuple.is != Is::tuple || tuple.parts.size() > std::size_t{max_rank}) bad("has no shape of at most 8 axes");
      std::vector<std::uint64_t> values;
      for (const Id part : tuple.parts) values.push_back(number(part));
      return values;
    };
    const Object& storage = object(tensor.parts[0]);
    if (storage.is != Is::storage) bad("has no storage");
    PickledTensor result{name,
                         object(storage.parts[2]).text,
                         storage_type(object(storage.parts[1]).text)->type,
                         number(storage.parts[4]),
                         number(tensor.parts[1]),
                         numbers(tensor.parts[2]),
                         numbers(tensor.parts[3])};
    if (result.shape.size() != result.strides.size()) bad("has other numbers of extents and strides");
    return result;
  }

  const Bytes& source_;
  std::string_view pickle_;
  std::size_t at_ = 0, opcode_at_ = 0;
  std::vector<Object> objects_;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;  // places in stack_
  std::unordered_map<std::uint64_t, Id> memo_;
};

std::string bytes_of(std::uint64_t value, std::size_t count) { return {reinterpret_cast<const char*>(&value), count}; }
std::string text(std::string_view value) { return 'X' + bytes_of(value.size(), 4) + std::string(value); }
std::string number(std::uint64_t value) {
  return value < 1u << 31 ? 'J' + bytes_of(value, 4) : std::string("\x8a\x08") + bytes_of(value, 8);
}
std::string name(std::string_view whole) {
  const std::size_t dot = whole.rfind('.');
  return 'c' + std::string(whole.substr(0, dot)) + '\n' + std::string(whole.substr(dot + 1)) + '\n';
}
std::string tuple(const std::vector<std::uint64_t>& values) {
  std::string all = "(";
  for (const std::uint64_t value : values) all += number(value);
  return all + 't';
}

}  // namespace

std::vector<PickledTensor> read_pickle(const Bytes& source, std::string_view pickle) {
  return Unpickler(source, pickle).read();
}

std::string write_pickle(const std::vector<PickledTensor>& tensors) {
  const std::string empty_dict = name(ordered_dict) + ")R";
  std::string pickle = "\x80\x02" + empty_dict + '(';
  for (const PickledTensor& t : tensors) {
    const auto same = [&](const StorageType& known) {
      return known.type.kind == t.type.kind && known.type.size == t.type.size;
    };
    const std::string_view type = std::find_if(std::begin(storage_types), std::end(storage_types), same)->name;
    pickle += text(t.name) + name(tensor_v2) + "((" + text("storage") + name(type) + text(t.storage) + text("cpu") +
              number(t.storage_size) + "tQ" + number(t.offset) + tuple(t.shape) + tuple(t.strides) + '\x89' +
              empty_dict + "tR";
  }
  return pickle + "u.";
}

}  // namespace xgrad::nn::detail
