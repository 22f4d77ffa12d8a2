#include "experiments/sweep/resolve.h"

#include <algorithm>

#include "experiments/sweep/kernel_list.h"
#include "simulator/point.h"

namespace mk {
namespace {

// Fills in what was not said, before the machine is asked.
SweepPoint from_texts(const AxisTexts& texts) {
  SweepPoint point = plain_point();
  point.generate = 1;
  for (std::size_t i = 0; i < kSweepAxes.size(); ++i) {
    if (texts[i].empty()) continue;
    if (kSweepAxes[i].text != nullptr) {
      point.*kSweepAxes[i].text = texts[i];
    } else {
      point.*kSweepAxes[i].number = std::stoull(texts[i]);
    }
  }
  for (const auto text : {&SweepPoint::task_counts, &SweepPoint::kernels, &SweepPoint::mechanisms,
                          &SweepPoint::injections, &SweepPoint::what_if}) {
    if (point.*text == "none") (point.*text).clear();
  }
  return point;
}

bool is_said(const AxisTexts& texts, std::string_view axis) {
  for (std::size_t i = 0; i < kSweepAxes.size(); ++i) {
    if (kSweepAxes[i].name == axis) return !texts[i].empty();
  }
  return false;
}

// What a file lists stands in the point itself.
Status list_kernels(SweepPoint& point) {
  const Result<KernelPlan> plan = kernel_list(point.kernels);
  if (!plan) return tl::unexpected(plan.error());
  point.kernels = to_text(*plan);
  return {};
}

void choose_iterations(SweepPoint& point, const AxisTexts& texts, const ModelConfig& model) {
  if (!is_said(texts, "context"))
    point.context = std::min(point.context, static_cast<std::uint64_t>(model.max_positions));
  (point.prompt_tokens > 0 ? point.iterations : point.generate) = 0;
}

}  // namespace

Result<Resolved> resolve(const AxisTexts& texts, Catalogue& catalogue) {
  SweepPoint point = from_texts(texts);
  if (point.model.empty()) return fail(ErrorCode::kUsage, "model: not said");
  if (point.machine.empty()) point.machine = "h100-sxm";
  const Result<const ModelConfig*> model = catalogue.model(point.model);
  if (!model) return tl::unexpected(model.error());
  const Result<const Machine*> machine = catalogue.machine(point.machine);
  if (!machine) return tl::unexpected(machine.error());
  if (const Status listed = list_kernels(point); !listed) return tl::unexpected(listed.error());
  if (const Status fine = check_point(point, **machine); !fine) return tl::unexpected(fine.error());
  choose_split(
      point,
      {is_said(texts, "workers"), is_said(texts, "schedulers"), is_said(texts, "grid_workers")},
      **machine);
  choose_iterations(point, texts, **model);
  const Result<Split> split = check_split(**machine, static_cast<std::uint32_t>(point.workers),
                                          static_cast<std::uint32_t>(point.schedulers));
  return Resolved{std::move(point), split ? "" : split.error().message};
}

}  // namespace mk
