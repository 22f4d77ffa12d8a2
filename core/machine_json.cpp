// Machines as JSON: nested objects that follow the dotted paths of visit_numbers().
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/embedded_files.h"
#include "core/machine.h"
#include "core/machine_check.h"

namespace mk {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBodies = "bodies.";
constexpr std::string_view kDefaultBody = "default_body.";
constexpr std::string_view kTopLevelText[] = {"name", "title", "kind"};

bool is_index(std::string_view part) {
  return part.find_first_not_of("0123456789") == std::string_view::npos;
}

// Views into `path`.
std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  parts.reserve(4);
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    parts.emplace_back(path.substr(begin, dot - begin));
    begin = dot + 1;
  }
  return parts;
}

// "bodies.linear.fixed" -> "default_body.fixed"; none for other paths.
std::optional<std::string> default_path(std::string_view path) {
  if (!path.starts_with(kBodies)) return std::nullopt;
  return fmt::format("{}{}", kDefaultBody, path.substr(path.rfind('.') + 1));
}

// The value at a dotted path, null iff there is none.
const Json* find(const Json& root, std::string_view path) {
  const Json* at = &root;
  for (const std::string_view view : parts_of(path)) {
    const std::string part(view);
    if (at->is_array() && is_index(part)) {
      const std::size_t i = std::stoul(part);
      if (i >= at->size()) return nullptr;
      at = &(*at)[i];
    } else if (at->is_object() && at->contains(part)) {
      at = &(*at)[part];
    } else {
      return nullptr;
    }
  }
  return at;
}

class Reader {
 public:
  Reader(const Json& root, std::string source) : root_(root), source_(std::move(source)) {}

  Result<Machine> read();

 private:
  using Refusal = tl::unexpected<Error>;
  Refusal refuse(std::string_view path, std::string_view why) const {
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}: {}", source_, path, why));
  }

  Status read_format();
  Status read_texts(Machine& machine);
  template <typename Entry>
  Status size_array(const char* path, std::vector<Entry>& entries);
  Status read_number(const NumberFacts& facts, Number& number);
  Status parse_number(const std::string& path, const Json& json, Number& number);
  Status refuse_unknown(const Json& json, const std::string& path) const;

  const Json& root_;
  std::string source_;
  std::set<std::string> known_{};  // paths of numbers
  std::map<std::string, Number> default_body_{};
};

Status Reader::read_format() {
  if (!root_.is_object()) return refuse("machine", "is no JSON object");
  const Json* format = find(root_, "format");
  if (format == nullptr || !format->is_number_integer()) {
    return refuse("format", fmt::format("missing; this program reads format {}", kMachineFormat));
  }
  if (format->get<std::int64_t>() < 1 || format->get<std::int64_t>() > kMachineFormat) {
    return refuse("format",
                  fmt::format("is {}, this program reads 1 .. {}", format->dump(), kMachineFormat));
  }
  return {};
}

Status Reader::read_texts(Machine& machine) {
  std::string kind;
  std::string* const targets[] = {&machine.name, &machine.title, &kind};
  for (std::size_t i = 0; i < std::size(kTopLevelText); ++i) {
    const Json* text = find(root_, kTopLevelText[i]);
    if (text == nullptr) return refuse(kTopLevelText[i], "missing");
    if (!text->is_string()) return refuse(kTopLevelText[i], "is no text");
    *targets[i] = text->get<std::string>();
  }
  if (kind != "gpu" && kind != "host") {
    return refuse("kind", fmt::format("is '{}', must be 'gpu' or 'host'", kind));
  }
  machine.kind = kind == "host" ? MachineKind::kHost : MachineKind::kGpu;
  return {};
}

template <typename Entry>
Status Reader::size_array(const char* path, std::vector<Entry>& entries) {
  const Json* array = find(root_, path);
  if (array == nullptr) return {};
  if (!array->is_array()) return refuse(path, "is no array");
  entries.resize(array->size());
  return {};
}

Status Reader::parse_number(const std::string& path, const Json& json, Number& number) {
  if (!json.is_object()) return refuse(path, "is no object with value and source");
  bool has_value = false;
  bool has_low = false;
  bool has_high = false;
  for (const auto& [key, value] : json.items()) {
    const std::string here = path + "." + key;
    if (key == "source") {
      if (!value.is_string()) return refuse(here, "is no text");
      number.source = value.get<std::string>();
      continue;
    }
    double* target = key == "value"  ? &number.value
                     : key == "low"  ? &number.low
                     : key == "high" ? &number.high
                                     : nullptr;
    if (target == nullptr) return refuse(here, "unknown; a number has value, low, high, source");
    if (!value.is_number()) return refuse(here, "is no number");
    *target = value.get<double>();
    has_value |= key == "value";
    has_low |= key == "low";
    has_high |= key == "high";
  }
  if (!has_value) return refuse(path + ".value", "missing");
  if (!has_low) number.low = number.value;
  if (!has_high) number.high = number.value;
  return {};
}

Status Reader::read_number(const NumberFacts& facts, Number& number) {
  known_.insert(facts.path);
  const std::optional<std::string> fallback = default_path(facts.path);
  const Json* json = find(root_, facts.path);
  if (json != nullptr) {
    if (Status status = parse_number(facts.path, *json, number); !status) return status;
  } else if (fallback) {
    number = default_body_[*fallback];
  } else if (!facts.is_optional) {
    return refuse(facts.path, "missing");
  }
  if (facts.path.starts_with(kDefaultBody)) default_body_[facts.path] = number;
  return {};
}

