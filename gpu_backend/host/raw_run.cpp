#include "gpu_backend/host/raw_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "core/fnv.h"
#include "core/task_graph_file.h"
#include "gpu_backend/host/raw_run_header.h"

namespace mk {
namespace {

constexpr std::string_view kMagic = "MKRAWRUN";
constexpr std::string_view kEnd = "MKRAWEND";
constexpr std::size_t kPrefix = 24;

static_assert(sizeof(RawTask) == 56 && sizeof(RawEnqueue) == 16 && sizeof(RawDispatch) == 24);

template <class T>
void append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::uint64_t checksum(std::string_view bytes) {
  Fnv1a hash;
  hash.add_bytes(bytes.data(), bytes.size());
  return hash.value();
}

std::string bytes_of(const RawRun& run) {
  const std::string header = raw_header_text(run);
  const std::string graph = task_graph_bytes(*run.graph);
  std::string bytes(kMagic);
  append(bytes, kRawRunVersion);
  append(bytes, static_cast<std::uint32_t>(header.size()));
  append(bytes, static_cast<std::uint64_t>(graph.size()));
  bytes += header;
  bytes += graph;
  for (const LaneBuffers& lane : run.rows.lanes) {
    for (const TaskRow& t : lane.tasks.rows()) {
      append(bytes,
             RawTask{t.task.id, t.task.iteration, t.stamps.fetched, t.stamps.start, t.stamps.end,
                     t.stamps.notified, t.stamps.preload, t.activated ? 1U : 0U});
    }
    for (const EnqueueRow& e : lane.enqueued.rows()) {
      append(bytes, RawEnqueue{e.task.id, e.task.iteration, e.enqueued});
    }
    for (const DispatchRow& d : lane.dispatched.rows()) {
      append(bytes, RawDispatch{d.event.id, d.event.iteration, d.dequeued, d.launched});
    }
  }
  bytes += kEnd;
  append(bytes, checksum(bytes));
  return bytes;
}

// The bytes of a file, taken off from the front.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : left_(bytes) {}
  std::size_t size() const { return left_.size(); }
  std::optional<std::string_view> take(std::uint64_t size) {
    if (size > left_.size()) return std::nullopt;
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  // Up to `count` values, as many as are whole.
  template <class T>
  std::vector<T> take_all(std::uint64_t count) {
    std::vector<T> values(std::min<std::uint64_t>(count, left_.size() / sizeof(T)));
    const std::string_view bytes = *take(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    if (values.size() < count) left_ = {};  // the rest is half a row
    return values;
  }

 private:
  std::string_view left_;
};

// Counts what was not as it should be.
struct Doubts {
  std::int64_t half_written = 0;  // rows that are missing, or were begun and not ended
  std::int64_t clock_wrapped = 0;
  std::int64_t out_of_order = 0;
  std::int64_t out_of_range = 0;
  bool is_cut = false;      // the end is missing
  bool is_altered = false;  // the checksum differs
};

// Sets instants right whose upper half is another moment's: those of a clock of 32 bits, or read in
// two halves.
class Instants {
 public:
  Instants(std::uint64_t begins, std::uint64_t ends, Doubts& doubts)
      : begins_(begins), ends_(ends), last_(begins), doubts_(doubts) {}

  // False iff the instant cannot be of this run.
  bool set_right(std::uint64_t& instant) {
    if (instant >= begins_ && instant <= ends_) return true;
    constexpr std::uint64_t kWrap = std::uint64_t{1} << 32;
    const std::uint64_t low = instant % kWrap;
    // The first moment from the lane's last one on with that lower half, else the run's first.
    for (const std::uint64_t from : {last_, begins_}) {
      const std::uint64_t candidate = from - from % kWrap + low + (low < from % kWrap ? kWrap : 0);
      if (candidate < begins_ || candidate > ends_) continue;
      instant = candidate;
      ++doubts_.clock_wrapped;
      return true;
    }
    return false;
  }
  void advance(std::uint64_t to) { last_ = std::max(last_, to); }

 private:
  std::uint64_t begins_;
  std::uint64_t ends_;
  std::uint64_t last_;
  Doubts& doubts_;
};

class RowReader {
 public:
  RowReader(RawRun& run, Bytes& bytes, Doubts& doubts)
      : run_(run), bytes_(bytes), doubts_(doubts) {}

  void read(const RawLane& lane) {
    LaneBuffers& to = run_.rows.lanes.emplace_back();
    Instants instants(run_.begins, run_.ends, doubts_);
    const auto tasks = rows<RawTask>(lane.tasks);
    to.tasks.reserve(tasks.size());
    std::uint64_t busy_until = 0;
    for (RawTask t : tasks) {
      if (!accepts(t, instants, busy_until)) continue;
      busy_until = t.end;
      instants.advance(t.notified);
      to.tasks.add({{t.task, t.iteration},
                    {t.fetched, t.start, t.end, t.notified, t.preload},
                    t.activated != 0});
    }
    const auto enqueues = rows<RawEnqueue>(lane.enqueues);
    to.enqueued.reserve(enqueues.size());
    for (RawEnqueue e : enqueues) {
      if (!is_there(e.task, e.iteration, run_.graph->task_count())) continue;
      if (is_right({&e.enqueued}, instants)) to.enqueued.add({{e.task, e.iteration}, e.enqueued});
    }
    const auto dispatches = rows<RawDispatch>(lane.dispatches);
    to.dispatched.reserve(dispatches.size());
    for (RawDispatch d : dispatches) {
      if (!is_there(d.event, d.iteration, run_.graph->event_count())) continue;
      if (!is_right({&d.dequeued, &d.launched}, instants)) continue;
      to.dispatched.add({{d.event, d.iteration}, d.dequeued, d.launched});
    }
  }

 private:
  template <class T>
  std::vector<T> rows(std::uint64_t count) {
    std::vector<T> all = bytes_.take_all<T>(count);
    const std::uint64_t missing = count - all.size();
    if (missing > 0) doubts_.is_cut = true;
    // A damaged number of rows is no number of rows that were lost.
    constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
    doubts_.half_written += static_cast<std::int64_t>(std::min(missing, kMost));
    return all;
  }

  bool is_there(std::uint32_t id, std::uint32_t iteration, std::uint32_t ids) {
    if (id < ids && iteration < run_.rows.iterations.size()) return true;
    ++doubts_.out_of_range;
    return false;
  }

  // Instants that follow each other, in that order.
  bool is_right(std::initializer_list<std::uint64_t*> all, Instants& instants) {
    for (const std::uint64_t* instant : all) {
      if (*instant != 0) continue;
      ++doubts_.half_written;
      return false;
    }
    std::uint64_t before = 0;
    for (std::uint64_t* instant : all) {
      const bool is_of_run = instants.set_right(*instant);
      if (!is_of_run || *instant < before) {
        ++doubts_.out_of_order;
        return false;
      }
      before = *instant;
    }
    return true;
  }

  // A preload may stand anywhere; one that cannot be is as if there were none.
  bool accepts(RawTask& t, Instants& instants, std::uint64_t busy_until) {
    if (!is_there(t.task, t.iteration, run_.graph->task_count())) return false;
    if (!is_right({&t.fetched, &t.start, &t.end, &t.notified}, instants)) return false;
    if (t.start < busy_until) {
      ++doubts_.out_of_order;
      return false;
    }
    if (t.preload != 0 && (!instants.set_right(t.preload) || t.preload > t.start)) t.preload = 0;
    return true;
  }

  RawRun& run_;
  Bytes& bytes_;
  Doubts& doubts_;
};

void add_health(const Doubts& doubts, const std::vector<RawLane>& lanes, RunRecord& record) {
  const auto add = [&](const char* kind, std::int64_t count, std::string message) {
    if (count > 0) record.health.push_back({kind, count, std::move(message)});
  };
  std::uint64_t dropped = 0;
  for (const RawLane& lane : lanes) dropped += std::min<std::uint64_t>(lane.dropped, 1ULL << 40);
  const bool is_told = std::ranges::any_of(
      record.health, [](const HealthRecord& h) { return h.kind == "records_dropped"; });
  if (!is_told) {
    add("records_dropped", static_cast<std::int64_t>(dropped),
        "rows did not fit into their lanes' buffers");
  }
  add("half_written", doubts.half_written + (doubts.is_cut && doubts.half_written == 0 ? 1 : 0),
      doubts.is_cut ? "the file ends early: rows are missing"
                    : "rows were begun and not ended, and are left out");
  add("checksum", doubts.is_altered ? 1 : 0,
      "the file is not as it was written: any row may be wrong");
  add("clock_wrapped", doubts.clock_wrapped,
      "instants had another moment's upper 32 bits, and are set right");
  add("out_of_order", doubts.out_of_order,
      "rows whose instants run backwards, overlap or lie outside the run, and are left out");
  add("out_of_range", doubts.out_of_range,
      "rows name tasks, events or iterations that are not there, and are left out");
}

// Iterations that have an end, from the front: a run that was cut short has one without.
void keep_whole_iterations(RawRun& run) {
  std::size_t whole = 0;
  for (const IterationTicks& ticks : run.rows.iterations) {
    if (ticks.start < run.begins || ticks.end < ticks.start || ticks.end > run.ends) break;
    ++whole;
  }
  run.rows.iterations.resize(whole);
  run.states.resize(whole);
}

RunRecord record_of(RawRun&& run, const Doubts& doubts, const std::vector<RawLane>& lanes) {
  RunRecord record = make_run_record(run.graph, run.options, run.rows, std::move(run.states));
  record.meta = std::move(run.meta);
  record.clocks = std::move(run.clocks);
  record.health = std::move(run.health);
  add_health(doubts, lanes, record);
  return record;
}

Error broken(std::string_view what) { return {ErrorCode::kInvalidInput, std::string(what)}; }

Result<RunRecord> record_from(std::string_view file) {
  Bytes bytes(file);
  const auto prefix = bytes.take(kPrefix);
  if (!prefix || !prefix->starts_with(kMagic)) return tl::unexpected(broken("no raw run"));
  std::array<std::uint32_t, 2> words{};  // version, bytes of the header
  std::uint64_t graph_bytes = 0;
  std::memcpy(words.data(), prefix->data() + 8, 8);
  std::memcpy(&graph_bytes, prefix->data() + 16, 8);
  if (words[0] != kRawRunVersion) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("version {} of raw runs, this program reads {}", words[0], kRawRunVersion));
  }
  const auto header = bytes.take(words[1]);
  if (!header) return tl::unexpected(broken("ends within its header"));
  const auto graph_text = bytes.take(graph_bytes);
  if (!graph_text) return tl::unexpected(broken("ends within its graph"));
  RawRun run;
  std::vector<RawLane> lanes;
  if (Status ok = read_raw_header(*header, run, lanes); !ok) return tl::unexpected(ok.error());
  Result<TaskGraph> graph = task_graph_from(*graph_text);
  if (!graph) return tl::unexpected(with_context("graph", graph.error()));
  run.graph = std::make_shared<const TaskGraph>(std::move(*graph));
  keep_whole_iterations(run);
  Doubts doubts;
  for (const RawLane& lane : lanes) RowReader(run, bytes, doubts).read(lane);
  const std::size_t summed = file.size() - bytes.size() + kEnd.size();
  const auto end = bytes.take(kEnd.size());
  const auto sum = bytes.take(sizeof(std::uint64_t));
  if (!end || *end != kEnd || !sum) {
    doubts.is_cut = true;
  } else {
    std::uint64_t written = 0;
    std::memcpy(&written, sum->data(), sizeof written);
    doubts.is_altered = written != checksum(file.substr(0, summed));
  }
  return record_of(std::move(run), doubts, lanes);
}

}  // namespace

Status write_raw_run(const RawRun& run, const std::string& path) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  const std::string bytes = bytes_of(run);
  errno = 0;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const int reason = errno;
  std::remove(temporary.c_str());
  return fail(ErrorCode::kIo,
              fmt::format("{}: cannot be written: {}", path, std::strerror(reason)));
}

bool is_raw_run_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string begin(kMagic.size(), '\0');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return file && begin == kMagic;
}

Result<RunRecord> read_raw_run(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path));
  }
  Result<RunRecord> record = record_from(bytes);
  if (!record) return tl::unexpected(with_context(path, record.error()));
  return record;
}

}  // namespace mk
