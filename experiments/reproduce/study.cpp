#include "experiments/reproduce/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "experiments/reproduce/embedded_recipes.h"
#include "experiments/reproduce/gpu_runs.h"
#include "experiments/sweep/spec.h"

namespace mk {
namespace {

using Json = nlohmann::ordered_json;

// Keeps the first complaint, with the place.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  std::string text(const char* key, bool required = true) {
    if (!json_.contains(key)) {
      if (required) complain(fmt::format("{}: missing", key));
      return "";
    }
    if (json_[key].is_string()) return json_[key].get<std::string>();
    complain(fmt::format("{}: no text", key));
    return "";
  }
  Json list(const char* key) {
    if (!json_.contains(key)) return Json::array();
    if (json_[key].is_array()) return json_[key];
    complain(fmt::format("{}: no array", key));
    return Json::array();
  }
  void only(const std::set<std::string>& known) {
    for (const auto& [key, value] : json_.items()) {
      if (!known.contains(key)) complain(fmt::format("{}: unknown key", key));
    }
  }
  void complain(const std::string& what) {
    if (error_.empty()) error_ = where_ + ": " + what;
  }
  Status status() const {
    if (error_.empty()) return {};
    return fail(ErrorCode::kInvalidInput, error_);
  }

 private:
  const Json& json_;
  std::string where_;
  std::string error_{};
};

Result<std::vector<SweepPoint>> points_of(const Json& axes, Catalogue& catalogue) {
  const Result<SweepSpec> spec = spec_from_json(axes);
  if (!spec) return tl::unexpected(spec.error());
  Result<SweepPoints> points = expand(*spec, catalogue);
  if (!points) return fail(ErrorCode::kInvalidInput, points.error().message);
  return std::move(points->points);
}

struct KindKey {
  const char* key = "";
  ClaimKind kind = ClaimKind::kTimeMs;
  std::size_t sides = 0;
};
constexpr KindKey kKindKeys[] = {
    {"speedup", ClaimKind::kSpeedup, 2},   {"time_ms", ClaimKind::kTimeMs, 1},
    {"share", ClaimKind::kShare, 2},       {"graph", ClaimKind::kGraph, 1},
    {"launches", ClaimKind::kLaunches, 1}, {"host", ClaimKind::kHost, 2},
    {"gpu", ClaimKind::kGpu, 0},
};

void read_published(Reader& reader, const Json& json, Claim& claim) {
  if (!json.contains("published")) return;
  const Json& range = json["published"];
  const bool fine = range.is_array() && range.size() == 2 && range[0].is_number() &&
                    range[1].is_number() && range[0] <= range[1];
  if (!fine) return reader.complain("published: not [low, high]");
  claim.published = PublishedRange{range[0].get<double>(), range[1].get<double>()};
}

void read_sides(Reader& reader, const Json& json, const KindKey& kind, Claim& claim,
                Catalogue& catalogue) {
  if (kind.sides == 0) {
    claim.detail = reader.text(kind.key);
    return;
  }
  const Json sides = kind.sides == 2 ? json[kind.key] : Json::array({json[kind.key]});
  if (!sides.is_array() || sides.size() != kind.sides)
    return reader.complain(fmt::format("{}: not {} points", kind.key, kind.sides));
  for (std::size_t i = 0; i < kind.sides; ++i) {
    auto points = points_of(sides[i], catalogue);
    if (!points) return reader.complain(fmt::format("{}: {}", kind.key, points.error().message));
    claim.sides[i] = std::move(*points);
  }
}

// Held against what was measured: the range of the runs.
void read_measured(Reader& reader, const Json& json, Claim& claim) {
  for (const Json& name : reader.list("measured")) {
    if (!name.is_string()) return reader.complain("measured: no name of a run");
    claim.measured.push_back(name.get<std::string>());
  }
  if (claim.measured.empty()) return;
  if (claim.measured.size() > 2) return reader.complain("measured: more than two runs");
  const Result<GpuFigure> figure = figure_of(builtin_gpu_runs(), claim.measured);
  if (!figure) return reader.complain("measured: " + figure.error().message);
  if (claim.kind == ClaimKind::kGpu) return;
  if (json.contains("published")) return reader.complain("both published and measured");
  claim.published = PublishedRange{figure->low, figure->high};
  claim.source = "measured here: " + figure->where;
}

