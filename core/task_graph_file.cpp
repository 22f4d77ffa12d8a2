#include "core/task_graph_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/graph_hash.h"
#include "core/task_graph_json.h"

namespace mk {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "MKGRAPH\n";
constexpr std::size_t kPrefixSize = 24;  // magic, version, header length, checksum

template <typename T>
void append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T value_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::uint64_t checksum(std::string_view bytes) {
  Fnv1a hash;
  hash.add_bytes(bytes.data(), bytes.size());
  return hash.value();
}

json header_of(const TaskGraph& graph) {
  json header = json::object();
  header["info"] = graph_fields::to_json(graph.info());
  header["operator_tiles"] = graph_fields::to_json(graph.operator_tiles());
  header["hash"] = graph.hash();
  header["tasks"] = graph.task_count();
  header["events"] = graph.event_count();
  for (const Tensor& tensor : graph.tensors())
    header["tensors"].push_back(graph_fields::to_json(tensor));
  for (const Operator& op : graph.operators())
    header["operators"].push_back(graph_fields::to_json(op));
  for (const TaskClass& c : graph.classes()) header["classes"].push_back(graph_fields::to_json(c));
  return header;
}

std::string bytes_of(const TaskGraph& graph) {
  const std::string header = header_of(graph).dump();
  std::string body = header;
  const auto add_columns = [&](std::string_view, const auto& column) {
    body.append(reinterpret_cast<const char*>(column.data()), column.size() * sizeof(column[0]));
  };
  graph_fields::visit_fields(graph.tasks(), add_columns);
  graph_fields::visit_fields(graph.events(), add_columns);
  std::string bytes(kMagic);
  append(bytes, kTaskGraphFileVersion);
  append(bytes, static_cast<std::uint32_t>(header.size()));
  append(bytes, checksum(body));
  return bytes + body;
}

// What a file holds, not yet held against the invariants.
struct Contents {
  GraphInfo info{};
  OperatorTiles tiles = OperatorTiles::kEachOnce;
  std::uint64_t hash = 0;
  std::uint32_t task_count = 0;
  std::uint32_t event_count = 0;
  std::vector<Tensor> tensors{};
  std::vector<Operator> operators{};
  std::vector<TaskClass> classes{};
  TaskColumns tasks{};
  EventColumns events{};
};

tl::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::kInvalidInput, std::string(why));
}

// The part of the file after its prefix.
Result<std::string_view> checked_body(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic.substr(0, std::min(bytes.size(), kMagic.size())))
    return refuse("byte 0: not a compiled task graph");
  if (bytes.size() < kPrefixSize)
    return refuse(
        fmt::format("byte {}: the file ends within its first {} bytes", bytes.size(), kPrefixSize));
  const auto version = value_at<std::uint32_t>(bytes, 8);
  if (version != kTaskGraphFileVersion)
    return refuse(fmt::format("byte 8: format version {}, this program reads version {}", version,
                              kTaskGraphFileVersion));
  const std::string_view body = bytes.substr(kPrefixSize);
  if (checksum(body) != value_at<std::uint64_t>(bytes, 16))
    return refuse(
        fmt::format("byte {}: the checksum does not fit: truncated or altered", kPrefixSize));
  if (value_at<std::uint32_t>(bytes, 12) > body.size())
    return refuse("byte 12: the header is longer than the file");
  return body;
}

Status read_header(std::string_view text, Contents& c) {
  const json header = json::parse(text, nullptr, false);
  if (header.is_discarded() || !header.is_object())
    return refuse(fmt::format("byte {}: the header is no JSON object", kPrefixSize));
  graph_fields::JsonReader reader;
  const auto read = [&](const char* name, auto& out) {
    reader.read(header.contains(name) ? header[name] : json(), out, name);
  };
  read("info", c.info);
  read("operator_tiles", c.tiles);
  read("hash", c.hash);
  read("tasks", c.task_count);
  read("events", c.event_count);
  if (header.contains("tensors")) read("tensors", c.tensors);
  read("operators", c.operators);
  read("classes", c.classes);
  if (!reader.error().empty())
    return refuse(fmt::format("byte {}: header: {}", kPrefixSize, reader.error()));
  return {};
}

