#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>

#include "experiments/cli/host_claims.h"
#include "experiments/cli/progress.h"
#include "experiments/cli/reproduce_output.h"
#include "experiments/cli/table.h"
#include "experiments/cli/text_file.h"
#include "experiments/cli/verb_list.h"
#include "experiments/reproduce/calibrated_machines.h"
#include "experiments/reproduce/reproduce.h"

namespace mk::cli {
namespace {

struct Options {
  std::vector<std::string> ids{};
  std::string output{};
  std::string measured{};
  std::uint32_t threads = 0;
};

// The recipe of one argument: a study of ours, or a file.
Result<Recipe> recipe_of(const std::string& id, const std::vector<Recipe>& builtin) {
  for (const Recipe& recipe : builtin) {
    if (recipe.id == id) return recipe;
  }
  if (id.ends_with(".json")) {
    const Result<std::string> text = read_text(id);
    if (!text) return tl::unexpected(text.error());
    return Recipe{id, *text};
  }
  std::vector<std::string> known;
  for (const Recipe& recipe : builtin) known.push_back(recipe.id);
  return fail(ErrorCode::kNotFound,
              fmt::format("{}: no such study; there are {}", id, fmt::join(known, ", ")));
}

// The studies that were asked for; what is wrong with a recipe is a problem, and the rest still
// runs.
std::vector<Study> studies_of(const Options& options, Catalogue& catalogue,
                              std::vector<std::string>& problems) {
  const std::vector<Recipe> builtin = builtin_recipes();
  std::vector<std::string> ids = options.ids;
  if (ids.empty()) {
    for (const Recipe& recipe : builtin) ids.push_back(recipe.id);
  }
  std::vector<Study> studies;
  for (const std::string& id : ids) {
    const Result<Recipe> recipe = recipe_of(id, builtin);
    if (!recipe) {
      problems.push_back(recipe.error().message);
      continue;
    }
    Result<Study> study = study_from_json(recipe->text, recipe->id, catalogue);
    if (study) {
      studies.push_back(std::move(*study));
    } else {
      problems.push_back(study.error().message);
    }
  }
  return studies;
}

using Measured = std::map<std::string, double>;

Result<Measured> measured_of(const std::string& path) {
  Measured measured;
  if (path.empty()) return measured;
  const Result<std::string> text = read_text(path);
  if (!text) return tl::unexpected(text.error());
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object())
    return fail(ErrorCode::kInvalidInput, path + ": not an object of \"study/name\": number");
  for (const auto& [id, value] : json.items()) {
    if (!value.is_number())
      return fail(ErrorCode::kInvalidInput, fmt::format("{}: {}: no number", path, id));
    measured[id] = value.get<double>();
  }
  return measured;
}

std::string to_text(const Json& claims) {
  Table table({"id", "published", "ours", "error %", "unit", "verdict", "how"});
  for (const Json& claim : claims) {
    const auto number = [&](const char* key, double scale) {
      return claim[key].is_null() ? std::string("-")
                                  : fmt::format("{:.4g}", claim[key].get<double>() * scale);
    };
    const Json& published = claim["published"];
    table.add({claim["id"], published.is_null() ? "-" : published.get<std::string>(),
               number("ours", 1), number("error", 100), claim["unit"], claim["verdict"],
               claim["how"]});
  }
  return table.str();
}

// What should have been run and was not.
void add_failures(const Reproduction& all, std::vector<std::string>& problems) {
  for (const StudyResult& result : all.studies) {
    if (result.refused > 0 && result.refused == result.rows.size())
      problems.push_back(fmt::format("{}: no point of its sweeps has a prediction: {}",
                                     result.study->id, result.rows.front().result.refused));
    for (const Finding& finding : result.findings) {
      if (finding.is_failure)
        problems.push_back(fmt::format("{}: {}", finding.id, finding.not_run));
    }
  }
}

Result<Answer> reproduce_studies(const Options& options, Console& console) {
  if (options.output.empty()) return fail(ErrorCode::kUsage, "-o DIR is required");
  Result<Ranks> ranks = Ranks::join();
  if (!ranks) return tl::unexpected(ranks.error());
  std::error_code error;
  std::filesystem::create_directories(options.output, error);
  if (error) return fail(ErrorCode::kIo, options.output + ": " + error.message());
  const Result<Measured> measured = measured_of(options.measured);
  if (!measured) return tl::unexpected(measured.error());
  Catalogue catalogue;
  add_calibrated_machines(catalogue);
  std::vector<std::string> problems;
  const std::vector<Study> studies = studies_of(options, catalogue, problems);
  if (studies.empty()) return fail(ErrorCode::kInvalidInput, problems.front());
  std::optional<SweepFile> file;
  if (ranks->is_first()) {
    Result<SweepFile> opened = SweepFile::open(options.output + "/points.db");
    if (!opened) return tl::unexpected(opened.error());
    file = std::move(*opened);
  }

  std::optional<Progress> progress;
  HostClaims on_host(options.output + "/host_runs.json", catalogue, console);
  const Outside outside{.measured = *measured, .run_on_host = std::ref(on_host)};
  const auto all = reproduce(studies, catalogue, file ? &*file : nullptr, outside,
                             {.threads = options.threads,
                              .ranks = &*ranks,
                              .progress = [&](std::size_t done, std::size_t total) {
                                if (!progress) progress.emplace(console, "points", total);
                                progress->update(done);
                              }});
  progress.reset();
  if (!all) return tl::unexpected(all.error());
  if (all->has_served) return Answer{.is_silent = true};
  console.err << fmt::format("{} points, {} of them new\n", all->points, all->simulated);
  add_failures(*all, problems);
  write_results(*all, catalogue, options.output, problems);
  if (const Status drawn = draw_report(options.output); !drawn)
    problems.push_back(drawn.error().message);

  Answer answer{.json = Json::array()};
  for (const StudyResult& study : all->studies) {
    for (const Finding& finding : study.findings) answer.json.push_back(to_json(finding));
  }
  answer.text = to_text(answer.json);
  answer.failure = fmt::format("{}", fmt::join(problems, "\n"));
  return answer;
}

Action declare(Flags& flags) {
  const auto o = std::make_shared<Options>();
  flags.arguments("ID", o->ids, "studies, by name or as a recipe's .json file; none: all");
  flags.value("-o,--output", o->output, "DIR", "report, pictures, CSV, traces and points go here");
  flags.value("--measured", o->measured, "FILE",
              "figures of GPU runs: JSON, \"study/name\": number");
  flags.value("--threads", o->threads, "N", "threads that predict").default_text("all cores");
  return [o](Console& console) { return reproduce_studies(*o, console); };
}

}  // namespace

constinit const Verb reproduce_verb = {
    .name = "reproduce",
    .summary = "runs the studies of experiments/ and writes a report",
    .arguments = "[ID ...] -o DIR [options]",
    .description =
        "Runs studies: predicts all their points on all cores, holds each published number "
        "against\n"
        "ours, with the interval that the machine's constants leave open and a verdict, and "
        "writes\n"
        "DIR/report.html. A second run does only what changed. Some claims run on host threads, "
        "some "
        "were\n"
        "measured on a GPU before; what needs one says 'not run' unless --measured has its figure. "
        "A\n"
        "study that cannot run is named, and the rest still runs.",
    .examples = "megascope reproduce -o report\nmegascope reproduce table2 fig12 -o report",
    .declare = declare,
};

}  // namespace mk::cli
