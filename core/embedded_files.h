// Files that the library carries: model shapes and machines, put in at build time
// (cmake/embed_files.cmake).
#pragma once

#include <span>
#include <string_view>

namespace mk {

struct EmbeddedFile {
  std::string_view name{};  // without folder and extension
  std::string_view text{};
};

std::span<const EmbeddedFile> embedded_models();    // core/models/*.json
std::span<const EmbeddedFile> embedded_machines();  // core/machines/*.json

}  // namespace mk
