#include "experiments/reproduce/reproduce.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/compiler.h"
#include "experiments/reproduce/calibrated_machines.h"
#include "experiments/reproduce/claim_variants.h"
#include "experiments/reproduce/compiled_claim.h"
#include "experiments/reproduce/gpu_runs.h"

namespace mk {
namespace {

std::vector<SweepPoint> all_points(const std::vector<Study>& studies, const Catalogue& catalogue) {
  std::vector<SweepPoint> points;
  for (const Study& study : studies) {
    points.insert(points.end(), study.points.begin(), study.points.end());
    for (const Claim& claim : study.claims) {
      const auto more = points_of_claim(claim, catalogue);
      points.insert(points.end(), more.begin(), more.end());
    }
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

void refuse(Finding& finding, const Error& error) {
  finding.not_run = error.message;
  finding.is_failure = finding.claim->refusal.empty();
}

void take_figure(Finding& finding, const Result<double>& figure) {
  if (figure) {
    finding.evidence.ours = *figure;
  } else {
    refuse(finding, figure.error());
  }
}

// A figure of the person's own before those that the program carries.
void answer_measured(Finding& finding, const Outside& outside) {
  finding.how = "run on GPU";
  const auto found = outside.measured.find(finding.id);
  if (found != outside.measured.end()) {
    finding.evidence.ours = found->second;
    finding.where = "--measured";
    return;
  }
  const Claim& claim = *finding.claim;
  if (claim.measured.empty()) {
    finding.not_run = "needs a GPU: " + claim.detail;
    return;
  }
  const Result<GpuFigure> figure = figure_of(builtin_gpu_runs(), claim.measured);
  finding.evidence.ours = figure->value;  // study_from_json() has looked for the runs
  finding.evidence.launches = ValueRange{figure->low, figure->high};
  finding.where = figure->where;
}

void answer_host(Finding& finding, const Outside& outside) {
  finding.how = "run on host threads";
  if (!outside.run_on_host) {
    finding.not_run = "nothing was run on host threads";
    return;
  }
  Result<HostFigure> figure = outside.run_on_host(*finding.claim);
  if (!figure) {
    refuse(finding, figure.error());
    // A machine with too few cores is no failure of the study.
    finding.is_failure = finding.is_failure && figure.error().code != ErrorCode::kUnsupported;
    return;
  }
  finding.evidence.ours = figure->value;
  finding.evidence.launches = figure->launches;
  finding.where = std::move(figure->where);
}

void answer_simulated(Finding& finding, const Catalogue& catalogue,
                      const Predictions& predictions) {
  const std::string& machine = finding.claim->sides[0].front().machine;
  finding.how = is_calibrated(machine) ? "simulated with calibrated constants"
                                       : "simulated with published constants";
  Result<Evidence> evidence = evidence_of(*finding.claim, catalogue, predictions);
  if (evidence) {
    finding.evidence = std::move(*evidence);
  } else {
    refuse(finding, evidence.error());
  }
}

Finding answer(const Study& study, const Claim& claim, const Catalogue& catalogue,
               const Predictions& predictions, const Outside& outside) {
  Finding finding{.id = study.id + "/" + claim.name, .claim = &claim};
  switch (claim.kind) {
    case ClaimKind::kGpu:
      answer_measured(finding, outside);
      break;
    case ClaimKind::kHost:
      answer_host(finding, outside);
      break;
    case ClaimKind::kGraph:
      finding.how = "compiled";
      take_figure(finding, statistic_of(claim.sides[0].front(), claim.detail, catalogue));
      break;
    case ClaimKind::kLaunches:
      finding.how = "arithmetic: launches x the machine's cost of one";
      take_figure(finding, launch_ms(claim.sides[0].front(), claim.detail, catalogue));
      break;
    default:
      answer_simulated(finding, catalogue, predictions);
  }
  if (finding.not_run.empty() && claim.published) {
    finding.verdict = claim.kind == ClaimKind::kGraph
                          ? judge_count(*claim.published, finding.evidence.ours)
                      : claim.is_simulated() || claim.kind == ClaimKind::kLaunches
                          ? judge(*claim.published, finding.evidence)
                          : judge_measured(*claim.published, finding.evidence);
  }
  return finding;
}

}  // namespace

Result<Reproduction> reproduce(const std::vector<Study>& studies, const Catalogue& catalogue,
                               SweepFile* file, const Outside& outside, const SweepRun& how) {
  const std::vector<SweepPoint> points = all_points(studies, catalogue);
  const Result<SweepOutcome> outcome = run_sweep(points, catalogue, file, how);
  if (!outcome) return tl::unexpected(outcome.error());
  if (outcome->has_served) return Reproduction{.has_served = true};
  Predictions predictions;
  for (const SweepRow& row : outcome->rows) predictions.emplace(row.point, row.result);
  Reproduction all{.points = points.size(), .simulated = outcome->simulated};
  for (const Study& study : studies) {
    StudyResult result{.study = &study};
    for (const SweepPoint& point : study.points) {
      result.rows.push_back({point, catalogue.inputs_of(point), predictions.at(point)});
      result.refused += result.rows.back().result.refused.empty() ? 0 : 1;
    }
    for (const Claim& claim : study.claims)
      result.findings.push_back(answer(study, claim, catalogue, predictions, outside));
    all.studies.push_back(std::move(result));
  }
  return all;
}

}  // namespace mk
