#include "core/result.h"

#include "core/check.h"

namespace mk {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kInvalidInput:
      return "invalid_input";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kDevice:
      return "device";
    case ErrorCode::kStuck:
      return "stuck";
  }
  MK_CHECK(false, "an ErrorCode has one of its declared values");
}

}  // namespace mk
