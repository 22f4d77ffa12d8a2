// Golden files: expected outputs under tests/golden, rewritten only by running the test program
// with --update-golden.
#pragma once

#include <string>
#include <string_view>

namespace mk::testing {

// A GoogleTest expectation: `text` equals tests/golden/`name`, byte for byte. Under --update-golden
// writes the file instead and passes.
void expect_golden(std::string_view text, const std::string& name);

// Called by main() before the tests.
void set_update_golden(bool update);

}  // namespace mk::testing
