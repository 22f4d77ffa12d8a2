#include "gpu_backend/weights/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

namespace mk {

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// Tensor -> name of the file that holds it.
using ShardMap = std::map<std::string, std::string>;

std::string_view name_of(const TensorView& tensor) { return tensor.spec.name; }

Result<ShardMap> read_index(const fs::path& path) {
  const auto invalid = [&](std::string_view what) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}", path.string(), what));
  };
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()),
                              file->bytes().size());
  const Json index = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!index.is_object()) return invalid("no JSON object");
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object() || map->empty()) return invalid("has no weight_map");
  ShardMap shards;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string()) return invalid(fmt::format("weight_map: {}: not a text", tensor));
    shards[tensor] = shard.get<std::string>();
    if (fs::path(shards[tensor]).filename() != shards[tensor]) {
      return invalid(
          fmt::format("weight_map: {}: {} is no plain file name", tensor, shards[tensor]));
    }
  }
  return shards;
}

}  // namespace

Result<Safetensors> Safetensors::open(const fs::path& file_or_folder) {
  Safetensors result;
  result.path_ = file_or_folder;
  const fs::path single = file_or_folder / "model.safetensors";
  const fs::path index = file_or_folder / "model.safetensors.index.json";
  std::error_code ignored;
  Status added;
  if (!fs::is_directory(file_or_folder, ignored)) {
    added = result.add_file(file_or_folder);
  } else if (fs::exists(single, ignored)) {
    added = result.add_file(single);
  } else if (fs::exists(index, ignored)) {
    added = result.add_shards(index);
  } else {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: holds neither model.safetensors nor model.safetensors.index.json",
                            file_or_folder.string()));
  }
  if (!added) return tl::unexpected(added.error());
  std::ranges::sort(result.tensors_, {}, name_of);
  return result;
}

Status Safetensors::add_file(const fs::path& path) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(std::move(file).error());
  Result<SafetensorsHeader> header = parse_safetensors_header(file->bytes());
  if (!header) return with_context(path.string(), std::move(header).error());
  for (SafetensorsEntry& entry : header->entries) {
    tensors_.push_back(
        {std::move(entry.spec), file->bytes().subspan(entry.begin, entry.end - entry.begin)});
  }
  files_.push_back(std::move(*file));
  return {};
}

Status Safetensors::add_shards(const fs::path& index_path) {
  const Result<ShardMap> shards = read_index(index_path);
  if (!shards) return tl::unexpected(shards.error());
  std::set<std::string> files;
  for (const auto& [tensor, shard] : *shards) files.insert(shard);
  for (const std::string& shard : files) {
    const std::size_t first = tensors_.size();
    const Status added = add_file(index_path.parent_path() / shard);
    if (!added) return with_context(index_path.filename().string(), added.error());
    for (std::size_t i = first; i < tensors_.size(); ++i) {
      const auto entry = shards->find(tensors_[i].spec.name);
      if (entry != shards->end() && entry->second == shard) continue;
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: tensor {} is in {}, but not so in the index",
                              index_path.string(), tensors_[i].spec.name, shard));
    }
  }
  if (tensors_.size() == shards->size()) return {};
  std::set<std::string_view> present;
  for (const TensorView& tensor : tensors_) present.insert(tensor.spec.name);
  const auto missing = std::ranges::find_if(
      *shards, [&](const auto& entry) { return !present.contains(entry.first); });
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{}: tensor {} is not in {}", index_path.string(), missing->first,
                          missing->second));
}

const TensorView* Safetensors::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(tensors_, name, {}, name_of);
  return found != tensors_.end() && found->spec.name == name ? &*found : nullptr;
}

}  // namespace mk
