// Where the project's sources lie, for tests that read files of theirs.
//
// A function of one small object, not a macro on each command line: then what tests compile to does
// not depend on the folder that the clone stands in, and ccache serves every clone.
#pragma once

#include <string>

namespace mk {

// An absolute path without a slash at its end.
std::string source_dir();

}  // namespace mk
