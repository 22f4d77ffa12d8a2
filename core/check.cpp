#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace mk {

void check_failed(const char* condition, const char* sentence, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: %s (violated: %s)\n", file, line, sentence,
               condition);
  std::abort();
}

}  // namespace mk
