// The machine files are frozen: what the published points are judged with was fixed before they
// were scored. Who changes a number on purpose (a better source, never a better score) scores again
// (`megascope reproduce`) and writes the new hash here, in a commit that says why.
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "core/machine.h"
#include "experiments/sweep/catalogue.h"
#include "tests/support/source_dir.h"

namespace mk {
namespace {

std::map<std::string, std::string> frozen() {
  std::map<std::string, std::string> hashes;
  std::ifstream file(source_dir() + "/tests/validation/frozen_machines.txt");
  for (std::string name, hash; file >> name >> hash;) hashes[name] = hash;
  return hashes;
}

TEST(FrozenMachines, AreAsTheyWereBeforeScoring) {
  Catalogue catalogue;
  ASSERT_TRUE(catalogue.model("smollm2-135m").has_value());
  std::map<std::string, std::string> now;
  for (const std::string& name : builtin_machines()) {
    ASSERT_TRUE(catalogue.machine(name).has_value()) << name;
    SweepPoint point;
    point.model = "smollm2-135m";
    point.machine = name;
    now[name] = catalogue.inputs_of(point).machine_hash;
  }

  EXPECT_EQ(now, frozen());
}

}  // namespace
}  // namespace mk
