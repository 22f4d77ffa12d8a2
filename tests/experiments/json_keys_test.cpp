// The keys of each verb's JSON, held by golden files: scripts rely on them.
#include <gmock/gmock.h>

#include <set>

#include "tests/experiments/cli_runner.h"
#include "tests/experiments/tiny_model.h"
#include "tests/golden/golden.h"

namespace mk::testing {
namespace {

using Json = nlohmann::ordered_json;

// "breakdown[].name: string", one line each.
void collect(const Json& value, const std::string& path, std::set<std::string>& keys) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items())
      collect(member, path.empty() ? name : path + "." + name, keys);
  } else if (value.is_array()) {
    for (const Json& element : value) collect(element, path + "[]", keys);
  } else {
    keys.insert(path + ": " + value.type_name());
  }
}

class JsonKeys : public CliFiles {
 protected:
  // Without matplotlib `reproduce` ends with 1, and its JSON is whole.
  void expect_keys(std::vector<std::string> arguments, bool may_lack_pictures = false) {
    const std::string verb = arguments.front();
    arguments.insert(arguments.end(), {"--format", "json"});
    const CliRun run = megascope(arguments);
    ASSERT_TRUE(run.status == 0 || may_lack_pictures) << run.err;
    std::set<std::string> keys;
    collect(run.json(), "", keys);
    std::string text;
    for (const std::string& key : keys) text += key + '\n';
    expect_golden(text, "json_keys/" + verb + ".txt");
  }
};

TEST_F(JsonKeys, OfModels) { expect_keys({"models"}); }

TEST_F(JsonKeys, OfMachines) { expect_keys({"machines"}); }

TEST_F(JsonKeys, OfWeights) { expect_keys({"weights", model(), "-o", path("w")}); }

TEST_F(JsonKeys, OfCompile) { expect_keys({"compile", model()}); }

TEST_F(JsonKeys, OfCheck) { expect_keys({"check", model()}); }

TEST_F(JsonKeys, OfSimulate) { expect_keys({"simulate", model()}); }

TEST_F(JsonKeys, OfRun) { expect_keys({"run", model(), "--workers", "1", "--generate", "2"}); }

TEST_F(JsonKeys, OfSweep) { expect_keys({"sweep", "--model", model(), "--iterations", "1"}); }

TEST_F(JsonKeys, OfReproduce) {
  std::ofstream(path("mine.json")) << R"({"id": "mine", "title": "t", "question": "q",
    "baseline": "b", "claims": [{"name": "n", "what": "w", "unit": "ms", "published": [1, 2],
    "source": "p", "time_ms": {"model": ")"
                                   << model() << R"("}}]})";

  expect_keys({"reproduce", path("mine.json"), "-o", path("r")}, /*may_lack_pictures=*/true);
}

TEST_F(JsonKeys, OfTheVerbsThatReadTraces) {
  ASSERT_EQ(megascope({"simulate", model(), "-o", path("p.db")}).status, 0);

  ASSERT_EQ(megascope({"simulate", model(), "--policy", "static", "-o", path("s.db")}).status, 0);

  expect_keys({"compare", path("s.db"), path("p.db"), "--parts", "--floor", path("s.db")});
  expect_keys({"analyze", path("p.db"), "--critical-path", "--blame", "--bubbles", "--slack",
               "--hops", "--imbalance", "--overlap", "--bandwidth", "--iterations", "--replay"});
  expect_keys({"explain", path("p.db"), "L1.down[0]"});
  expect_keys({"export", path("p.db"), "--to", "chrome", "-o", path("p.json")});
  expect_keys({"import", path("p.json"), "-o", path("i.db")});
}

TEST_F(JsonKeys, OfCalibrate) {
  ASSERT_EQ(megascope({"run", model(), "--policy", "static", "--workers", "1", "--generate", "60",
                       "-o", path("m.db")})
                .status,
            0);

  expect_keys({"calibrate", path("m.db"), "--machine", "h100-sxm", "-o", path("fitted.json")});
}

}  // namespace
}  // namespace mk::testing
