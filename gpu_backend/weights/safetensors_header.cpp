#include "gpu_backend/weights/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "core/check.h"

namespace mk {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kPrefixBytes = 8;
// The reference implementation refuses more; the longest real headers are a few MB.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kDataAlignment = 64;
constexpr const char* kMetadataKey = "__metadata__";

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

tl::unexpected<Error> invalid_tensor(const std::string& name, std::string_view what) {
  return invalid(fmt::format("tensor {}: {}", name, what));
}

Result<std::string_view> header_text(std::span<const std::byte> file) {
  if (file.size() < kPrefixBytes) {
    return invalid(
        fmt::format("truncated: {} bytes, a safetensors file has at least 8", file.size()));
  }
  std::uint64_t length = 0;
  for (std::size_t i = kPrefixBytes; i-- > 0;) {
    length = length << 8 | std::to_integer<std::uint64_t>(file[i]);
  }
  if (length > kMaxHeaderBytes) {
    return invalid(
        fmt::format("no safetensors file: its header would have {} bytes, at most {} are allowed",
                    length, kMaxHeaderBytes));
  }
  if (length > file.size() - kPrefixBytes) {
    return invalid(fmt::format("truncated: the header has {} bytes, and {} are there", length,
                               file.size() - kPrefixBytes));
  }
  return std::string_view(reinterpret_cast<const char*>(file.data()) + kPrefixBytes, length);
}

// Names of tensors must differ; the JSON library alone would keep the last of two.
Result<Json> parse_object(std::string_view text) {
  std::set<std::string> names;
  std::optional<std::string> duplicate;
  const auto note_keys = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && depth == 1) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names.insert(name).second) duplicate = name;
    }
    return true;
  };
  Json header = Json::parse(text, note_keys, /*allow_exceptions=*/false);
  if (header.is_discarded()) return invalid("its header is no JSON");
  if (!header.is_object()) return invalid("its header is no JSON object");
  if (duplicate) return invalid_tensor(*duplicate, "stands twice in the header");
  return header;
}

Result<std::map<std::string, std::string>> parse_metadata(const Json& value) {
  if (!value.is_object()) return invalid("__metadata__: not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return invalid(fmt::format("__metadata__: {}: not a text", key));
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

// A list of whole numbers from 0 that fit 63 bits.
std::optional<std::vector<std::int64_t>> whole_numbers(const Json& object, const char* key) {
  const auto list = object.find(key);
  if (list == object.end() || !list->is_array()) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const Json& number : *list) {
    if (!number.is_number_unsigned()) return std::nullopt;
    const auto value = number.get<std::uint64_t>();
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
    numbers.push_back(static_cast<std::int64_t>(value));
  }
  return numbers;
}

// Bytes of a tensor of that shape; none where the product does not fit.
std::optional<std::int64_t> checked_bytes(const TensorSpec& spec) {
  auto bytes = static_cast<std::int64_t>(element_bytes(spec.type));
  for (const std::int64_t extent : spec.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

Result<ElementType> parse_type(const std::string& name, const Json& value) {
  const auto dtype = value.find("dtype");
  if (dtype == value.end() || !dtype->is_string()) {
    return invalid_tensor(name, "has no text \"dtype\"");
  }
  const auto& text = dtype->get_ref<const std::string&>();
  const std::optional<ElementType> type = element_type_from(text);
  if (!type) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("tensor {}: dtype {}: only BF16, F16 and F32 are read", name, text));
  }
  return *type;
}

// `data_bytes` is what stands behind the header, `data_begin` where in the file that starts.
Result<SafetensorsEntry> parse_entry(const std::string& name, const Json& value,
                                     std::size_t data_begin, std::size_t data_bytes) {
  if (!value.is_object()) return invalid_tensor(name, "its entry is no object");
  const Result<ElementType> type = parse_type(name, value);
  if (!type) return tl::unexpected(type.error());
  auto shape = whole_numbers(value, "shape");
  if (!shape) return invalid_tensor(name, "\"shape\" is no list of whole numbers");
  const auto offsets = whole_numbers(value, "data_offsets");
  if (!offsets || offsets->size() != 2 || (*offsets)[0] > (*offsets)[1]) {
    return invalid_tensor(name, "\"data_offsets\" are no begin and end");
  }
  const auto begin = static_cast<std::size_t>((*offsets)[0]);
  const auto end = static_cast<std::size_t>((*offsets)[1]);
  TensorSpec spec{.name = name, .type = *type, .shape = std::move(*shape)};
  const std::optional<std::int64_t> needed = checked_bytes(spec);
  if (!needed || static_cast<std::size_t>(*needed) != end - begin) {
    return invalid_tensor(
        name, fmt::format("{} [{}] does not take the {} bytes of its data_offsets",
                          to_string(spec.type), fmt::join(spec.shape, ", "), end - begin));
  }
  if (end > data_bytes) {
    return invalid_tensor(
        name, fmt::format("truncated: ends at byte {} of the data, which has {}", end, data_bytes));
  }
  return SafetensorsEntry{std::move(spec), data_begin + begin, data_begin + end};
}

// Requires: sorted by begin, then end.
Status check_no_gap_or_overlap(std::span<const SafetensorsEntry> entries, std::size_t data_begin,
                               std::size_t file_bytes) {
  std::size_t position = data_begin;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin < position) {
      return invalid_tensor(entry.spec.name, "overlaps the tensor before it");
    }
    if (entry.begin > position) {
      return invalid_tensor(entry.spec.name, fmt::format("{} bytes before it belong to no tensor",
                                                         entry.begin - position));
    }
    position = entry.end;
  }
  if (position != file_bytes) {
    return invalid(fmt::format("{} bytes at its end belong to no tensor", file_bytes - position));
  }
  return {};
}

}  // namespace

