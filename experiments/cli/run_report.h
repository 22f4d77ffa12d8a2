// What `run` prints.
#pragma once

#include "experiments/cli/answer.h"
#include "experiments/cli/host_run.h"
#include "experiments/cli/prompt.h"

namespace mk::cli {

Answer report_run(const HostRun& what, const HostRunResult& result, const Prompt& prompt);

}  // namespace mk::cli
