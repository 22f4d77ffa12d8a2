#include "traces/read_slices.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "traces/row_reader.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::for_each_row;
using sqlite::Row;

// What the outline lacks, in the order of kColumns; then comes the bound.
constexpr std::array kInstantColumns = {&SliceColumns::enqueued, &SliceColumns::fetched,
                                        &SliceColumns::ready,    &SliceColumns::preload,
                                        &SliceColumns::page,     &SliceColumns::first_data,
                                        &SliceColumns::notified};

void take_outline(Row& row, Trace& trace, std::size_t k) {
  SliceColumns& s = trace.slices;
  s.lane[k] = row.index(0, trace.lanes.size());
  s.iteration[k] = row.optional_index(2, trace.iterations.size());
  s.task[k] = row.optional_index(1, kNoIndex);
  s.name[k] = row.optional_index(3, trace.strings.size());
  const bool is_task = s.task[k] != kNoIndex;
  if (is_task && s.iteration[k] == kNoIndex) row.complain("it has a task but no iteration");
  if (is_task == (s.name[k] != kNoIndex)) row.complain("it needs a task or a name, and not both");
  if (!row.complaint().empty()) return;
  if (is_task) {
    const std::uint32_t tasks = trace.graph_of(s.iteration[k]).task_count();
    if (s.task[k] >= tasks) row.index(1, tasks);  // complains
  }
  s.start.set(k, row.time(4));
  s.end.set(k, row.time(5));
  if (s.start[k] > s.end[k]) row.complain("it ends before its start");
  if (k > 0 && std::pair(s.lane[k - 1], s.start[k - 1]) > std::pair(s.lane[k], s.start[k])) {
    row.complain("slices are not in the order of lane and start");
  }
}

// `first`: the column of enqueued_ns.
void take_instants(Row& row, SliceColumns& s, std::size_t k, int first) {
  for (const auto column : kInstantColumns) (s.*column).set(k, row.instant(first++));
  s.bound[k] = row.null(first) ? Bound::kUnknown : static_cast<Bound>(row.integer(first, 0, 2));
}

Result<std::size_t> count_slices(Database& db) {
  std::size_t rows = 0;
  const Status status = for_each_row(db, "slice", "SELECT count(*) FROM slice", [&](Row& row) {
    rows = static_cast<std::size_t>(row.integer(0, 0, kNoIndex - 1));
  });
  if (!status) return tl::unexpected(status.error());
  return rows;
}

// take(row, k) for each row; a damaged file may have other rows in its table than in its index.
template <typename Take>
Status for_each_slice(Database& db, std::size_t expected, std::span<const std::string_view> columns,
                      const ReadProgress& progress, Take&& take) {
  constexpr std::size_t kBetween = 1U << 14;
  std::size_t rows = 0;
  bool is_wanted = true;
  Status status = for_each_row_of(db, "slice", columns, [&](Row& row) {
    rows = row.number() + 1;
    if (rows > expected) return row.complain("there are more rows than the table counts");
    take(row, row.number());
    if (!progress || rows % kBetween != 0) return;
    is_wanted = progress(static_cast<double>(rows) / static_cast<double>(expected));
    if (!is_wanted) row.complain("interrupted");
  });
  if (!is_wanted) return fail(ErrorCode::kStuck, "interrupted");
  if (status && rows != expected) {
    return fail(ErrorCode::kInvalidInput, "table slice: has fewer rows than it counts");
  }
  return status;
}

Status make_room(Database& db, Trace& trace) {
  const Result<std::size_t> rows = count_slices(db);
  if (!rows) return tl::unexpected(rows.error());
  trace.slices = {};
  trace.slices.resize(*rows);
  return {};
}

constexpr std::array<std::string_view, 14> kColumns = {
    "lane",    "task",          "iteration",   "name",     "start_ns",
    "end_ns",  "enqueued_ns",   "fetched_ns",  "ready_ns", "preload_ns",
    "page_ns", "first_data_ns", "notified_ns", "bound"};
constexpr int kOutline = 6;  // of them

}  // namespace

Status read_slice_outline(Database& db, Trace& trace, const ReadProgress& progress) {
  if (Status status = make_room(db, trace); !status) return status;
  return for_each_slice(db, trace.slices.size(), std::span(kColumns).first(kOutline), progress,
                        [&](Row& row, std::size_t k) { take_outline(row, trace, k); });
}

Result<SliceColumns> read_slice_instants(Database& db, const ReadProgress& progress) {
  const Result<std::size_t> rows = count_slices(db);
  if (!rows) return tl::unexpected(rows.error());
  SliceColumns slices;
  for (const auto column : kInstantColumns) (slices.*column).resize(*rows);
  slices.bound.resize(*rows);
  const Status status =
      for_each_slice(db, *rows, std::span(kColumns).subspan(kOutline), progress,
                     [&](Row& row, std::size_t k) { take_instants(row, slices, k, 0); });
  if (!status) return tl::unexpected(status.error());
  return slices;
}

Status join_instants(SliceColumns instants, SliceColumns& slices) {
  if (instants.bound.size() != slices.size())
    return fail(ErrorCode::kInvalidInput, "table slice: its rows changed while it was read");
  for (const auto column : kInstantColumns) slices.*column = std::move(instants.*column);
  slices.bound = std::move(instants.bound);
  return {};
}

Status read_slices(Database& db, Trace& trace, const ReadProgress& progress) {
  if (Status status = make_room(db, trace); !status) return status;
  return for_each_slice(db, trace.slices.size(), kColumns, progress, [&](Row& row, std::size_t k) {
    take_outline(row, trace, k);
    take_instants(row, trace.slices, k, kOutline);
  });
}

}  // namespace mk
