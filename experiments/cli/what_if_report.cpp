#include "experiments/cli/what_if_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/cli/blame_check.h"
#include "experiments/cli/exact_replay.h"
#include "experiments/cli/table.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

Json replay_json(const Replay& replay) {
  return {{"measured_us", replay.measured_us},
          {"replayed_us", replay.replayed_us},
          {"replay_error", replay.error()},
          {"duration_residual", replay.duration_residual},
          {"bodies_not_recorded", replay.not_recorded}};
}

// How well the machine can reproduce the bodies at all: none streams faster than its memory.
std::string fit_of(const Replay& replay) {
  std::string text = fmt::format(
      "  bodies last {:.1f} % more or less than measured (median){}\n",
      replay.duration_residual * 100,
      replay.duration_residual > 0.05 ? ": the machine does not fit this run, calibrate it" : "");
  if (replay.not_recorded > 0)
    text += fmt::format("  {} bodies were not recorded, and last as the simulator has it\n",
                        replay.not_recorded);
  return text;
}

Status add_changes(const Replay& replay, const std::vector<std::string>& changes, Answer& answer) {
  Replay changed = replay;
  for (const std::string& change : changes) {
    if (const Status applied = apply_change(changed, change); !applied) return applied;
  }
  const Result<double> us = replay_us(changed);
  if (!us) return with_context(join(changes, " "), us.error());
  const double gain = replay.replayed_us - *us;
  Json& json = answer.json["what_if"];
  json = replay_json(replay);
  json["changes"] = changes;
  json["changed_us"] = *us;
  json["change_us"] = -gain;
  json["speedup"] = replay.replayed_us / *us;
  answer.text += fmt::format(
      "\nwhat if {}: an iteration {} by {:.1f} us, to {:.1f} us ({:.3f}x)\n"
      "  measured {:.1f} us, replayed without the change {:.1f} us ({:+.1f} %)\n",
      join(changes, " "), gain < 0 ? "grows" : "shrinks", std::abs(gain), *us,
      replay.replayed_us / *us, replay.measured_us, replay.replayed_us, replay.error() * 100);
  answer.text += fit_of(replay);
  return {};
}

// How far the seeds are apart, as errors; nothing where there is one.
std::string range_of(const ExactReplay& replay) {
  if (replay.by_seed.size() < 2) return "";
  const auto [least, most] = std::minmax_element(replay.by_seed.begin(), replay.by_seed.end());
  const auto percent = [&](double us) { return (us / replay.measured_us - 1) * 100; };
  return fmt::format("{:+.2f} .. {:+.2f}", percent(*least), percent(*most));
}

Status add_replays(const Trace& trace, const WhatIfQuestion& question, Answer& answer) {
  if (question.seeds == 0) return fail(ErrorCode::kUsage, "--seeds 0: at least one");
  const Result<ExactReplays> exact = replay_exactly(trace, question.machine, question.seeds);
  if (!exact) return tl::unexpected(exact.error());
  Table table({"hand-offs", "measured us", "replayed us", "error %", "of seeds"});
  Json rows = Json::array();
  for (const ExactReplay& replay : exact->replays) {
    rows.push_back({{"hand_offs", replay.hand_offs},
                    {"measured_us", replay.measured_us},
                    {"replayed_us", replay.replayed_us},
                    {"by_seed_us", replay.by_seed},
                    {"error", replay.error()}});
    table.add({replay.hand_offs, fmt::format("{:.2f}", replay.measured_us),
               fmt::format("{:.2f}", replay.replayed_us),
               fmt::format("{:+.2f}", replay.error() * 100), range_of(replay)});
  }
  answer.json["replays"] = rows;
  answer.json["replay_notes"] = exact->notes;
  answer.rows = std::move(rows);
  answer.text += "\nall iterations again, each body as long as it was measured:\n" + table.str();
  for (const std::string& note : exact->notes) answer.text += "note: " + note + '\n';
  return {};
}

Status add_blame_check(const Replay& replay, Answer& answer) {
  const Result<std::vector<BlameRow>> rows = check_blame(replay);
  if (!rows) return tl::unexpected(rows.error());
  Table table({"cost", "blamed us", "expected gain us", "gain in a run us", "verdict"});
  Json json = Json::array();
  for (const BlameRow& row : *rows) {
    const std::string verdict = row.agrees ? "agrees" : remark(row);
    json.push_back({{"cost", row.cost},
                    {"blamed_us", row.blamed_us},
                    {"expected_us", row.expected_us},
                    {"counterfactual_us", row.counterfactual_us},
                    {"agrees", row.agrees},
                    {"verdict", verdict}});
    table.add({row.cost, fmt::format("{:.1f}", row.blamed_us),
               fmt::format("{:.2f}", row.expected_us), fmt::format("{:.2f}", row.counterfactual_us),
               verdict});
  }
  answer.json["blame_check"] = {{"cheaper_by", kCheaper}, {"rows", std::move(json)}};
  answer.json["blame_check"].update(replay_json(replay));
  answer.text += fmt::format(
      "\nblame of the replay's critical path, an iteration, against runs in which each cost is "
      "{:.0f} % cheaper:\n{}",
      kCheaper * 100, table.str());
  return {};
}

}  // namespace

Status add_what_if(const Trace& trace, const WhatIfQuestion& question, Answer& answer) {
  if (question.replay) {
    if (const Status added = add_replays(trace, question, answer); !added)
      return with_context("--replay", added.error());
  }
  if (question.changes.empty() && !question.check_blame) return {};
  const Result<Replay> replay = make_replay(trace, question.machine);
  if (!replay) return with_context("--what-if", replay.error());
  if (!question.changes.empty()) {
    if (const Status added = add_changes(*replay, question.changes, answer); !added) return added;
  }
  return question.check_blame ? add_blame_check(*replay, answer) : Status();
}

}  // namespace mk::cli
