// Study: one folder of experiments/, as its recipe says it. The recipe is JSON:
//
//   id, title, question, baseline   texts of the report
//   sweeps      [ {axes} ... ]      what is predicted: experiments/sweep/spec.h
//   figures     [ {...} ]           what is drawn of it: experiments/report/paper_charts.py
//   traces      [ {file, axes} ]    runs whose records are kept as FILE.db
//   claims      [ {...} ]           numbers to be held against what was published, or findings
//   answer      text; {0} is the first claim's figure, {1} the second's ...
//   sensitivity text: what would change the answer; {0:range} is the first claim's range
//
// A claim: name, what, unit, published [low, high] (none: a finding), source, refusal (text: why it
// is an answer that the simulator refuses the point; else that is a problem), and one of
//   speedup  [ {axes}, {axes} ]   fastest of the first over fastest of the second
//   time_ms  {axes}               fastest
//   share    [ {axes}, {axes} ]   1 - second / first, in %
//   graph    {axes}, statistic NAME   a number of the compiler's
//   launches {axes}, launch NAME  operators of the graph x the machine's launch cost, ms
//   host     [ {axes}, {axes} ]   host threads: iteration of the first run over the second's
//   gpu      text                 what to run on a GPU: its figure comes from a file of results
// `axes` of `speedup`, `time_ms`, `share` may be a product; then the fastest point counts.
//
// measured [RUN] or [RUN, RUN]: runs of gpu_runs.h, the first's ms or the first over the second. Of
// a `gpu` claim they are the figure, of a simulated one what it is held against in place of
// `published`.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "experiments/sweep/catalogue.h"
#include "traces/sweep_record.h"

namespace mk {

enum class ClaimKind : std::uint8_t { kSpeedup, kTimeMs, kShare, kGraph, kLaunches, kHost, kGpu };

struct PublishedRange {
  double low = 0;
  double high = 0;
};

struct Claim {
  std::string name{};
  std::string what{};
  std::string unit{};
  std::string source{};
  std::optional<PublishedRange> published{};
  ClaimKind kind = ClaimKind::kTimeMs;
  // One side or two, each the points of which the fastest counts.
  std::array<std::vector<SweepPoint>, 2> sides{};
  std::string detail{};  // statistic, launch kind, or what to run on a GPU
  std::string refusal{};
  std::vector<std::string> measured{};  // names of GPU runs, none to two

  bool is_simulated() const;
  // Whether constants and switches are varied: both sides are one point each.
  bool is_varied() const;
};

struct StudyTrace {
  std::string file{};
  SweepPoint point{};
};

struct Study {
  std::string id{};
  std::string title{};
  std::string question{};
  std::string baseline{};
  std::string answer{};
  std::string sensitivity{};
  nlohmann::ordered_json sweeps{};
  nlohmann::ordered_json figures{};
  std::vector<SweepPoint> points{};  // of `sweeps`, in key order
  std::vector<StudyTrace> traces{};
  std::vector<Claim> claims{};
};

// Errors name the recipe and the key.
Result<Study> study_from_json(const std::string& text, const std::string& recipe,
                              Catalogue& catalogue);

// The recipes that the program carries: id and text, in the order of the report.
struct Recipe {
  std::string id{};
  std::string text{};
};
std::vector<Recipe> builtin_recipes();

}  // namespace mk
