#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

#include "traces/check_file.h"
#include "traces/foreign_table.h"
#include "traces/import.h"
#include "traces/span_trace.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::ForeignRow;

// Rows of the timeline by what tells them apart in the export, which is looked up once a record.
class RowTable {
 public:
  explicit RowTable(SpanTraceBuilder& out) : out_(out) {}

  template <typename Name>
  std::uint32_t get(LaneKind kind, std::int64_t device, std::int64_t a, std::int64_t b,
                    Name&& name) {
    const Key key{static_cast<std::int64_t>(kind), device, a, b};
    if (last_ != rows_.end() && last_->first == key) return last_->second;
    last_ = rows_.find(key);
    if (last_ == rows_.end()) {
      last_ =
          rows_.emplace(key, out_.add_row(kind, static_cast<std::uint8_t>(device), name())).first;
    }
    return last_->second;
  }

 private:
  using Key = std::array<std::int64_t, 4>;
  SpanTraceBuilder& out_;
  std::map<Key, std::uint32_t> rows_{};
  std::map<Key, std::uint32_t>::iterator last_ = rows_.end();
};

// Parts of Nsight's ids: globalTid = ... process (24 bits) thread (24 bits).
std::int64_t process_of(std::int64_t global) { return global >> 24 & 0xffffff; }
std::int64_t thread_of(std::int64_t global) { return global & 0xffffff; }

std::string_view copy_name(std::int64_t kind) {
  switch (kind) {
    case 1:
      return "copy host to device";
    case 2:
      return "copy device to host";
    case 8:
      return "copy device to device";
    case 9:
      return "copy host to host";
    case 10:
      return "copy between devices";
    default:
      return "copy";
  }
}

// Numbers of Nsight's ENUM_NSYS_EVENT_TYPE.
constexpr std::int64_t kNvtxMark = 34;
constexpr std::int64_t kNvtxPushPop = 59;
constexpr std::int64_t kNvtxStartEnd = 60;
constexpr std::int64_t kNvtxDomainCreate = 75;

class NsightImporter {
 public:
  explicit NsightImporter(Database& db) : db_(db) {}

  Result<Imported> run() {
    builder_.set_meta("source", "imported");
    builder_.set_meta("format", "nsight");
    using Step = Status (NsightImporter::*)();
    for (const Step step :
         {&NsightImporter::names, &NsightImporter::kernels, &NsightImporter::copies,
          &NsightImporter::memsets, &NsightImporter::graphs, &NsightImporter::calls,
          &NsightImporter::waits, &NsightImporter::ranges, &NsightImporter::metrics,
          &NsightImporter::count_the_rest}) {
      if (Status status = (this->*step)(); !status) return tl::unexpected(status.error());
    }
    join_calls();
    Imported out;
    counts_.slices = builder_.span_count();
    out.counts = counts_;
    out.trace = std::move(builder_).build();
    return out;
  }

 private:
  struct Launched {
    std::uint64_t key;  // process and correlation id
    std::uint32_t span;
    friend bool operator<(const Launched& a, const Launched& b) { return a.key < b.key; }
  };

  template <typename Visit>
  Status each(std::string_view table, const std::vector<std::string_view>& columns,
              std::size_t required, Visit&& visit) {
    const Result<bool> done = for_each_foreign_row(db_, table, columns, required, visit);
    if (!done) return tl::unexpected(done.error());
    if (*done) taken_.insert(std::string(table));
    return {};
  }

  // --- names

  Status names() {
    Status status = each("ThreadNames", {"globalTid", "nameId"}, 2, [&](const ForeignRow& row) {
      thread_names_[row.integer(0)] = builder_text(row.integer(1));
    });
    if (!status) return status;
    return each("NVTX_EVENTS", {"domainId", "eventType", "text"}, 3, [&](const ForeignRow& row) {
      if (row.integer(1) == kNvtxDomainCreate) domains_[row.integer(0)] = row.text(2);
    });
  }

