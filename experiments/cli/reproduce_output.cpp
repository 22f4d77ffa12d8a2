#include "experiments/cli/reproduce_output.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/machine.h"
#include "experiments/cli/text_file.h"
#include "experiments/cli/trace_output.h"
#include "experiments/cli/version.h"
#include "experiments/cli/viewer.h"
#include "experiments/reproduce/embedded_recipes.h"
#include "experiments/sweep/point_runner.h"
#include "experiments/sweep/row_json.h"
#include "experiments/sweep/simulator_hash.h"

extern char** environ;

namespace mk::cli {
namespace {

namespace fs = std::filesystem;

Json variant_json(const std::optional<Variant>& variant) {
  if (!variant) return nullptr;
  return {{"name", variant->name}, {"value", variant->value}};
}

void add_evidence(Json& json, const Evidence& evidence) {
  if (evidence.draws.empty() && !evidence.launches) return;
  const ValueRange interval = interval_of(evidence);
  json["low"] = interval.low;
  json["high"] = interval.high;
  if (evidence.launches) return;
  const auto [least, most] = std::minmax_element(evidence.seeds.begin(), evidence.seeds.end());
  if (least != evidence.seeds.end()) {
    json["seed_low"] = *least;
    json["seed_high"] = *most;
  }
  json["strongest_switch"] = variant_json(strongest(evidence.ours, evidence.switches));
  json["strongest_constant"] = variant_json(strongest(evidence.ours, evidence.constants));
}

// Checks each step, so that one file that cannot be written does not cost the others.
class Output {
 public:
  Output(std::string folder, std::vector<std::string>& problems)
      : folder_(std::move(folder)), problems_(problems) {}