// Fills the columns from `bytes`, which must hold exactly them.
Status read_columns(std::string_view bytes, Contents& c) {
  const std::uint64_t wanted = std::uint64_t{c.task_count} * 22 + std::uint64_t{c.event_count} * 13;
  if (bytes.size() != wanted)
    return refuse(fmt::format("{} bytes of columns where {} tasks and {} events need {}",
                              bytes.size(), c.task_count, c.event_count, wanted));
  std::size_t at = 0;
  const auto take = [&](std::size_t count) {
    return [&, count](std::string_view, auto& column) {
      column.resize(count);
      std::memcpy(column.data(), bytes.data() + at, count * sizeof(column[0]));
      at += count * sizeof(column[0]);
    };
  };
  graph_fields::visit_fields(c.tasks, take(c.task_count));
  graph_fields::visit_fields(c.events, take(c.event_count));
  return {};
}

Status check_enums(const TaskColumns& tasks) {
  for (std::size_t t = 0; t < tasks.kind.size(); ++t) {
    if (index_of(tasks.kind[t]) >= kTaskKindCount || tasks.label[t] > LaunchLabel::kJit)
      return refuse(fmt::format("task {}: kind {} or label {} does not exist", t,
                                index_of(tasks.kind[t]), static_cast<int>(tasks.label[t])));
  }
  return {};
}

// The builder checks the invariants. An ordered graph comes out of it as it went in, so a file
// whose columns say something else shows.
Result<TaskGraph> rebuild(Contents c) {
  if (Status status = check_enums(c.tasks); !status) return tl::unexpected(status.error());
  if (c.event_count < 2) return refuse("fewer than two events");
  TaskGraphBuilder builder(std::move(c.info), c.tiles);
  builder.reserve(c.task_count, c.event_count);
  for (Tensor& tensor : c.tensors) builder.add_tensor(std::move(tensor));
  for (Operator& op : c.operators) builder.add_operator(std::move(op));
  for (TaskClass& task_class : c.classes) builder.add_class(std::move(task_class));
  for (std::uint32_t e = 1; e + 1 < c.event_count; ++e) builder.add_event(c.events.device[e]);
  // File: begin, others, end. Builder: begin, end, others.
  const auto event = [&](std::uint32_t e) {
    if (e == c.event_count - 1) return TaskGraphBuilder::kEnd;
    return TaskGraphBuilder::NewEvent(e == 0 || e >= c.event_count ? e : e + 1);
  };
  for (std::uint32_t t = 0; t < c.task_count; ++t) {
    builder.add_task({OperatorId(c.tasks.op[t]), c.tasks.kind[t], c.tasks.tile[t],
                      c.tasks.task_class[t], c.tasks.label[t], event(c.tasks.dependent_event[t]),
                      event(c.tasks.triggering_event[t])});
  }
  Result<TaskGraph> graph = std::move(builder).build();
  if (graph && (graph->hash() != c.hash || graph->events() != c.events))
    return refuse("its columns are not those of a linearised graph");
  return graph;
}

Result<TaskGraph> graph_from(std::string_view bytes) {
  const Result<std::string_view> body = checked_body(bytes);
  if (!body) return tl::unexpected(body.error());
  const std::size_t header_size = value_at<std::uint32_t>(bytes, 12);
  Contents contents;
  if (Status s = read_header(body->substr(0, header_size), contents); !s)
    return tl::unexpected(s.error());
  if (Status s = read_columns(body->substr(header_size), contents); !s)
    return tl::unexpected(s.error());
  return rebuild(std::move(contents));
}

}  // namespace

std::string task_graph_bytes(const TaskGraph& graph) { return bytes_of(graph); }

Result<TaskGraph> task_graph_from(std::string_view bytes) { return graph_from(bytes); }

Status write_task_graph(const TaskGraph& graph, const std::string& path) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  const auto failed = [&](std::string_view what) {
    const int reason = errno;
    std::remove(temporary.c_str());
    return fail(ErrorCode::kIo, fmt::format("{}: {}: {}", path, what, std::strerror(reason)));
  };
  const std::string bytes = bytes_of(graph);
  errno = 0;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  if (!file) return failed("cannot be created");
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return failed("cannot be written");
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot be renamed to");
  return {};
}

Result<TaskGraph> read_task_graph(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad())
    return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path));
  Result<TaskGraph> graph = graph_from(bytes);
  if (!graph) return tl::unexpected(with_context(path, graph.error()));
  return graph;
}

bool is_task_graph_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[kMagic.size()] = {};
  return file.read(start, kMagic.size()) && std::string_view(start, kMagic.size()) == kMagic;
}

}  // namespace mk