Result<Claim> claim_from_json(const Json& json, const std::string& where, Catalogue& catalogue) {
  if (!json.is_object()) return fail(ErrorCode::kInvalidInput, where + ": no object");
  Reader reader(json, where);
  std::set<std::string> known = {"name",      "what",   "unit",    "published", "source",
                                 "statistic", "launch", "refusal", "measured"};
  const KindKey* kind = nullptr;
  for (const KindKey& candidate : kKindKeys) {
    known.insert(candidate.key);
    if (json.contains(candidate.key)) kind = &candidate;
  }
  Claim claim{.name = reader.text("name"),
              .what = reader.text("what"),
              .unit = reader.text("unit", false),
              .source = reader.text("source", false),
              .refusal = reader.text("refusal", false)};
  reader.only(known);
  read_published(reader, json, claim);
  if (kind == nullptr) {
    reader.complain("says neither speedup, time_ms, share, graph, launches, host nor gpu");
  } else {
    claim.kind = kind->kind;
    read_sides(reader, json, *kind, claim, catalogue);
    if (claim.kind == ClaimKind::kGraph) claim.detail = reader.text("statistic");
    if (claim.kind == ClaimKind::kLaunches) claim.detail = reader.text("launch");
    read_measured(reader, json, claim);
  }
  if (const Status status = reader.status(); !status) return tl::unexpected(status.error());
  return claim;
}

Status read_sweeps(Study& study, const std::string& recipe, Catalogue& catalogue) {
  for (std::size_t i = 0; i < study.sweeps.size(); ++i) {
    auto points = points_of(study.sweeps[i], catalogue);
    if (!points) return with_context(fmt::format("{}: sweeps[{}]", recipe, i), points.error());
    study.points.insert(study.points.end(), points->begin(), points->end());
  }
  std::sort(study.points.begin(), study.points.end());
  study.points.erase(std::unique(study.points.begin(), study.points.end()), study.points.end());
  return {};
}

Status read_traces(const Json& traces, Study& study, const std::string& recipe,
                   Catalogue& catalogue) {
  for (const Json& trace : traces) {
    const std::string where = recipe + ": traces";
    if (!trace.is_object() || !trace.contains("file") || !trace["file"].is_string())
      return fail(ErrorCode::kInvalidInput, where + ": file: missing");
    Json axes = trace;
    axes.erase("file");
    auto points = points_of(axes, catalogue);
    if (!points) return with_context(where, points.error());
    study.traces.push_back({trace["file"].get<std::string>(), points->front()});
  }
  return {};
}

}  // namespace

bool Claim::is_simulated() const {
  return kind == ClaimKind::kSpeedup || kind == ClaimKind::kTimeMs || kind == ClaimKind::kShare;
}

bool Claim::is_varied() const {
  return is_simulated() && sides[0].size() == 1 && sides[1].size() <= 1;
}

Result<Study> study_from_json(const std::string& text, const std::string& recipe,
                              Catalogue& catalogue) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return fail(ErrorCode::kInvalidInput, recipe + ": not a JSON object");
  Reader reader(json, recipe);
  Study study{.id = reader.text("id"),
              .title = reader.text("title"),
              .question = reader.text("question"),
              .baseline = reader.text("baseline"),
              .answer = reader.text("answer", false),
              .sensitivity = reader.text("sensitivity", false),
              .sweeps = reader.list("sweeps"),
              .figures = reader.list("figures")};
  const Json traces = reader.list("traces");
  const Json claims = reader.list("claims");
  reader.only({"id", "title", "question", "baseline", "answer", "sensitivity", "sweeps", "figures",
               "traces", "claims"});
  Status status = reader.status();
  if (status) status = read_sweeps(study, recipe, catalogue);
  if (status) status = read_traces(traces, study, recipe, catalogue);
  if (!status) return tl::unexpected(status.error());
  for (std::size_t i = 0; i < claims.size(); ++i) {
    auto claim = claim_from_json(claims[i], fmt::format("{}: claims[{}]", recipe, i), catalogue);
    if (!claim) return tl::unexpected(claim.error());
    study.claims.push_back(std::move(*claim));
  }
  return study;
}

std::vector<Recipe> builtin_recipes() {
  std::vector<Recipe> recipes;
  for (const EmbeddedFile& file : embedded_recipes())
    recipes.push_back({std::string(file.name), std::string(file.text)});
  return recipes;
}

}  // namespace mk
