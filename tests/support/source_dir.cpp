#include "tests/support/source_dir.h"

namespace mk {

std::string source_dir() { return MEGASCOPE_SOURCE_DIR; }

}  // namespace mk
