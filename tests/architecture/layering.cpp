#include "tests/architecture/layering.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tests/architecture/source_tree.h"

namespace mk::architecture {
namespace {

using Prefixes = std::vector<std::string_view>;

struct Rule {
  std::string_view
      place;             // a folder, or the stem of one file; the longest that fits a file rules it
  Prefixes may_include;  // folders of ours
  Prefixes except;       // folders of ours under these that it may not include
  Prefixes libraries;    // of kLibraries, besides those that everybody may use
  Prefixes libraries_in_cpp{};  // as libraries, but not in headers
};

// The whole architecture. What simulator, gpu_backend and profiler/analysis share is in core.
const std::vector<Rule> kRules = {
    {"core", {"core"}, {}, {}, {"Boost"}},
    {"core/annotate", {"core"}, {}, {"NVTX"}},
    {"traces", {"core", "traces"}, {}, {"SQLite", "zlib", "protobuf"}},
    {"simulator", {"core", "simulator"}, {}, {}},
    {"gpu_backend", {"core", "gpu_backend"}, {"gpu_backend/cuda"}, {}},
    {"gpu_backend/protocol", {"core", "gpu_backend/protocol"}, {}, {}},
    {"gpu_backend/weights", {"core", "gpu_backend/weights"}, {}, {}, {"PCRE2"}},
    {"gpu_backend/cuda",
     {"core", "gpu_backend"},
     {},
     {"CUDA", "CCCL", "cuBLAS", "NCCL", "NVTX"},
     {"Eigen"}},
    {"profiler", {"core", "traces", "profiler"}, {}, {}},
    {"profiler/capture",
     {"core", "traces", "profiler"},
     {"profiler/analysis"},
     {"CUPTI", "CUDA", "NVTX"}},
    {"profiler/analysis", {"core", "traces", "profiler"}, {"profiler/capture"}, {}},
    {"experiments",
     {"core", "traces", "simulator", "gpu_backend", "profiler", "experiments"},
     {},
     {"CLI11", "MPI"}},
    {"gui",
     {"core", "traces", "simulator", "profiler", "gui"},
     {"profiler/capture"},
     {"Qt", "Graphviz"}},
};

struct Library {
  std::string_view name;
  Prefixes headers;
};

// The first line that fits an include names its library.
const std::vector<Library> kLibraries = {
    {"fmt", {"fmt/"}},
    {"tl::expected", {"tl/expected.hpp"}},
    {"nlohmann-json", {"nlohmann/"}},
    {"system",
     {"sys/", "linux/", "unistd.h", "fcntl.h", "pthread.h", "sched.h", "dlfcn.h", "signal.h",
      "poll.h", "spawn.h", "cxxabi.h", "immintrin.h", "x86intrin.h", "cpuid.h", "termios.h"}},
    {"Boost", {"boost/"}},
    {"SQLite", {"sqlite3.h"}},
    {"zlib", {"zlib.h"}},
    {"protobuf", {"google/protobuf/"}},
    {"PCRE2", {"pcre2.h"}},
    {"CLI11", {"CLI/"}},
    {"Eigen", {"Eigen/"}},
    {"MPI", {"mpi.h"}},
    {"cuBLAS", {"cublas"}},
    {"NCCL", {"nccl"}},
    {"CCCL", {"cuda/", "cub/", "thrust/"}},
    {"CUPTI", {"cupti", "generated_cuda"}},
    {"NVTX", {"nvtx3/"}},
    {"CUDA",
     {"cuda", "cooperative_groups", "nvrtc", "nvml", "sm_", "mma.h", "vector_types.h",
      "driver_types.h"}},
    {"Graphviz", {"graphviz/"}},
    {"Qt", {"Qt", "Q"}},
};

// Core's headers are made of the first two, and whatever reads or writes JSON does it with the
// third.
const Prefixes kLibrariesOfAll = {"fmt", "tl::expected", "nlohmann-json", "system"};

bool contains(const Prefixes& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Whether `path` is the folder `place`, lies in it, or is the file whose path without extension is
// `place`.
bool lies_in(std::string_view path, std::string_view place) {
  if (!path.starts_with(place)) return false;
  return path.size() == place.size() || path[place.size()] == '/' || path[place.size()] == '.';
}

bool lies_in_any(std::string_view path, const Prefixes& places) {
  return std::any_of(places.begin(), places.end(),
                     [&](std::string_view p) { return lies_in(path, p); });
}

const Rule* rule_of(std::string_view path) {
  const Rule* best = nullptr;
  for (const Rule& rule : kRules) {
    const bool longer = best == nullptr || rule.place.size() > best->place.size();
    if (lies_in(path, rule.place) && longer) best = &rule;
  }
  return best;
}

struct Include {
  std::string_view header;
  bool quoted;
};

std::string_view trim_left(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

// The include directive that `line` is, if it is one.
std::optional<Include> parse_include(std::string_view line) {
  line = trim_left(line);
  if (!line.starts_with('#')) return std::nullopt;
  line = trim_left(line.substr(1));
  if (!line.starts_with("include")) return std::nullopt;
  line = trim_left(line.substr(std::string_view("include").size()));
  if (line.empty() || (line[0] != '"' && line[0] != '<')) return std::nullopt;
  const bool quoted = line[0] == '"';
  line.remove_prefix(1);
  return Include{line.substr(0, line.find(quoted ? '"' : '>')), quoted};
}

bool is_standard(std::string_view header) {
  return header.find('/') == std::string_view::npos && header.find('.') == std::string_view::npos &&
         !header.starts_with('Q');
}

const Library* library_of(std::string_view header) {
  for (const Library& library : kLibraries) {
    for (const std::string_view prefix : library.headers) {
      if (header.starts_with(prefix)) return &library;
    }
  }
  return nullptr;
}

// Why a file under `rule` may not include a header of ours; "" where it may.
std::string refuse_ours(const Rule& rule, std::string_view header) {
  const bool allowed = lies_in_any(header, rule.may_include) && !lies_in_any(header, rule.except);
  return allowed ? "" : fmt::format("{} may not include {}", rule.place, header);
}

// Why a file under `rule` may not include a header of others; "" where it may.
std::string refuse_theirs(const Rule& rule, std::string_view header, bool in_header) {
  if (is_standard(header)) return "";
  const Library* library = library_of(header);
  if (library == nullptr)
    return fmt::format("{} is of no library in the table of {}", header, __FILE__);
  if (contains(kLibrariesOfAll, library->name) || contains(rule.libraries, library->name))
    return "";
  if (contains(rule.libraries_in_cpp, library->name)) {
    return in_header ? fmt::format("{} may use {} in .cpp files only, not {}", rule.place,
                                   library->name, header)
                     : "";
  }
  return fmt::format("{} may not use {}: {}", rule.place, library->name, header);
}

std::string refuse(std::string_view path, const Include& include) {
  const std::vector<std::string>& folders = top_folders();
  const bool ours = std::any_of(folders.begin(), folders.end(), [&](std::string_view folder) {
    return include.header.starts_with(std::string(folder) + "/");
  });
  if (include.quoted && include.header.ends_with(".moc"))
    return "";  // Qt's output for the file itself
  if (include.quoted != ours) {
    return fmt::format(
        "{}: ours are included as \"folder/file.h\" from the project root, others with <>",
        include.header);
  }
  if (lies_in(path, "tests")) return "";  // may include everything, of us and of others
  const Rule* rule = rule_of(path);
  if (rule == nullptr) return "the folder is not in the table";
  return ours ? refuse_ours(*rule, include.header)
              : refuse_theirs(*rule, include.header, is_header(path));
}

}  // namespace

std::vector<std::string> layering_violations(std::string_view path, std::string_view text) {
  std::vector<std::string> violations;
  int line_number = 0;
  for (const std::string_view line : split_lines(text)) {
    ++line_number;
    const std::optional<Include> include = parse_include(line);
    if (!include) continue;
    const std::string reason = refuse(path, *include);
    if (!reason.empty()) violations.push_back(fmt::format("{}:{}: {}", path, line_number, reason));
  }
  return violations;
}

}  // namespace mk::architecture
