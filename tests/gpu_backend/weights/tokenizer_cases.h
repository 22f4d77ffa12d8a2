// tokenizer_cases.json, as the package `tokenizers` made it, and the model that scripts/fetch-model
// made, where it did.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/source_dir.h"

namespace mk {

inline std::filesystem::path weights_tests() {
  return std::filesystem::path(source_dir()) / "tests" / "gpu_backend" / "weights";
}

inline const nlohmann::json& tokenizer_cases() {
  static const nlohmann::json kCases =
      nlohmann::json::parse(std::ifstream(weights_tests() / "tokenizer_cases.json"));
  return kCases;
}

// Where scripts/fetch-model puts smollm2-135m unless told otherwise; need not exist.
inline std::filesystem::path fetched_smollm2() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  std::filesystem::path cache = variable("MEGASCOPE_CACHE");
  if (cache.empty()) {
    const std::filesystem::path base = variable("XDG_CACHE_HOME");
    cache = (base.empty() ? variable("HOME") / ".cache" : base) / "megascope";
  }
  return cache / "models" / "smollm2-135m";
}

}  // namespace mk
