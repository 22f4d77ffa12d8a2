// Tensors of a model that lie in safetensors files, read in place.
//
// Opens one file, or a folder with model.safetensors, or else with the shards that
// model.safetensors.index.json names. Nothing is copied: a TensorView points into the mapped file,
// and lives as long as the Safetensors that gave it (also when that is moved). Immutable; any
// number of threads may read.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "gpu_backend/weights/mapped_file.h"
#include "gpu_backend/weights/safetensors_header.h"

namespace mk {

struct TensorView {
  TensorSpec spec{};
  std::span<const std::byte> bytes{};  // byte_count(spec) of them, row major, aligned to nothing
};

class Safetensors {
 public:
  // Errors name the file, and the tensor where one is at fault. kNotFound: no such file, or a
  // folder with neither of the two names; kInvalidInput, kUnsupported: as parse_safetensors_header,
  // or an index and shards that disagree; kIo.
  [[nodiscard]] static Result<Safetensors> open(const std::filesystem::path& file_or_folder);

  // Sorted by name.
  std::span<const TensorView> tensors() const { return tensors_; }

  // Null iff there is no such tensor.
  const TensorView* find(std::string_view name) const;

  // What the user gave, for messages.
  const std::filesystem::path& path() const { return path_; }

 private:
  Status add_file(const std::filesystem::path& path);
  Status add_shards(const std::filesystem::path& index_path);

  std::filesystem::path path_{};
  std::vector<MappedFile> files_{};
  std::vector<TensorView> tensors_{};
};

}  // namespace mk