std::int64_t element_count(const TensorSpec& spec) {
  std::int64_t count = 1;
  for (const std::int64_t extent : spec.shape) count *= extent;
  return count;
}

std::size_t byte_count(const TensorSpec& spec) {
  return static_cast<std::size_t>(element_count(spec)) * element_bytes(spec.type);
}

Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file) {
  const Result<std::string_view> text = header_text(file);
  if (!text) return tl::unexpected(text.error());
  const Result<Json> object = parse_object(*text);
  if (!object) return tl::unexpected(object.error());
  const std::size_t data_begin = kPrefixBytes + text->size();
  SafetensorsHeader header;
  for (const auto& [name, value] : object->items()) {
    if (name == kMetadataKey) {
      Result<std::map<std::string, std::string>> metadata = parse_metadata(value);
      if (!metadata) return tl::unexpected(std::move(metadata).error());
      header.metadata = std::move(*metadata);
      continue;
    }
    Result<SafetensorsEntry> entry = parse_entry(name, value, data_begin, file.size() - data_begin);
    if (!entry) return tl::unexpected(std::move(entry).error());
    header.entries.push_back(std::move(*entry));
  }
  std::ranges::sort(header.entries, {}, [](const SafetensorsEntry& entry) {
    return std::tuple(entry.begin, entry.end, entry.spec.name);
  });
  const Status whole = check_no_gap_or_overlap(header.entries, data_begin, file.size());
  if (!whole) return tl::unexpected(whole.error());
  return header;
}

std::string make_safetensors_header(std::span<const TensorSpec> specs,
                                    const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  std::set<std::string_view> names;
  std::size_t position = 0;
  for (const TensorSpec& spec : specs) {
    MK_CHECK(spec.name != kMetadataKey && names.insert(spec.name).second,
             "tensors of a file have different names");
    const std::size_t end = position + byte_count(spec);
    header[spec.name] = {
        {"dtype", to_string(spec.type)}, {"shape", spec.shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump();
  const std::size_t unaligned = (kPrefixBytes + text.size()) % kDataAlignment;
  if (unaligned != 0) text.append(kDataAlignment - unaligned, ' ');
  std::string result(kPrefixBytes, '\0');
  for (std::size_t i = 0; i < kPrefixBytes; ++i) {
    result[i] = static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i) & 0xff);
  }
  return result + text;
}

}  // namespace mk
