// Holds the include table of the architecture against every source file, and shows on planted cases
// that it would notice.
#include "tests/architecture/layering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/architecture/source_tree.h"

namespace mk::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Planted {
  const char* path;
  const char* include;
};

// What GoogleTest prints of a case.
void PrintTo(const Planted& planted, std::ostream* out) {
  *out << planted.path << " " << planted.include;
}

std::string source_with(const char* include) {
  return "// A planted case.\n#include " + std::string(include) + "\n";
}

TEST(Layering, HoldsInEverySourceFile) {
  const std::vector<SourceFile> sources = read_sources(MEGASCOPE_SOURCE_DIR);

  EXPECT_GT(sources.size(), 10U) << "the scan of " << MEGASCOPE_SOURCE_DIR
                                 << " found next to nothing";
  for (const SourceFile& file : sources) {
    EXPECT_THAT(layering_violations(file.path, file.text), IsEmpty());
  }
}

TEST(Layering, NamesTheFileTheLineAndTheInclude) {
  EXPECT_THAT(layering_violations("core/x.h", source_with("\"traces/trace.h\"")),
              ElementsAre("core/x.h:2: core may not include traces/trace.h"));
}

TEST(Layering, SeesAnIndentedDirectiveButNoComment) {
  const std::string text = "// #include \"gui/a.h\"\n #  include \"gui/b.h\"\n";

  EXPECT_THAT(layering_violations("core/x.cpp", text),
              ElementsAre("core/x.cpp:2: core may not include gui/b.h"));
}

class RefusedInclude : public ::testing::TestWithParam<Planted> {};

TEST_P(RefusedInclude, IsOneViolation) {
  EXPECT_EQ(layering_violations(GetParam().path, source_with(GetParam().include)).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Planted, RefusedInclude,
    ::testing::Values(
        Planted{"simulator/a.cpp", "\"gpu_backend/b.h\""},
        Planted{"simulator/a.cpp", "\"profiler/analysis/b.h\""},
        Planted{"simulator/a.cpp", "\"traces/b.h\""},
        Planted{"gpu_backend/host/a.h", "\"simulator/b.h\""},
        Planted{"gpu_backend/a.h", "\"profiler/analysis/b.h\""},
        Planted{"gpu_backend/host/a.h", "\"gpu_backend/cuda/b.h\""},
        Planted{"gpu_backend/protocol/a.h", "\"gpu_backend/host/b.h\""},
        Planted{"profiler/analysis/a.h", "\"simulator/b.h\""},
        Planted{"profiler/analysis/a.h", "\"gpu_backend/b.h\""},
        Planted{"profiler/analysis/a.h", "\"profiler/capture/b.h\""},
        Planted{"gui/a.h", "\"profiler/capture/b.h\""}, Planted{"gui/a.h", "\"gpu_backend/b.h\""},
        Planted{"gui/a.h", "\"experiments/cli/b.h\""}, Planted{"experiments/a.cpp", "\"gui/b.h\""},
        Planted{"core/a.cpp", "\"tests/support/b.h\""},
        Planted{"core/a.h", "<boost/graph/adjacency_list.hpp>"},
        Planted{"core/a.cpp", "<sqlite3.h>"}, Planted{"simulator/a.cpp", "<Eigen/Core>"},
        Planted{"traces/a.h", "<QString>"}, Planted{"traces/a.h", "<CLI/CLI.hpp>"},
        Planted{"gpu_backend/host/a.h", "<cuda_runtime.h>"},
        Planted{"gpu_backend/cuda/a.cu", "<cupti.h>"}, Planted{"profiler/a.cpp", "<cupti.h>"},
        Planted{"core/a.cpp", "<nvtx3/nvToolsExt.h>"}, Planted{"core/a.cpp", "<unheard_of.hpp>"},
        Planted{"core/a.cpp", "\"units.h\""}, Planted{"core/a.cpp", "<core/units.h>"},
        Planted{"misc/a.cpp", "<vector>"}));

class AllowedInclude : public ::testing::TestWithParam<Planted> {};

TEST_P(AllowedInclude, IsNoViolation) {
  EXPECT_THAT(layering_violations(GetParam().path, source_with(GetParam().include)), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Planted, AllowedInclude,
    ::testing::Values(Planted{"core/a.h", "\"core/units.h\""}, Planted{"core/a.h", "<vector>"},
                      Planted{"core/a.h", "<tl/expected.hpp>"},
                      Planted{"core/a.cpp", "<boost/graph/adjacency_list.hpp>"},
                      Planted{"core/annotate.cpp", "<nvtx3/nvToolsExt.h>"},
                      Planted{"traces/a.cpp", "<sqlite3.h>"},
                      Planted{"gpu_backend/cuda/a.cu", "<cuda_runtime.h>"},
                      Planted{"gpu_backend/cuda/a.cu", "\"gpu_backend/protocol/b.h\""},
                      Planted{"profiler/capture/a.cpp", "<cupti.h>"},
                      Planted{"experiments/cli/a.cpp", "<CLI/CLI.hpp>"},
                      Planted{"experiments/cli/a.cpp", "\"gpu_backend/host/b.h\""},
                      Planted{"gui/a.h", "<QWidget>"}, Planted{"gui/a.h", "<QtWidgets/QWidget>"},
                      Planted{"gui/a.cpp", "\"a.moc\""},
                      Planted{"gui/a.h", "\"profiler/analysis/b.h\""},
                      Planted{"tests/core/a.cpp", "<sqlite3.h>"}));

}  // namespace
}  // namespace mk::architecture
