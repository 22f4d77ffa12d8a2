// L0: what a run recorded, played again by the simulator. Every body lasts as long as it was
// measured, to the picosecond: memory and bodies are out of play, so that what remains is the
// graph, the placement, the order, and hand-offs.
//
//   hand-offs as recorded    each task takes from when both its event and its worker let it begin
//   to
//                            its arrival as long as it did, and all steps of the protocol are free.
//                            Any error is of who runs what after whom.
//   hand-offs of a machine   bodies as recorded, all steps as the machine has them, drawn once a
//                            seed. The error beyond the first one's is of how hand-offs are
//                            modelled.
//
// Tasks that a dispatcher placed in the run (jit, hybrid) are placed on the same workers again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/machine.h"
#include "core/result.h"
#include "traces/trace.h"

namespace mk::cli {

struct ExactReplay {
  std::string hand_offs{};  // "as recorded", "of the machine fitted to this run" ...
  double measured_us = 0;   // all iterations, without what lies between them
  double replayed_us = 0;   // the median of by_seed
  std::vector<double> by_seed{};

  double error() const { return replayed_us / measured_us - 1; }
};

struct ExactReplays {
  std::vector<ExactReplay> replays{};
  std::vector<std::string> notes{};  // which were not made, and why; what was not recorded
};

// With hand-offs as recorded; where a machine is known (`machine`: a name or file; empty: the one
// that the trace carries), with those that `calibrate` fits to this very run, and with its own:
// those under the seeds 1 .. `seeds`, of which there is at least one.
// InvalidInput, Unsupported: no iterations, several graphs or devices, a kernel-per-operator
// policy, a placement that depends on what tasks have to do (it is not the same once bodies are
// replaced).
Result<ExactReplays> replay_exactly(const Trace& trace, const std::string& machine,
                                    std::uint32_t seeds = 1);

}  // namespace mk::cli
