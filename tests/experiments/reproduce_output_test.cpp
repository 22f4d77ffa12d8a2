// The report's last step: what a person is told where nothing can draw.
#include "experiments/cli/reproduce_output.h"

#include <gmock/gmock.h>

#include "tests/experiments/tiny_model.h"

namespace mk::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DrawReport : public CliFiles {};

TEST_F(DrawReport, NamesTheMissingPlotToolAndWhereTheResultsAre) {
  const Status drawn = cli::draw_report(path("r"), {"no-such-python"});

  ASSERT_FALSE(drawn.has_value());
  EXPECT_THAT(drawn.error().message, AllOf(HasSubstr("matplotlib"), HasSubstr("results.json")));
}

}  // namespace
}  // namespace mk::testing
