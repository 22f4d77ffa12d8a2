#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <set>

#include "experiments/cli/progress.h"
#include "experiments/cli/sweep_flags.h"
#include "experiments/cli/table.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/words.h"
#include "experiments/sweep/best.h"
#include "experiments/sweep/row_json.h"
#include "experiments/sweep/run_sweep.h"

namespace mk::cli {
namespace {

struct Options {
  SweepFlags sweep{};
  std::uint32_t threads = 0;
  bool best = false;
  std::string output{};
};

Json to_json(const Choice& choice) {
  Json json = Json::object();
  for (const SweepAxis& axis : kSweepAxes) {
    if (axis.name != "seed") json[std::string(axis.name)] = axis_json(choice.point, axis);
  }
  json["seeds"] = choice.seeds;
  json["iteration_us"] = choice.iteration_us;
  json["regret_us"] = choice.regret_us;
  json["regret_low_us"] = choice.regret_low_us;
  json["regret_high_us"] = choice.regret_high_us;
  return json;
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The axes whose values differ, and policy always: the others would be one word over and over.
std::vector<std::string> shown_axes(const Json& rows) {
  std::vector<std::string> shown;
  for (const SweepAxis& axis : kSweepAxes) {
    const std::string name(axis.name);
    std::set<std::string> values;
    for (const Json& row : rows) {
      if (row.contains(name)) values.insert(row[name].dump());
    }
    if (values.size() > 1 || name == "policy") shown.push_back(name);
  }
  return shown;
}

struct Column {
  const char* heading = "";
  const char* key = "";
  double scale = 1;
};

std::string to_text(const Json& rows, std::initializer_list<Column> columns) {
  const std::vector<std::string> axes = shown_axes(rows);
  std::vector<std::string> header = axes;
  for (const Column& column : columns) header.emplace_back(column.heading);
  Table table(header);
  for (const Json& row : rows) {
    std::vector<std::string> cells;
    for (const std::string& axis : axes) cells.push_back(plain(row[axis]));
    for (const Column& column : columns) {
      cells.push_back(row.contains(column.key)
                          ? fmt::format("{:.1f}", row[column.key].get<double>() * column.scale)
                          : "refused");
    }
    table.add(cells);
  }
  return table.str();
}

Answer all_rows(const SweepOutcome& outcome) {
  Answer answer{.json = Json::array()};
  for (const SweepRow& row : outcome.rows) answer.json.push_back(row_json(row));
  answer.text = to_text(answer.json, {{"iteration us", "iteration_us"},
                                      {"tokens/s", "tokens_per_second"},
                                      {"busy %", "worker_busy_fraction", 100},
                                      {"memory %", "hbm_fraction", 100}});
  return answer;
}

Answer best_rows(const SweepOutcome& outcome) {
  Answer answer{.json = Json::array()};
  for (const Choice& choice : best_choices(outcome.rows)) answer.json.push_back(to_json(choice));
  answer.text = to_text(answer.json, {{"iteration us", "iteration_us"},
                                      {"regret us", "regret_us"},
                                      {"from", "regret_low_us"},
                                      {"to", "regret_high_us"}});
  return answer;
}

// The first refusal, for the message; the rows have all of them.
std::string failure_of(const SweepOutcome& outcome) {
  for (const SweepRow& row : outcome.rows) {
    if (row.result.refused.empty()) continue;
    return fmt::format("{} of {} points have no prediction, the first: {}", outcome.refused,
                       outcome.rows.size(), row.result.refused);
  }
  return "";
}

void say_rate(const SweepOutcome& outcome, std::chrono::steady_clock::time_point before,
              Console& console) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
  console.err << fmt::format("{} points were there, {} are new: {:.2f} s, {:.0f} new points/s\n",
                             outcome.rows.size() - outcome.simulated, outcome.simulated,
                             took.count(), static_cast<double>(outcome.simulated) / took.count());
}

Result<Answer> sweep(const Options& options, Console& console) {
  Result<Ranks> ranks = Ranks::join();
  if (!ranks) return tl::unexpected(ranks.error());
  Catalogue catalogue;
  const Result<SweepPoints> points = points_of(options.sweep, catalogue);
  if (!points) return tl::unexpected(points.error());
  if (points->left_out > 0 && ranks->is_first()) {
    console.err << fmt::format("{} left out, the last: {}\n", counted(points->left_out, "split"),
                               points->why);
  }
  std::optional<SweepFile> file;
  if (!options.output.empty() && ranks->is_first()) {
    Result<SweepFile> opened = SweepFile::open(options.output);
    if (!opened) return tl::unexpected(opened.error());
    file = std::move(*opened);
  }
  const auto before = std::chrono::steady_clock::now();
  Progress progress(console, "points", points->points.size());
  const auto outcome =
      run_sweep(points->points, catalogue, file ? &*file : nullptr,
                {.threads = options.threads,
                 .ranks = &*ranks,
                 .progress = [&](std::size_t done, std::size_t) { progress.update(done); }});
  if (!outcome) return tl::unexpected(outcome.error());
  if (outcome->has_served) return Answer{.is_silent = true};
  say_rate(*outcome, before, console);
  Answer answer = options.best ? best_rows(*outcome) : all_rows(*outcome);
  answer.failure = failure_of(*outcome);
  return answer;
}

Action declare(Flags& flags) {
  const auto o = std::make_shared<Options>();
  declare_sweep_flags(flags, o->sweep);
  flags.value("--threads", o->threads, "N", "threads that predict").default_text("all cores");
  flags.toggle("--best", o->best, "the best split of each policy, and what the others cost");
  flags.value("-o,--output", o->output, "DB", "keep finished points here; a second call resumes");
  return [o](Console& console) { return sweep(*o, console); };
}

}  // namespace

constinit const Verb sweep_verb = {
    .name = "sweep",
    .summary = "predicts every combination of models, machines, policies, splits ...",
    .arguments = "--model LIST [options]",
    .description =
        "Predicts the cross product of all axes on all cores, one row a point. Axes take lists; "
        "of\n"
        "a repeatable one, A,B are alternatives, A+B stand together, and each flag is one more\n"
        "factor. Splits that do not fit the machine are left out, and counted. stream, graph and\n"
        "pdl take all SMs: one row each. static has no schedulers. Rows come in key order,\n"
        "whatever the number of threads. --best: what a choice of policy, placement, split and\n"
        "partition loses against the fastest of the same seed (regret): mean and range over seeds.",
    .examples =
        "megascope sweep --model qwen3-8b --workers 96:132:4 --schedulers 0,8,16 -o splits.db\n"
        "megascope sweep --model qwen3-8b --workers 96:132:4 --seed 1:8 --best",
    .declare = declare,
};

}  // namespace mk::cli