  // The text of an id in StringIds; "" where it has none.
  std::string builder_text(std::int64_t id) {
    if (!strings_) {
      Result<sqlite::Statement> statement = db_.prepare("SELECT value FROM StringIds WHERE id = ?");
      if (!statement) return {};
      strings_ = std::move(*statement);
    }
    sqlite3_reset(strings_->get());
    sqlite3_bind_int64(strings_->get(), 1, id);
    if (sqlite3_step(strings_->get()) != SQLITE_ROW) return {};
    return std::string(ForeignRow(strings_->get()).text(0));
  }

  std::uint32_t name_of_string(std::int64_t id) {
    const auto known = names_.find(id);
    if (known != names_.end()) return known->second;
    const std::string text = builder_text(id);
    if (text.empty()) {
      builder_.add_health("unknown_name", 1, "names that the export's StringIds does not have");
    }
    return names_[id] = builder_.intern(text.empty() ? fmt::format("name {}", id) : text);
  }

  // --- spans

  // kNoIndex iff a time is not usable. Columns 0 and 1: start, end.
  std::uint32_t span(const ForeignRow& row, std::uint32_t timeline, std::uint32_t name) {
    const Nanoseconds start = row.time(0);
    const Nanoseconds end = row.time(1);
    if (start != kNotTaken && end != kNotTaken)
      return builder_.add_span(timeline, name, start, end);
    builder_.add_health("no_time_stamp", 1, "records without usable times are left out");
    ++counts_.left_out;
    return kNoIndex;
  }

  static std::uint64_t key_of(std::int64_t process, std::int64_t correlation) {
    return static_cast<std::uint64_t>(process) << 32 |
           (static_cast<std::uint64_t>(correlation) & 0xffffffff);
  }

  // Columns 0 .. 6: start, end, deviceId, contextId, streamId, correlationId, globalPid.
  std::uint32_t device_span(const ForeignRow& row, std::uint32_t name) {
    const std::int64_t device = row.integer(2) & 0xff;
    const std::int64_t context = row.integer(3);
    const std::int64_t stream = row.integer(4);
    const auto timeline = rows_.get(LaneKind::kStream, device, context, stream, [&] {
      return fmt::format("gpu{} context {} stream {}", device, context, stream);
    });
    const std::uint32_t k = span(row, timeline, name);
    if (k != kNoIndex && row.has(5)) {
      launched_.push_back({key_of(process_of(row.integer(6)), row.integer(5)), k});
    }
    return k;
  }

  void detail(std::uint32_t k, std::string_view key, const std::string& value) {
    if (k != kNoIndex) builder_.add_detail(k, builder_.intern(key), builder_.intern(value));
  }

  Status kernels() {
    return each("CUPTI_ACTIVITY_KIND_KERNEL",
                {"start", "end", "deviceId", "contextId", "streamId", "correlationId", "globalPid",
                 "demangledName", "shortName", "gridX", "gridY", "gridZ", "blockX", "blockY",
                 "blockZ", "registersPerThread", "staticSharedMemory", "dynamicSharedMemory"},
                2, [&](const ForeignRow& row) {
                  const auto k = device_span(row, name_of_string(row.integer(row.has(7) ? 7 : 8)));
                  const auto shape = [&](int c) {
                    return fmt::format("{}x{}x{}", row.integer(c, 1), row.integer(c + 1, 1),
                                       row.integer(c + 2, 1));
                  };
                  if (row.has(9)) detail(k, "grid", shape(9));
                  if (row.has(12)) detail(k, "block", shape(12));
                  if (row.has(15)) detail(k, "registers", std::to_string(row.integer(15)));
                  if (row.has(17)) {
                    detail(k, "shared_bytes", std::to_string(row.integer(16) + row.integer(17)));
                  }
                });
  }

  Status copies() {
    return each("CUPTI_ACTIVITY_KIND_MEMCPY",
                {"start", "end", "deviceId", "contextId", "streamId", "correlationId", "globalPid",
                 "copyKind", "bytes"},
                2, [&](const ForeignRow& row) {
                  const auto k = device_span(row, builder_.intern(copy_name(row.integer(7))));
                  if (row.has(8)) detail(k, "bytes", std::to_string(row.integer(8)));
                });
  }

