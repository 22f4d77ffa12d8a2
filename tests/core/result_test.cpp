#include "core/result.h"

#include <gtest/gtest.h>

namespace mk {
namespace {

Result<int> parse_layers(bool good) {
  if (!good) return fail(ErrorCode::kInvalidInput, "not a number");
  return 28;
}

Result<int> load_model(bool good) {
  const Result<int> layers = parse_layers(good);
  if (!layers) return with_context("model.json", layers.error());
  return *layers;
}

TEST(Result, CarriesTheValueThroughEachLayer) {
  const Result<int> layers = load_model(true);

  ASSERT_TRUE(layers.has_value());
  EXPECT_EQ(*layers, 28);
}

TEST(Result, KeepsTheCodeAndGainsContextOnTheWayUp) {
  const Result<int> layers = load_model(false);

  ASSERT_FALSE(layers.has_value());
  EXPECT_EQ(layers.error(), (Error{ErrorCode::kInvalidInput, "model.json: not a number"}));
}

TEST(ErrorCode, HasTheNameThatStandsInJson) {
  EXPECT_EQ(to_string(ErrorCode::kInvalidInput), "invalid_input");
  EXPECT_EQ(to_string(ErrorCode::kStuck), "stuck");
}

}  // namespace
}  // namespace mk
