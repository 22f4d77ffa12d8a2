// A SweepResult as one line of text, for messages between ranks: to the last bit.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "traces/sweep_record.h"

namespace mk {

std::string result_to_text(const SweepResult& result);

// InvalidInput iff the text was not made by result_to_text.
Result<SweepResult> result_from_text(std::string_view text);

}  // namespace mk
