// How long a part of each layer takes in a predicted run: from the instant at which the tasks of
// one operator may start (its kernel starts) to the end of the last task (kernel) of another.
#pragma once

#include <string>

#include "core/record.h"
#include "core/result.h"

namespace mk {

// `span` is "first:last", or one operator's name for both. The k-th operator with the first name is
// paired with the k-th with the second; the mean over all pairs and iterations, in us. InvalidInput
// iff the run's graph has no such operators.
Result<double> span_us(const RunRecord& record, const std::string& span);

}  // namespace mk
