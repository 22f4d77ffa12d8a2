#include "experiments/cli/version.h"

namespace mk::cli {

std::string version() { return MEGASCOPE_VERSION; }

}  // namespace mk::cli
