// Catalogue: the models and machines that a sweep names, each read once, with the hash of its
// contents. Fill it before threads look things up: `find_*` is safe from any number of them.
#pragma once

#include <map>
#include <string>

#include "core/machine.h"
#include "core/model.h"
#include "core/result.h"
#include "traces/sweep_record.h"

namespace mk {

class Catalogue {
 public:
  // Reads what is not there yet. Errors are those of load_model and load_machine.
  Result<const ModelConfig*> model(const std::string& name);
  Result<const Machine*> machine(const std::string& name);

  // A machine under a name that no file has.
  void add_machine(const std::string& name, Machine machine);

  // Requires: model(name) or machine(name) succeeded before.
  const ModelConfig& find_model(const std::string& name) const;
  const Machine& find_machine(const std::string& name) const;

  // The hashes behind the point's names.
  SweepInputs inputs_of(const SweepPoint& point) const;

 private:
  template <typename T>
  struct Entry {
    T value{};
    std::string hash{};
  };
  std::map<std::string, Entry<ModelConfig>> models_{};
  std::map<std::string, Entry<Machine>> machines_{};
};

}  // namespace mk
