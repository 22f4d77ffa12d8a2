// What makes a Machine valid, for its reader and for set_number().
#pragma once

#include "core/machine.h"

namespace mk {

// InvalidInput, naming the path, iff a number breaks the invariant of core/machine.h.
Status check_machine(const Machine& machine);

}  // namespace mk
