// MK_CHECK: the one way to say "our own code is wrong if this does not hold".
//
// On in every build: it prints the condition, the sentence and the place, and aborts. Conditions
// that the world can break (files, flags, devices) are no MK_CHECK: they are a Result
// (core/result.h). MK_DCHECK is the same, for places where a measurement showed that the check
// costs; it is on unless NDEBUG is set.
#pragma once

namespace mk {

// Prints and aborts. Out of line, so that a check costs its caller one compare and one branch.
[[noreturn]] void check_failed(const char* condition, const char* sentence, const char* file,
                               int line);

}  // namespace mk

#define MK_CHECK(condition, sentence)     \
  (static_cast<bool>(condition) ? void(0) \
                                : ::mk::check_failed(#condition, sentence, __FILE__, __LINE__))

#ifdef NDEBUG
#define MK_DCHECK(condition, sentence) void(0)
#else
#define MK_DCHECK(condition, sentence) MK_CHECK(condition, sentence)
#endif
