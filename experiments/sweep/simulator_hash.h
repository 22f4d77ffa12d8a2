// A hash of the sources that make predictions (core and simulator), taken when the program was
// built: points that another simulator predicted are done again.
#pragma once

#include <string_view>

namespace mk {

std::string_view simulator_hash();  // 16 hexadecimal digits

}  // namespace mk