  Status memsets() {
    return each("CUPTI_ACTIVITY_KIND_MEMSET",
                {"start", "end", "deviceId", "contextId", "streamId", "correlationId", "globalPid",
                 "bytes"},
                2, [&](const ForeignRow& row) {
                  const auto k = device_span(row, builder_.intern("memset"));
                  if (row.has(7)) detail(k, "bytes", std::to_string(row.integer(7)));
                });
  }

  Status graphs() {
    return each("CUPTI_ACTIVITY_KIND_GRAPH_TRACE",
                {"start", "end", "deviceId", "contextId", "streamId", "correlationId", "globalPid",
                 "graphId"},
                2, [&](const ForeignRow& row) {
                  device_span(row, builder_.intern(fmt::format("graph {}", row.integer(7))));
                });
  }

  std::string thread_name(std::int64_t global) {
    const auto known = thread_names_.find(global);
    const std::string name =
        fmt::format("process {} thread {}", process_of(global), thread_of(global));
    return known == thread_names_.end() || known->second.empty()
               ? name
               : fmt::format("{} ({})", name, known->second);
  }

  Status calls() {
    return each("CUPTI_ACTIVITY_KIND_RUNTIME",
                {"start", "end", "globalTid", "correlationId", "nameId", "returnValue"}, 2,
                [&](const ForeignRow& row) {
                  const std::int64_t global = row.integer(2);
                  const auto timeline = rows_.get(LaneKind::kApi, 0, global, 0,
                                                  [&] { return thread_name(global) + " CUDA"; });
                  const auto k = span(row, timeline, name_of_string(row.integer(4)));
                  if (k == kNoIndex) return;
                  if (row.integer(5) != 0) detail(k, "result", std::to_string(row.integer(5)));
                  calls_.push_back({key_of(process_of(global), row.integer(3)), k});
                });
  }

  Status waits() {
    return each(
        "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION",
        {"start", "end", "deviceId", "contextId", "syncType"}, 2, [&](const ForeignRow& row) {
          const std::int64_t context = row.integer(3);
          const auto timeline = rows_.get(LaneKind::kApi, row.integer(2) & 0xff, context, 1, [&] {
            return fmt::format("waits of context {}", context);
          });
          span(row, timeline, builder_.intern(fmt::format("wait {}", row.integer(4))));
        });
  }

  Status ranges() {
    return each("NVTX_EVENTS",
                {"start", "end", "eventType", "globalTid", "text", "textId", "domainId",
                 "int64Value", "uint64Value", "doubleValue"},
                1, [&](const ForeignRow& row) { range(row); });
  }

  void range(const ForeignRow& row) {
    const std::int64_t type = row.integer(2, kNvtxPushPop);
    if (type != kNvtxMark && type != kNvtxPushPop && type != kNvtxStartEnd) return;
    const std::int64_t global = row.integer(3);
    const std::int64_t domain = row.integer(6);
    const auto timeline = rows_.get(LaneKind::kNvtx, 0, global, domain, [&] {
      const auto name = domains_.find(domain);
      return thread_name(global) + " NVTX" + (name == domains_.end() ? "" : " " + name->second);
    });
    const auto name = row.has(4) ? builder_.intern(row.text(4)) : name_of_string(row.integer(5));
    const Nanoseconds start = row.time(0);
    if (start == kNotTaken) {
      builder_.add_health("no_time_stamp", 1, "records without usable times are left out");
      ++counts_.left_out;
      return;
    }
    Nanoseconds end = row.time(1);
    if (end == kNotTaken) {
      if (type != kNvtxMark) {
        builder_.add_health("range_never_ended", 1, "ranges without an end have length 0");
      }
      end = start;
    }
    const auto k = builder_.add_span(timeline, name, start, end);
    if (row.has(7)) detail(k, "payload", std::to_string(row.integer(7)));
    if (row.has(8)) detail(k, "payload", std::to_string(row.integer(8)));
    if (row.has(9)) detail(k, "payload", fmt::format("{}", row.real(9)));
  }

