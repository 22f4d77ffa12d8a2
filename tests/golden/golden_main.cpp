// main() of test programs that have golden files: GoogleTest's own, and --update-golden.
#include <gmock/gmock.h>

#include <string_view>

#include "tests/golden/golden.h"

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--update-golden") mk::testing::set_update_golden(true);
  }
  return RUN_ALL_TESTS();
}
