#include "simulator/machine_ranges.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/fnv.h"
#include "core/random.h"

namespace mk {
namespace {

// What a person chooses or counts.
bool is_choice(std::string_view path) {
  constexpr std::array kChoices = {"sms",
                                   "default_workers",
                                   "default_schedulers",
                                   "devices",
                                   "gpc_sms",
                                   "schedulers_per_sm",
                                   "memory.capacity",
                                   "protocol.queue_capacity",
                                   "protocol.publish_batch",
                                   "protocol.event_queue_capacity"};
  return std::find(kChoices.begin(), kChoices.end(), path) != kChoices.end() ||
         path.find("fetch_batch") != path.npos || path.find(".active") != path.npos ||
         path.starts_with("sm_port.") || path.find("kernel_blocks_per_sm") != path.npos ||
         path.find("tile_bytes") != path.npos;
}

bool may_matter(std::string_view path, const TaskKinds& kinds) {
  if (path.starts_with("default_body.")) return false;  // copied into the bodies already
  if (path.starts_with("link.") && !kinds[index_of(TaskKind::kPut)]) return false;
  constexpr std::string_view kBodies = "bodies.";
  if (!path.starts_with(kBodies)) return !is_choice(path);
  path.remove_prefix(kBodies.size());
  const auto kind = task_kind_from_name(path.substr(0, path.find('.')));
  return kind && kinds[index_of(*kind)] && !is_choice(path);
}

// "memory.curve.3.bandwidth" -> "memory.curve..bandwidth": the points move together.
std::string stream_name(std::string_view path) {
  std::string name(path);
  if (path.starts_with("memory.curve."))
    std::erase_if(name, [](char c) { return c >= '0' && c <= '9'; });
  return name;
}

}  // namespace

std::vector<OpenNumber> open_numbers(const Machine& machine, const TaskKinds& kinds) {
  std::vector<OpenNumber> open;
  visit_numbers(machine, [&](const NumberFacts& facts, const Number& number) {
    if (number.low < number.high && may_matter(facts.path, kinds))
      open.push_back({facts.path, number.low, number.high});
  });
  return open;
}

bool may_matter_under(PolicyKind policy, std::string_view path) {
  if (facts(policy).family == PolicyFamily::kPerKernel) {
    return !path.starts_with("protocol.") && !path.starts_with("boundary.") &&
           !path.starts_with("link.put.");
  }
  return !path.starts_with("launch.") && !path.starts_with("link.all_reduce.") &&
         !path.ends_with(".kernel_bandwidth_share");
}

Machine draw_machine(const Machine& machine, std::uint64_t draw) {
  Machine drawn = machine;
  visit_numbers(drawn, [&](const NumberFacts& facts, Number& number) {
    if (number.low >= number.high || is_choice(facts.path)) return;
    Fnv1a hash;
    hash.add(stream_name(facts.path));
    const std::uint64_t bits = mix_bits(hash.value() ^ mix_bits(draw));
    const double end = (bits & 1) != 0 ? number.high : number.low;
    number.value += (end - number.value) * uniform_of(mix_bits(bits));
    number.low = number.high = number.value;
  });
  return drawn;
}

}  // namespace mk
