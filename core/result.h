// Result<T>: a value, or the reason why the world refused it.
//
// Errors of the world (a file, a flag, SQLite, a device, a user's graph) travel as values; each
// layer adds the context that it alone knows with `with_context`. The message is for the person: it
// names what was wrong, where, and what would be right. Our own bugs are no Results: see
// core/check.h. Nothing in the project throws across a function boundary.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace mk {

enum class ErrorCode {
  kUsage,         // the command line is wrong: exit status 2
  kInvalidInput,  // a file, graph, machine or value is wrong: exit status 1
  kNotFound,      // what was named does not exist
  kUnsupported,   // well formed, but this build or backend cannot do it
  kIo,            // the disk or the operating system refused
  kDevice,        // no device, or the device refused
  kStuck,         // a run passed its deadline; the message says who waits for what
};

// The code's name as it stands in JSON output, e.g. "invalid_input".
std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInvalidInput;
  std::string message{};

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

// The failed Result: `return fail(ErrorCode::kIo, fmt::format(...));`
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// Puts "context: " before the message, as each layer does on the way up: "model.json: layers: not a
// number".
inline tl::unexpected<Error> with_context(std::string_view context, Error error) {
  error.message.insert(0, std::string(context) + ": ");
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace mk
