// Recipes: those that the program carries are sound, and a broken one is named with its key.
#include "experiments/reproduce/study.h"

#include <gmock/gmock.h>

#include <set>

#include "experiments/reproduce/calibrated_machines.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string refusal_of(const std::string& text) {
  Catalogue catalogue;
  const Result<Study> study = study_from_json(text, "broken.json", catalogue);
  return study ? "accepted" : study.error().message;
}

std::string with(const std::string& more) {
  return R"({"id": "s", "title": "t", "question": "q", "baseline": "b", )" + more + "}";
}

TEST(Recipes, AreSoundAndSayWhatTheyCompareWithWhat) {
  Catalogue catalogue;
  add_calibrated_machines(catalogue);
  std::set<std::string> claims;
  for (const Recipe& recipe : builtin_recipes()) {
    const Result<Study> study = study_from_json(recipe.text, recipe.id, catalogue);
    ASSERT_TRUE(study.has_value()) << study.error().message;
    EXPECT_EQ(study->id, recipe.id);
    EXPECT_THAT(study->claims, Not(IsEmpty())) << recipe.id;
    for (const Claim& claim : study->claims) {
      EXPECT_TRUE(claims.insert(study->id + "/" + claim.name).second) << claim.name << " twice";
      EXPECT_EQ(claim.published.has_value(), !claim.source.empty() && claim.published)
          << recipe.id << "/" << claim.name << ": a published number has a source";
    }
  }
}

TEST(Recipes, NameWhatIsBroken) {
  EXPECT_THAT(refusal_of("{"), HasSubstr("broken.json"));
  EXPECT_THAT(refusal_of(R"({"id": "s"})"), AllOf(HasSubstr("title"), HasSubstr("missing")));
  EXPECT_THAT(refusal_of(with(R"("figurez": [])")), HasSubstr("figurez: unknown key"));
  EXPECT_THAT(refusal_of(with(R"("sweeps": [{"modle": "qwen3-8b"}])")),
              AllOf(HasSubstr("sweeps[0]"), HasSubstr("modle")));
  EXPECT_THAT(refusal_of(with(R"("claims": [{"name": "n", "what": "w"}])")),
              AllOf(HasSubstr("claims[0]"), HasSubstr("speedup")));
  EXPECT_THAT(refusal_of(with(
                  R"("claims": [{"name": "n", "what": "w", "gpu": "g", "published": [2, 1]}])")),
              HasSubstr("published"));
  EXPECT_THAT(refusal_of(with(
                  R"("claims": [{"name": "n", "what": "w", "gpu": "g", "measured": ["no/run"]}])")),
              AllOf(HasSubstr("measured"), HasSubstr("no/run")));
  EXPECT_THAT(
      refusal_of(with(R"("claims": [{"name": "n", "what": "w", "time_ms": {"model": "no"}}])")),
      AllOf(HasSubstr("time_ms"), HasSubstr("no")));
}

}  // namespace
}  // namespace mk
