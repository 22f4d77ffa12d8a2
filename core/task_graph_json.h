// JSON of whatever graph_fields.h describes, for the header of a graph file. Enumerations that have
// names are written by name, the others as numbers. Included by task_graph_file.cpp only.
#pragma once

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/graph_fields.h"

namespace mk::graph_fields {

using nlohmann::json;

inline std::optional<DType> enum_named(std::string_view n, DType) { return dtype_from_name(n); }
inline std::optional<TensorRole> enum_named(std::string_view n, TensorRole) {
  return tensor_role_from_name(n);
}
inline std::optional<WeightLayout> enum_named(std::string_view n, WeightLayout) {
  return weight_layout_from_name(n);
}
inline std::optional<TaskKind> enum_named(std::string_view n, TaskKind) {
  return task_kind_from_name(n);
}
inline std::optional<QuantityKind> enum_named(std::string_view n, QuantityKind) {
  return quantity_from_name(n);
}

// The largest value of enumerations that are written as numbers.
constexpr int largest(AccessMode) { return static_cast<int>(AccessMode::kWrite); }
constexpr int largest(DimCut::Rule) { return static_cast<int>(DimCut::Rule::kDynamic); }
constexpr int largest(ExpertSchedule) { return static_cast<int>(ExpertSchedule::kStride); }
constexpr int largest(OperatorTiles) { return static_cast<int>(OperatorTiles::kAny); }

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;
template <typename T, std::size_t N>
inline constexpr bool kIsList<std::array<T, N>> = true;
template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
inline constexpr bool kIsVariant = false;
template <typename... Ts>
inline constexpr bool kIsVariant<std::variant<Ts...>> = true;

template <typename T>
json to_json(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    if constexpr (requires { enum_named("", value); }) {
      return std::string(name_of(value));
    } else {
      return static_cast<int>(value);
    }
  } else if constexpr (kIsList<T>) {
    json list = json::array();
    for (const auto& element : value) list.push_back(to_json(element));
    return list;
  } else if constexpr (kIsOptional<T>) {
    return value ? to_json(*value) : json();
  } else if constexpr (kIsVariant<T>) {
    return json::array(
        {value.index(),
         std::visit([](const auto& alternative) { return to_json(alternative); }, value)});
  } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return value;
  } else {
    json object = json::object();
    visit_fields(value,
                 [&](const char* name, const auto& field) { object[name] = to_json(field); });
    return object;
  }
}

// Reads a JSON value into `out`. The first thing that does not fit is kept, with its path.
class JsonReader {
 public:
  const std::string& error() const { return error_; }

  template <typename T>
  void read(const json& from, T& out, const std::string& path) {
    if (!error_.empty()) return;
    if constexpr (std::is_enum_v<T>) {
      read_enum(from, out, path);
    } else if constexpr (kIsList<T>) {
      read_list(from, out, path);
    } else if constexpr (kIsOptional<T>) {
      if (!from.is_null()) read(from, out.emplace(), path);
    } else if constexpr (kIsVariant<T>) {
      read_variant(from, out, path);
    } else if constexpr (std::is_same_v<T, bool>) {
      from.is_boolean() ? void(out = from.get<bool>()) : refuse(path, "is no truth value");
    } else if constexpr (std::is_integral_v<T>) {
      read_integer(from, out, path);
    } else if constexpr (std::is_floating_point_v<T>) {
      from.is_number() ? void(out = from.get<T>()) : refuse(path, "is no number");
    } else if constexpr (std::is_same_v<T, std::string>) {
      from.is_string() ? void(out = from.get<std::string>()) : refuse(path, "is no text");
    } else {
      read_object(from, out, path);
    }
  }

 private:
  void refuse(const std::string& path, std::string_view why) {
    if (error_.empty()) error_ = fmt::format("{} {}", path, why);
  }

  template <typename T>
  void read_enum(const json& from, T& out, const std::string& path) {
    if constexpr (requires { enum_named("", out); }) {
      const std::optional<T> value =
          from.is_string() ? enum_named(from.get_ref<const std::string&>(), out) : std::nullopt;
      value ? void(out = *value) : refuse(path, "is no name that it may have");
    } else {
      int value = 0;
      read_integer(from, value, path);
      if (value < 0 || value > largest(out)) return refuse(path, "is out of range");
      out = static_cast<T>(value);
    }
  }

  template <typename T>
  void read_integer(const json& from, T& out, const std::string& path) {
    if (!from.is_number_integer()) return refuse(path, "is no whole number");
    const bool fits = from.is_number_unsigned() ? std::in_range<T>(from.get<std::uint64_t>())
                                                : std::in_range<T>(from.get<std::int64_t>());
    if (!fits) return refuse(path, "is out of range");
    out = from.get<T>();
  }

  template <typename T>
  void read_list(const json& from, T& out, const std::string& path) {
    if (!from.is_array()) return refuse(path, "is no list");
    if constexpr (requires { out.resize(1); }) {
      out.resize(from.size());
    } else if (from.size() != out.size()) {
      return refuse(path, "has the wrong length");
    }
    for (std::size_t i = 0; i < out.size(); ++i)
      read(from[i], out[i], fmt::format("{}[{}]", path, i));
  }

  template <typename... Ts>
  void read_variant(const json& from, std::variant<Ts...>& out, const std::string& path) {
    if (!from.is_array() || from.size() != 2 || !from[0].is_number_unsigned())
      return refuse(path, "is no numbered alternative");
    const auto index = from[0].get<std::uint64_t>();
    if (index >= sizeof...(Ts)) return refuse(path, "is an alternative that does not exist");
    std::uint64_t i = 0;
    (void)((i++ == index && (read(from[1], out.template emplace<Ts>(), path), true)) || ...);
  }

  template <typename T>
  void read_object(const json& from, T& out, const std::string& path) {
    if (!from.is_object()) return refuse(path, "is no object");
    visit_fields(out, [&](const char* name, auto& field, bool may_be_missing = false) {
      const auto at = from.find(name);
      if (at == from.end() && may_be_missing) return;
      if (at == from.end()) return refuse(fmt::format("{}.{}", path, name), "is missing");
      read(*at, field, fmt::format("{}.{}", path, name));
    });
  }

  std::string error_{};
};

}  // namespace mk::graph_fields
