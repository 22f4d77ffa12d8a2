// Which folder may include what: the table of the architecture, and the check of one file against
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mk::architecture {

// One line a violation, "core/x.h:12: core may not include traces/trace.h"; empty iff `text`, as
// the file `path` (from the project root), includes only what the table lets it.
std::vector<std::string> layering_violations(std::string_view path, std::string_view text);

}  // namespace mk::architecture
