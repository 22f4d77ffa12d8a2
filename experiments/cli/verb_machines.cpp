#include <fmt/format.h>

#include <memory>

#include "core/machine.h"
#include "experiments/cli/table.h"
#include "experiments/cli/verb_list.h"

namespace mk::cli {
namespace {

Json describe(const Machine& machine) {
  return {{"name", machine.name},
          {"title", machine.title},
          {"kind", machine.kind == MachineKind::kGpu ? "gpu" : "host"},
          {"sms", machine.sms.value},
          {"clock_ghz", machine.clock.value},
          {"default_workers", machine.default_workers.value},
          {"default_schedulers", machine.default_schedulers.value},
          {"spec_bandwidth_gb_s", machine.memory.spec_bandwidth.value},
          {"achieved_bandwidth_gb_s", machine.bandwidth_at(machine.sms.value)},
          {"memory_bytes", machine.memory.capacity.value},
          {"l2_bytes", machine.memory.l2_capacity.value}};
}

// Every number of the machine with its path: what --what-if keys and calibration speak of.
Json all_numbers(const Machine& machine) {
  Json numbers = Json::array();
  visit_numbers(machine, [&](const NumberFacts& facts, const Number& number) {
    numbers.push_back({{"path", facts.path},
                       {"value", number.value},
                       {"unit", std::string(facts.unit)},
                       {"low", number.low},
                       {"high", number.high},
                       {"source", number.source}});
  });
  return numbers;
}

Result<Answer> list_machines() {
  Answer answer{.json = Json::array()};
  Table table({"name", "SMs", "GHz", "workers", "schedulers", "spec GB/s", "achieved GB/s",
               "memory GB", "L2 MB", "what"});
  for (const std::string& name : builtin_machines()) {
    const Result<Machine> machine = load_machine(name);
    if (!machine) return tl::unexpected(machine.error());
    answer.json.push_back(describe(*machine));
    table.add({name, fmt::format("{:.0f}", machine->sms.value),
               fmt::format("{:.3f}", machine->clock.value),
               fmt::format("{:.0f}", machine->default_workers.value),
               fmt::format("{:.0f}", machine->default_schedulers.value),
               fmt::format("{:.0f}", machine->memory.spec_bandwidth.value),
               fmt::format("{:.0f}", machine->bandwidth_at(machine->sms.value)),
               fmt::format("{:.0f}", machine->memory.capacity.value * 1e-9),
               fmt::format("{:.0f}", machine->memory.l2_capacity.value * 1e-6), machine->title});
  }
  answer.text = table.str();
  return answer;
}

Result<Answer> show_machine(const std::string& name) {
  const Result<Machine> machine = load_machine(name);
  if (!machine) return tl::unexpected(machine.error());
  Answer answer{.json = describe(*machine)};
  answer.json["numbers"] = all_numbers(*machine);
  answer.rows = answer.json["numbers"];
  Table table({"number", "value", "unit", "low", "high", "source"});
  for (const Json& row : answer.rows) {
    const auto text = [&](const char* key) {
      return fmt::format("{:.6g}", row[key].get<double>());
    };
    table.add({row["path"], text("value"), row["unit"], text("low"), text("high"), row["source"]});
  }
  answer.text = fmt::format("{}: {}\n\n{}", machine->name, machine->title, table.str());
  return answer;
}

Action declare(Flags& flags) {
  const auto name = std::make_shared<std::string>();
  flags.argument("MACHINE", *name, "show every number of this one, with its source");
  return [name](Console&) { return name->empty() ? list_machines() : show_machine(*name); };
}

}  // namespace

constinit const Verb machines_verb = {
    .name = "machines",
    .summary = "lists the built-in machines, or every number of one and its source",
    .arguments = "[MACHINE] [options]",
    .description =
        "Lists the built-in machines. Given MACHINE (a name of the list or a JSON file), shows "
        "all\n"
        "its numbers with their dotted path, unit, the range that sources leave open, and source.",
    .examples = "megascope machines h100-sxm",
    .declare = declare,
};

}  // namespace mk::cli