  void text(const std::string& name, const std::string& content) {
    note(write_text(content, folder_ + "/" + name));
  }
  void note(const Status& status) {
    if (!status) problems_.push_back(status.error().message);
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
  std::vector<std::string>& problems_;
};

// The exit status of a program; 127 where it cannot be started.
int run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
    return 127;
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// The stretch of the last iteration that a figure of kind "timelines" shows of this trace, in us of
// the trace; none: no figure shows it.
std::optional<std::pair<double, double>> shown_of(const Study& study, const StudyTrace& trace,
                                                  const RunRecord& record) {
  for (const auto& figure : study.figures) {
    if (figure.value("kind", "") != "timelines") continue;
    for (const auto& shown : figure.value("traces", Json::array())) {
      if (shown.at(0) != trace.file) continue;
      const double start = static_cast<double>(record.iterations.back().start) / 1000;
      return std::pair{start + figure.value("begin", 0.0), start + figure.value("end", 100.0)};
    }
  }
  return std::nullopt;
}

// The viewer's picture of a trace, FILE.png beside it.
void draw_in_viewer(const fs::path& viewer, const std::string& trace, double from, double to,
                    Output& output) {
  const std::string picture = fs::path(trace).replace_extension(".png").string();
  const std::string range = fmt::format("{}us:{}us", from, to);
  if (run_program({viewer.string(), trace, "--screenshot", picture, "--range", range, "--theme",
                   "light", "--size", "1400x640"}) != 0)
    output.note(fail(ErrorCode::kIo, picture + ": the viewer drew no picture"));
}

void write_trace_of(const Study& study, const StudyTrace& trace, const Catalogue& catalogue,
                    Output& output) {
  const auto graph = graph_of(trace.point, catalogue);
  if (!graph) return output.note(tl::unexpected(graph.error()));
  Result<SimulationResult> result = predict(trace.point, *graph, catalogue, true);
  if (!result) return output.note(tl::unexpected(result.error()));
  const auto shown = shown_of(study, trace, *result->record);
  const std::string path = output.path(trace.file);
  output.note(write_run(std::move(*result->record), path));
  const auto viewer = find_viewer();
  if (viewer && shown) draw_in_viewer(*viewer, path, shown->first, shown->second, output);
}

Json study_json(const StudyResult& result) {
  const Study& study = *result.study;
  Json json = {{"id", study.id},
               {"title", study.title},
               {"question", study.question},
               {"baseline", study.baseline},
               {"answer", study.answer},
               {"sensitivity", study.sensitivity},
               {"points", result.rows.size()},
               {"refused", result.refused},
               {"figures", study.figures}};
  for (const SweepRow& row : result.rows) {
    if (!row.result.refused.empty()) json["refusal"] = row.result.refused;
  }
  json["claims"] = Json::array();
  for (const Finding& finding : result.findings) json["claims"].push_back(to_json(finding));
  json["traces"] = Json::array();
  for (const StudyTrace& trace : study.traces) json["traces"].push_back(trace.file);
  return json;
}

Json machines_json(const Reproduction& all) {
  Json machines = Json::object();
  for (const StudyResult& study : all.studies) {
    for (const SweepRow& row : study.rows) machines[row.point.machine] = row.inputs.machine_hash;
  }
  return machines;
}

void write_study(const StudyResult& result, const Catalogue& catalogue, Output& output) {
  const Study& study = *result.study;
  Json rows = Json::array();
  for (const SweepRow& row : result.rows) rows.push_back(row_json(row));
  if (!rows.empty()) {
    output.text(study.id + ".csv", render({.json = rows}, Format::kCsv));
    output.text(study.id + ".sweep.json", study.sweeps.dump(2) + "\n");
  }
  Json claims = Json::array();
  for (const Finding& finding : result.findings) claims.push_back(to_json(finding));
  if (!claims.empty())
    output.text(study.id + "-claims.csv", render({.json = claims}, Format::kCsv));
  for (const StudyTrace& trace : study.traces) write_trace_of(study, trace, catalogue, output);
}

}  // namespace

Json to_json(const Finding& finding) {
  const Claim& claim = *finding.claim;
  Json json = {{"id", finding.id}, {"what", claim.what}, {"unit", claim.unit}};
  json["published"] = nullptr;
  if (claim.published) {
    const PublishedRange& range = *claim.published;
    json["published"] = range.low == range.high
                            ? fmt::format("{:g}", range.low)
                            : fmt::format("{:g} .. {:g}", range.low, range.high);
  }
  const bool was_run = finding.not_run.empty();
  json["ours"] = was_run ? Json(finding.evidence.ours) : Json(nullptr);
  json["error"] = was_run && claim.published
                      ? Json(relative_error(finding.evidence.ours, *claim.published))
                      : Json(nullptr);
  json["reference"] = !claim.published                                  ? ""
                      : claim.is_simulated() && !claim.measured.empty() ? "measured here"
                                                                        : "published";
  json["how"] = finding.how;
  json["where"] = finding.where;
  json["verdict"] = !was_run          ? (claim.refusal.empty() ? "not run" : "refused")
                    : finding.verdict ? std::string(name_of(finding.verdict->kind))
                                      : "finding";
  json["decider"] = finding.verdict ? finding.verdict->decider : "";
  json["why"] = !was_run && !claim.refusal.empty()
                    ? fmt::format("{}: {}", claim.refusal, finding.not_run)
                : !was_run        ? finding.not_run
                : finding.verdict ? finding.verdict->why
                                  : "";
  json["source"] = claim.source;
  if (was_run) add_evidence(json, finding.evidence);
  return json;
}

void write_results(const Reproduction& all, const Catalogue& catalogue, const std::string& folder,
                   std::vector<std::string>& problems) {
  Output output(folder, problems);
  Json json = {{"version", version()},
               {"simulator", std::string(simulator_hash())},
               {"machines", machines_json(all)},
               {"points", all.points},
               {"studies", Json::array()}};
  for (const StudyResult& study : all.studies) {
    write_study(study, catalogue, output);
    json["studies"].push_back(study_json(study));
  }
  json["problems"] = problems;
  output.text("results.json", json.dump(2) + "\n");
  std::error_code ignored;
  fs::create_directories(output.path("draw"), ignored);
  for (const EmbeddedFile& script : embedded_scripts())
    output.text(fmt::format("draw/{}.py", script.name), std::string(script.text));
}

Status draw_report(const std::string& folder, const std::vector<std::string>& pythons) {
  for (const std::string& python : pythons) {
    const std::string probe =
        "import importlib.util as u, sys; sys.exit(u.find_spec('matplotlib') is None)";
    if (run_program({python, "-c", probe}) != 0) continue;
    if (run_program({python, folder + "/draw/paper_report.py", folder}) == 0) return {};
    return fail(ErrorCode::kIo, fmt::format("{}/draw/paper_report.py failed", folder));
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("no python3 with matplotlib, so there are no pictures (on Debian: apt "
                          "install python3-matplotlib); the results are in {}/results.json",
                          folder));
}

}  // namespace mk::cli
