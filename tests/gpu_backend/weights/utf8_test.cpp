#include "gpu_backend/weights/utf8.h"

#include <gtest/gtest.h>

namespace mk {
namespace {

using namespace std::string_literals;

TEST(Utf8, AcceptsAllThatIsValid) {
  for (const std::string& text :
       {""s, "a\0b"s,
        "\x7f\u0080\u07ff\u0800\xed\x9f\xbf\xee\x80\x80\uffff\U00010000\U0010ffff"s}) {
    EXPECT_EQ(valid_utf8_prefix(text), text.size());
    EXPECT_EQ(replace_invalid_utf8(text), text);
  }
}

TEST(Utf8, FindsWhereTextStopsBeingValid) {
  EXPECT_EQ(valid_utf8_prefix("ab\x80"), 2u);            // continuation alone
  EXPECT_EQ(valid_utf8_prefix("\xc0\x80"), 0u);          // overlong
  EXPECT_EQ(valid_utf8_prefix("\xe0\x9f\xbf"), 0u);      // overlong
  EXPECT_EQ(valid_utf8_prefix("a\xed\xa0\x80"), 1u);     // surrogate
  EXPECT_EQ(valid_utf8_prefix("\xf4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(valid_utf8_prefix("\u20ac\xe2\x82"), 3u);    // cut short
}

// The examples of the Unicode standard, section 3.9 ("U+FFFD substitution of maximal subparts").
TEST(Utf8, ReplacesEachMaximalPartOnce) {
  const std::string r = "\ufffd";
  EXPECT_EQ(replace_invalid_utf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), r + r + r + r + "A");
}

}  // namespace
}  // namespace mk
