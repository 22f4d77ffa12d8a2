// Machines as JSON: nested objects that follow the dotted paths of visit_numbers().
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

// "memory.curve.0.bandwidth" -> /memory/curve/0/bandwidth
Json::json_pointer pointer_to(std::string_view path) {
  std::string pointer = fmt::format("/{}", path);
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  return Json::json_pointer(pointer);
}

// "bodies.linear.fixed" -> "default_body.fixed"; none for other paths.
std::optional<std::string> default_path(std::string_view path) {
  if (!path.starts_with(kBodies)) return std::nullopt;
  return fmt::format("{}{}", kDefaultBody, path.substr(path.rfind('.') + 1));
}

// The value at a dotted path, null iff there is none.
const Json* find(const Json& root, std::string_view path) {
  const Json::json_pointer pointer = pointer_to(path);
  return root.contains(pointer) ? &root.at(pointer) : nullptr;
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

Json to_json(const Number& number) {
  Json json = {{"value", number.value}};
  if (number.low != number.value) json["low"] = number.low;
  if (number.high != number.value) json["high"] = number.high;
  json["source"] = number.source;
  return json;
}

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
  Json json = {{"format", kMachineFormat},
               {"name", machine.name},
               {"title", machine.title},
               {"kind", machine.kind == MachineKind::kHost ? "host" : "gpu"}};
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
    json[pointer_to(facts.path)] = to_json(number);
  });
  return json.dump(2) + "\n";
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
