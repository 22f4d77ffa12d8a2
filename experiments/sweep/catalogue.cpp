#include "experiments/sweep/catalogue.h"

#include <fmt/format.h>

#include <utility>

#include "core/check.h"
#include "core/fnv.h"
#include "experiments/sweep/simulator_hash.h"

namespace mk {
namespace {

std::string hash_of(std::string_view text) {
  Fnv1a hash;
  hash.add(text);
  return fmt::format("{:016x}", hash.value());
}

template <typename Map>
const auto& entry_of(const Map& map, const std::string& name) {
  const auto found = map.find(name);
  MK_CHECK(found != map.end(), "what a point names was read before");
  return found->second;
}

}  // namespace

Result<const ModelConfig*> Catalogue::model(const std::string& name) {
  if (const auto found = models_.find(name); found != models_.end()) return &found->second.value;
  Result<ModelConfig> read = load_model(name);
  if (!read) return tl::unexpected(read.error());
  std::string hash = hash_of(read->json);
  return &models_.emplace(name, Entry<ModelConfig>{std::move(*read), std::move(hash)})
              .first->second.value;
}

Result<const Machine*> Catalogue::machine(const std::string& name) {
  if (const auto found = machines_.find(name); found != machines_.end())
    return &found->second.value;
  Result<Machine> read = load_machine(name);
  if (!read) return tl::unexpected(read.error());
  std::string hash = hash_of(machine_to_json(*read));
  return &machines_.emplace(name, Entry<Machine>{std::move(*read), std::move(hash)})
              .first->second.value;
}

void Catalogue::add_machine(const std::string& name, Machine machine) {
  std::string hash = hash_of(machine_to_json(machine));
  machines_.insert_or_assign(name, Entry<Machine>{std::move(machine), std::move(hash)});
}

const ModelConfig& Catalogue::find_model(const std::string& name) const {
  return entry_of(models_, name).value;
}

const Machine& Catalogue::find_machine(const std::string& name) const {
  return entry_of(machines_, name).value;
}

SweepInputs Catalogue::inputs_of(const SweepPoint& point) const {
  return {entry_of(models_, point.model).hash, entry_of(machines_, point.machine).hash,
          std::string(simulator_hash())};
}

}  // namespace mk
