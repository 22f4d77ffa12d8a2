// Feeds any value that graph_fields.h describes into an FNV-1a.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/fnv.h"
#include "core/graph_fields.h"

namespace mk::graph_fields {

template <typename T>
void add_to(Fnv1a& hash, const T& value);

template <typename T>
void add_to(Fnv1a& hash, const std::vector<T>& values) {
  if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    hash.add_column(std::span<const T>(values));
  } else {
    hash.add(static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) add_to(hash, value);
  }
}

template <typename T, std::size_t N>
void add_to(Fnv1a& hash, const std::array<T, N>& values) {
  for (const T& value : values) add_to(hash, value);
}

template <typename T>
void add_to(Fnv1a& hash, const std::optional<T>& value) {
  hash.add(value.has_value());
  if (value) add_to(hash, *value);
}

template <typename... Ts>
void add_to(Fnv1a& hash, const std::variant<Ts...>& value) {
  hash.add(static_cast<std::uint64_t>(value.index()));
  std::visit([&](const auto& alternative) { add_to(hash, alternative); }, value);
}

template <typename T>
void add_to(Fnv1a& hash, const T& value) {
  if constexpr (requires { hash.add(value); }) {
    hash.add(value);
  } else {
    visit_fields(value, [&](std::string_view, const auto& field) { add_to(hash, field); });
  }
}

}  // namespace mk::graph_fields
