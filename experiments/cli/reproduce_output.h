// The folder that `reproduce` leaves: points.db, results.json, a CSV and the sweep's axes a study,
// traces, and the scripts that draw the report from these files alone.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "experiments/cli/answer.h"
#include "experiments/reproduce/reproduce.h"

namespace mk::cli {

// One claim, as `reproduce --format json` prints it.
Json to_json(const Finding& finding);

// Writes everything but the report. What failed is added to `problems` and the rest still written.
void write_results(const Reproduction& all, const Catalogue& catalogue, const std::string& folder,
                   std::vector<std::string>& problems);

// Runs the scripts in `folder`. kNotFound iff no Python with matplotlib is there; kIo iff it ended
// with an error, which it has said on stderr.
Status draw_report(const std::string& folder);

}  // namespace mk::cli
