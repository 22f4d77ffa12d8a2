#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <sstream>

#include "experiments/cli/table.h"
#include "experiments/cli/text_file.h"
#include "experiments/cli/verb_list.h"
#include "gpu_backend/cuda/microbench.h"
#include "gpu_backend/cuda/microbench/machine.h"
#include "gpu_backend/host/microbench.h"

namespace mk::cli {
namespace {

struct Options {
  std::string backend = "host";
  std::string output{};
  std::string again{};
  std::string of{};
  bool bandwidth_only = false;
  bool peers_only = false;
};

Answer describe(const std::vector<Primitive>& primitives) {
  Answer answer{.json = Json::array()};
  Table table({"primitive", "value", "unit", "spread %"});
  for (const Primitive& p : primitives) {
    answer.json.push_back(
        {{"name", p.name}, {"value", p.value}, {"unit", p.unit}, {"spread", p.spread}});
    table.add(
        {p.name, fmt::format("{:.4g}", p.value), p.unit, fmt::format("{:.1f}", p.spread * 100)});
  }
  answer.text = table.str();
  return answer;
}

// On a terminal one line that is written over; elsewhere a line a primitive.
void say_primitive(Console& console, std::string_view name) {
  console.err << (console.err_is_terminal ? fmt::format("\r\033[Kmeasure {}", name)
                                          : fmt::format("measure {}\n", name))
              << std::flush;
}

// The primitives of a table that describe() printed; other lines are passed over. (Of three words,
// the second a number, is one without a unit.)
std::vector<Primitive> primitives_of(const std::string& table) {
  std::vector<Primitive> primitives;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Primitive p;
    double percent = 0;
    if (!(words >> p.name >> p.value)) continue;
    if (!(words >> percent)) {
      words.clear();
      if (!(words >> p.unit >> percent)) continue;
    }
    p.spread = percent / 100;
    primitives.push_back(p);
  }
  return primitives;
}

// What an earlier run on a GPU measured, described as this program describes it now.
Result<Answer> describe_again(const Options& options) {
  if (options.of.empty() || options.output.empty()) {
    return fail(ErrorCode::kUsage, "--again: needs the machine of that run, --of, and -o");
  }
  const Result<std::string> table = read_text(options.again);
  if (!table) return tl::unexpected(table.error());
  const Result<Machine> then = load_machine(options.of);
  if (!then) return tl::unexpected(then.error());
  const Result<Machine> base = load_machine(std::string(cuda::base_machine(then->title)));
  if (!base) return tl::unexpected(base.error());
  const std::vector<Primitive> primitives = primitives_of(*table);
  const Machine machine = cuda::device_machine(*base, cuda::facts_of_machine(*then), primitives);
  const Status written = write_text(machine_to_json(machine), options.output);
  if (!written) return tl::unexpected(written.error());
  return describe(primitives);
}

Result<Answer> measure(const Options& options, Console& console) {
  if (!options.again.empty()) return describe_again(options);
  if (options.bandwidth_only && !options.output.empty()) {
    return fail(ErrorCode::kUsage, "--bandwidth-only describes no machine: leave out -o");
  }
  if (options.bandwidth_only && options.backend != "host") {
    return fail(ErrorCode::kUsage, "--bandwidth-only: with --backend host only");
  }
  if (options.peers_only && options.backend != "cuda") {
    return fail(ErrorCode::kUsage, "--peers-only: with --backend cuda only");
  }
  const MicrobenchOptions how{
      .peers_only = options.peers_only,
      .bandwidth_only = options.bandwidth_only,
      .on_primitive = [&](std::string_view name) { say_primitive(console, name); }};
  const Result<Microbenchmark> measured =
      options.backend == "cuda" ? cuda::microbenchmark_device(how) : microbenchmark_host(how);
  if (console.err_is_terminal) console.err << "\r\033[K" << std::flush;
  if (!measured) return tl::unexpected(measured.error());
  for (const std::string& missing : measured->missing) {
    console.err << "not measured: " << missing << '\n';
  }
  if (!options.output.empty()) {
    const Status written = write_text(machine_to_json(measured->machine), options.output);
    if (!written) return tl::unexpected(written.error());
  }
  return describe(measured->primitives);
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  flags.value("--backend", options->backend, "B", "host or cuda").one_of({"host", "cuda"});
  flags.toggle("--bandwidth-only", options->bandwidth_only,
               "what N cores read, in a second: a probe between runs");
  flags.toggle("--peers-only", options->peers_only, "cuda: what passes between two GPUs");
  flags.value("--again", options->again, "TABLE", "a GPU's table, printed before: no measuring");
  flags.value("--of", options->of, "MACHINE", "--again: what was written with that table");
  flags.value("-o,--output", options->output, "MACHINE", "write the machine that they describe");
  return [options](Console& console) { return measure(*options, console); };
}

}  // namespace

constinit const Verb microbench_verb = {
    .name = "microbench",
    .summary = "measures the primitives of this machine that predictions need",
    .arguments = "[options]",
    .description =
        "Measures bandwidth, latencies, hand-off between cores, task bodies alone and the "
        "protocol's\n"
        "own costs, and writes them as a MACHINE that 'simulate' and 'calibrate' take. Needs a "
        "quiet\n"
        "machine: whatever else runs is measured too.",
    .examples = "megascope microbench -o host.json",
    .declare = declare,
};

}  // namespace mk::cli
