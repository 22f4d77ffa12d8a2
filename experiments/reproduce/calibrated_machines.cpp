#include "experiments/reproduce/calibrated_machines.h"

#include "core/check.h"
#include "core/machine.h"
#include "experiments/reproduce/embedded_recipes.h"

namespace mk {
namespace {

constexpr std::string_view kName = "h100-calibrated";

}  // namespace

void add_calibrated_machines(Catalogue& catalogue) {
  for (const EmbeddedFile& file : embedded_calibrations()) {
    Result<Machine> machine = machine_from_json(file.text, kName);
    MK_CHECK(machine.has_value(), "the program's own machine files are sound");
    catalogue.add_machine(std::string(kName), std::move(*machine));
  }
}

bool is_calibrated(std::string_view machine) { return machine == kName; }

}  // namespace mk