  // --- counters

  Status metrics() {
    std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> tracks;
    Status status = each("TARGET_INFO_GPU_METRICS", {"typeId", "metricId", "metricName"}, 3,
                         [&](const ForeignRow& row) {
                           tracks[{row.integer(0), row.integer(1)}] = builder_.intern(
                               fmt::format("gpu{} {}", row.integer(0) & 0xff, row.text(2)));
                         });
    if (!status) return status;
    return each(
        "GPU_METRICS", {"timestamp", "typeId", "metricId", "value"}, 4, [&](const ForeignRow& row) {
          const std::pair<std::int64_t, std::int64_t> key{row.integer(1), row.integer(2)};
          auto track = tracks.find(key);
          if (track == tracks.end()) {
            track =
                tracks.emplace(key, builder_.intern(fmt::format("metric {}", key.second))).first;
          }
          if (row.time(0) == kNotTaken) return;
          builder_.add_counter(track->second, row.time(0), row.real(3));
          ++counts_.counters;
        });
  }

  // Tables that have times, but were not taken.
  Status count_the_rest() {
    std::vector<std::string> others;
    Result<sqlite::Statement> tables =
        db_.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    if (!tables) return tl::unexpected(tables.error());
    while (sqlite3_step(tables->get()) == SQLITE_ROW) {
      const std::string name(ForeignRow(tables->get()).text(0));
      const auto columns = sqlite::columns_of(db_, name);
      const bool has_times = columns.contains("start") || columns.contains("timestamp");
      if (has_times && !taken_.contains(name)) others.push_back(name);
    }
    for (const std::string& name : others) {
      std::int64_t rows = 0;
      const Status status = each(name, {"rowid"}, 0, [&](const ForeignRow&) { ++rows; });
      if (!status) return status;
      if (rows == 0) continue;
      counts_.left_out += static_cast<std::uint64_t>(rows);
      builder_.add_health("not_imported", rows, fmt::format("rows of table {}", name));
    }
    return {};
  }

  void join_calls() {
    std::stable_sort(calls_.begin(), calls_.end());
    for (const Launched& launched : launched_) {
      const auto call = std::lower_bound(calls_.begin(), calls_.end(), launched);
      if (call == calls_.end() || call->key != launched.key) continue;
      builder_.add_flow(call->span, launched.span);
      ++counts_.flows;
    }
  }

  Database& db_;
  SpanTraceBuilder builder_{};
  RowTable rows_{builder_};
  ImportCounts counts_{};
  std::optional<sqlite::Statement> strings_{};
  std::unordered_map<std::int64_t, std::uint32_t> names_{};  // by id in StringIds
  std::unordered_map<std::int64_t, std::string> thread_names_{};
  std::map<std::int64_t, std::string> domains_{};
  std::vector<Launched> calls_{};
  std::vector<Launched> launched_{};
  std::set<std::string> taken_{};
};

Result<Imported> import_checked(const std::string& path) {
  if (Status status = check_file(path); !status) return tl::unexpected(status.error());
  Result<Database> db = Database::open(path, SQLITE_OPEN_READONLY, "export it again");
  if (!db) return tl::unexpected(db.error());
  const Status status = db->exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; BEGIN");
  if (!status) return tl::unexpected(status.error());
  if (sqlite::columns_of(*db, "StringIds").empty()) {
    return fail(ErrorCode::kInvalidInput,
                "an SQLite database, but no export of Nsight Systems: it has no table StringIds");
  }
  return NsightImporter(*db).run();
}

}  // namespace

Result<Imported> import_nsight(const std::string& path) {
  Result<Imported> imported = import_checked(path);
  if (!imported) return with_context(path, imported.error());
  imported->trace.meta["imported_from"] = path;
  return imported;
}

}  // namespace mk