Status Reader::refuse_unknown(const Json& json, const std::string& path) const {
  if (known_.contains(path)) return {};
  // An empty object names nothing unknown; "bodies" may leave out each of its kinds.
  if (!json.is_structured()) return refuse(path, "unknown");
  std::size_t index = 0;
  for (const auto& [key, value] : json.items()) {
    const std::string part = json.is_array() ? std::to_string(index++) : key;
    const std::string below = path.empty() ? part : path + "." + part;
    const bool is_text = std::find(std::begin(kTopLevelText), std::end(kTopLevelText), below) !=
                         std::end(kTopLevelText);
    if (is_text || below == "format") continue;
    if (Status status = refuse_unknown(value, below); !status) return status;
  }
  return {};
}

Result<Machine> Reader::read() {
  Machine machine;
  Status status = read_format();
  if (status) status = read_texts(machine);
  if (status) status = size_array("memory.curve", machine.memory.curve);
  if (status) status = size_array("sm_port", machine.sm_port);
  if (status) status = size_array("sm_factor", machine.sm_factor);
  visit_numbers(machine, [&](const NumberFacts& facts, Number& number) {
    if (status) status = read_number(facts, number);
  });
  if (status) status = refuse_unknown(root_, "");
  if (!status) return tl::unexpected(status.error());
  if (Status valid = check_machine(machine); !valid) return with_context(source_, valid.error());
  return machine;
}

// As ordered_json::dump() writes it, which is asked only where that is not plain: it sets up more
// than most numbers and texts take.
std::string text_of(double value) {
  const bool is_plain = value == std::floor(value) && value > 0 && value < 1e15;
  return is_plain ? fmt::format("{}.0", static_cast<std::int64_t>(value)) : Json(value).dump();
}

std::string text_of(const std::string& value) {
  const bool is_plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  return is_plain ? fmt::format("\"{}\"", value) : Json(value).dump();
}

// A machine's JSON in one pass, since the walk goes through one group after the other. The same
// bytes as an ordered_json that is filled by path has with dump(2).
class Writer {
 public:
  // `value` is JSON.
  void item(std::string_view name, std::string_view value) {
    begin_item(name);
    text_ += value;
  }

  void number(std::string_view path, const Number& number) {
    enter(parts_of(path));
    item("value", text_of(number.value));
    if (number.low != number.value) item("low", text_of(number.low));
    if (number.high != number.value) item("high", text_of(number.high));
    item("source", text_of(number.source));
  }

  std::string finish() && {
    leave_to(0);
    return std::move(text_) + "\n}\n";
  }

 private:
  struct Group {
    std::string name{};
    char close = '}';
  };

  // Behind what stands there: a comma, a line, the name where it is not an array's element.
  void begin_item(std::string_view name) {
    if (text_.back() != '{' && text_.back() != '[') text_ += ',';
    new_line();
    if (!is_index(name)) text_.append("\"").append(name).append("\": ");
  }
  void new_line() { text_.append("\n").append(2 * (open_.size() + 1), ' '); }

  void leave_to(std::size_t depth) {
    while (open_.size() > depth) {
      const char close = open_.back().close;
      open_.pop_back();
      new_line();
      text_ += close;
    }
  }

  void enter(const std::vector<std::string_view>& parts) {
    std::size_t shared = 0;
    while (shared < open_.size() && open_[shared].name == parts[shared]) ++shared;
    leave_to(shared);
    for (std::size_t i = shared; i < parts.size(); ++i) {
      begin_item(parts[i]);
      const bool is_array = i + 1 < parts.size() && is_index(parts[i + 1]);
      text_ += is_array ? '[' : '{';
      open_.push_back({std::string(parts[i]), is_array ? ']' : '}'});
    }
  }

  std::string text_ = "{";
  std::vector<Group> open_{};
};

std::string known_names() { return fmt::format("{}", fmt::join(builtin_machines(), ", ")); }

}  // namespace

Result<Machine> machine_from_json(std::string_view text, std::string_view name_for_errors) {
  const Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: is no JSON, or is cut off", name_for_errors));
  }
  return Reader(root, std::string(name_for_errors)).read();
}

std::string machine_to_json(const Machine& machine) {
  Writer writer;
  writer.item("format", std::to_string(kMachineFormat));
  writer.item("name", text_of(machine.name));
  writer.item("title", text_of(machine.title));
  writer.item("kind", machine.kind == MachineKind::kHost ? "\"host\"" : "\"gpu\"");
  std::vector<const Number*> default_body;
  std::size_t of_bodies = 0;
  visit_numbers(machine, [&](const NumberFacts& facts, const Number& number) {
    if (facts.path.starts_with(kDefaultBody)) default_body.push_back(&number);
    // The bodies behind it have the same numbers in the same order.
    if (facts.path.starts_with(kBodies) &&
        *default_body[of_bodies++ % default_body.size()] == number) {
      return;
    }
    if (facts.is_optional && number.value == 0 && number.low == number.high) return;
    writer.number(facts.path, number);
  });
  return std::move(writer).finish();
}

Result<Machine> load_machine(const std::string& name_or_path) {
  for (const EmbeddedFile& file : embedded_machines()) {
    if (file.name == name_or_path) return machine_from_json(file.text, name_or_path);
  }
  std::ifstream stream(name_or_path, std::ios::binary);
  if (!stream) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is neither a readable file nor a built-in machine ({})",
                            name_or_path, known_names()));
  }
  std::ostringstream text;
  text << stream.rdbuf();
  if (stream.bad()) return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", name_or_path));
  return machine_from_json(text.str(), name_or_path);
}

std::vector<std::string> builtin_machines() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_machines()) names.emplace_back(file.name);
  return names;
}

}  // namespace mk
