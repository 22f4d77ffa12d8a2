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

// Runs the scripts in `folder` with the first of these programs that knows matplotlib: a Python of
// the person's own before Debian's, which has python3-matplotlib. kNotFound iff none does; kIo iff
// the script ended with an error, which it has said on stderr.
Status draw_report(const std::string& folder,
                   const std::vector<std::string>& pythons = {"python3", "/usr/bin/python3"});

}  // namespace mk::cli
