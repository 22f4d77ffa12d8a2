// Holds the include table of the architecture against every source file, and shows on planted cases
// that it would notice.
#include "tests/architecture/layering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/architecture/source_tree.h"
#include "tests/support/source_dir.h"

namespace mk::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Planted {
  const char* path;
  const char* include;
};

const Planted kRefused[] = {
    {"simulator/a.cpp", "\"gpu_backend/b.h\""},
    {"simulator/a.cpp", "\"profiler/analysis/b.h\""},
    {"simulator/a.cpp", "\"traces/b.h\""},
    {"gpu_backend/host/a.h", "\"simulator/b.h\""},
    {"gpu_backend/a.h", "\"profiler/analysis/b.h\""},
    {"gpu_backend/host/a.h", "\"gpu_backend/cuda/b.h\""},
    {"gpu_backend/protocol/a.h", "\"gpu_backend/host/b.h\""},
    {"profiler/analysis/a.h", "\"simulator/b.h\""},
    {"profiler/analysis/a.h", "\"gpu_backend/b.h\""},
    {"profiler/analysis/a.h", "\"profiler/capture/b.h\""},
    {"gui/a.h", "\"profiler/capture/b.h\""},
    {"gui/a.h", "\"gpu_backend/b.h\""},
    {"gui/a.h", "\"experiments/cli/b.h\""},
    {"experiments/a.cpp", "\"gui/b.h\""},
    {"core/a.cpp", "\"tests/support/b.h\""},
    {"core/a.h", "<boost/graph/adjacency_list.hpp>"},
    {"core/a.cpp", "<sqlite3.h>"},
    {"traces/a.h", "<QString>"},
    {"traces/a.h", "<CLI/CLI.hpp>"},
    {"gpu_backend/host/a.h", "<cuda_runtime.h>"},
    {"gpu_backend/cuda/a.cu", "<cupti.h>"},
    {"profiler/a.cpp", "<cupti.h>"},
    {"core/a.cpp", "<nvtx3/nvToolsExt.h>"},
    {"core/a.cpp", "<unheard_of.hpp>"},
    {"core/a.cpp", "\"units.h\""},
    {"core/a.cpp", "<core/units.h>"},
    {"misc/a.cpp", "<vector>"},
};

const Planted kAllowed[] = {
    {"core/a.h", "\"core/units.h\""},
    {"core/a.h", "<vector>"},
    {"core/a.h", "<tl/expected.hpp>"},
    {"core/a.cpp", "<boost/graph/adjacency_list.hpp>"},
    {"core/annotate.cpp", "<nvtx3/nvToolsExt.h>"},
    {"traces/a.cpp", "<sqlite3.h>"},
    {"gpu_backend/cuda/a.cu", "<cuda_runtime.h>"},
    {"gpu_backend/cuda/a.cu", "\"gpu_backend/protocol/b.h\""},
    {"profiler/capture/a.cpp", "<cupti.h>"},
    {"experiments/cli/a.cpp", "<CLI/CLI.hpp>"},
    {"experiments/cli/a.cpp", "\"gpu_backend/host/b.h\""},
    {"gui/a.h", "<QWidget>"},
    {"gui/a.h", "<QtWidgets/QWidget>"},
    {"gui/a.cpp", "\"a.moc\""},
    {"gui/a.h", "\"profiler/analysis/b.h\""},
    {"tests/core/a.cpp", "<sqlite3.h>"},
};

std::string source_with(const char* include) {
  return "// A planted case.\n#include " + std::string(include) + "\n";
}

TEST(Layering, HoldsInEverySourceFile) {
  const std::vector<SourceFile> sources = read_sources(source_dir());

  EXPECT_GT(sources.size(), 10U) << "the scan of " << source_dir() << " found next to nothing";
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

TEST(Layering, RefusesEachPlantedInclude) {
  for (const Planted& planted : kRefused) {
    EXPECT_EQ(layering_violations(planted.path, source_with(planted.include)).size(), 1U)
        << planted.path << " includes " << planted.include;
  }
}

TEST(Layering, TakesEachIncludeOfTheTable) {
  for (const Planted& planted : kAllowed) {
    EXPECT_THAT(layering_violations(planted.path, source_with(planted.include)), IsEmpty());
  }
}

}  // namespace
}  // namespace mk::architecture
