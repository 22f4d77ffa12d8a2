#include "experiments/reproduce/reproduce.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/compiler.h"
#include "experiments/reproduce/claim_variants.h"
#include "experiments/reproduce/compiled_claim.h"

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

void take_figure(Finding& finding, const Result<double>& figure) {
  if (figure) {
    finding.evidence.ours = *figure;
  } else {
    finding.not_run = figure.error().message;
  }
}

void answer_measured(Finding& finding, const Measured& measured) {
  finding.how = "run on GPU";
  const auto found = measured.find(finding.id);
  if (found == measured.end()) {
    finding.not_run = "needs a GPU: " + finding.claim->detail;
  } else {
    finding.evidence.ours = found->second;
  }
}

void answer_simulated(Finding& finding, const Catalogue& catalogue,
                      const Predictions& predictions) {
  finding.how = "simulated with published constants";
  Result<Evidence> evidence = evidence_of(*finding.claim, catalogue, predictions);
  if (evidence) {
    finding.evidence = std::move(*evidence);
  } else {
    finding.not_run = evidence.error().message;
  }
}

Finding answer(const Study& study, const Claim& claim, const Catalogue& catalogue,
               const Predictions& predictions, const Measured& measured) {
  Finding finding{.id = study.id + "/" + claim.name, .claim = &claim};
  switch (claim.kind) {
    case ClaimKind::kGpu:
      answer_measured(finding, measured);
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
                          : judge(*claim.published, finding.evidence);
  }
  return finding;
}

}  // namespace

Result<Reproduction> reproduce(const std::vector<Study>& studies, const Catalogue& catalogue,
                               SweepFile* file, const Measured& measured, const SweepRun& how) {
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
      result.findings.push_back(answer(study, claim, catalogue, predictions, measured));
    all.studies.push_back(std::move(result));
  }
  return all;
}

}  // namespace mk
