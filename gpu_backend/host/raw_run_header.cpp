#include "gpu_backend/host/raw_run_header.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace mk {
namespace {

using Json = nlohmann::json;

// More lanes or iterations than any run has: a damaged number.
constexpr std::size_t kMostLanes = 1U << 16;

Json to_json(const IterationTicks& ticks, const IterationState& state) {
  Json requests = Json::array();
  for (const RequestState& r : state.requests) requests.push_back({r.context_before, r.new_tokens});
  return {{"start", ticks.start},
          {"end", ticks.end},
          {"requests", std::move(requests)},
          {"activated_experts", state.activated_experts},
          {"routed_tokens", state.routed_tokens},
          {"accepted_tokens", state.accepted_tokens}};
}

void read_iteration(const Json& json, RawRun& run) {
  run.rows.iterations.push_back(
      {json.at("start").get<std::uint64_t>(), json.at("end").get<std::uint64_t>()});
  IterationState& state = run.states.emplace_back();
  for (const Json& r : json.at("requests")) {
    state.requests.push_back({r.at(0).get<std::uint32_t>(), r.at(1).get<std::uint32_t>()});
  }
  json.at("activated_experts").get_to(state.activated_experts);
  json.at("routed_tokens").get_to(state.routed_tokens);
  json.at("accepted_tokens").get_to(state.accepted_tokens);
}

Status read_policy(const Json& json, RawRun& run) {
  const auto kind = policy_from_name(json.at("policy").get<std::string>());
  const auto placement = placement_from_name(json.at("placement").get<std::string>());
  if (!kind || !placement) return fail(ErrorCode::kInvalidInput, "header: unknown policy");
  Policy& policy = run.options.policy;
  policy.kind = *kind;
  policy.placement = *placement;
  policy.jit_placement =
      json.at("shortest_queue").get<bool>() ? JitPlacement::kShortestQueue : JitPlacement::kInTurn;
  run.options.roles = {json.at("workers").get<std::uint32_t>(),
                       json.at("schedulers").get<std::uint32_t>()};
  return {};
}

Status read_lanes(const Json& json, RawRun& run, std::vector<RawLane>& lanes) {
  for (const Json& lane : json.at("lanes")) {
    lanes.push_back({lane.at("core").get<std::uint32_t>(), lane.at("tasks").get<std::uint64_t>(),
                     lane.at("enqueues").get<std::uint64_t>(),
                     lane.at("dispatches").get<std::uint64_t>(),
                     lane.at("dropped").get<std::uint64_t>()});
    run.rows.core_of_lane.push_back(lanes.back().core);
  }
  const Roles& roles = run.options.roles;
  const std::uint64_t wanted = std::uint64_t{roles.workers} + roles.schedulers;
  if (lanes.size() == wanted && wanted > 0 && wanted <= kMostLanes) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("header: {} lanes for {} workers and {} schedulers", lanes.size(),
                          roles.workers, roles.schedulers));
}

void read_rest(const Json& json, RawRun& run) {
  run.begins = json.at("begins").get<std::uint64_t>();
  run.ends = json.at("ends").get<std::uint64_t>();
  json.at("meta").get_to(run.meta);
  for (const Json& i : json.at("iterations")) read_iteration(i, run);
  for (const Json& c : json.at("clocks")) {
    run.clocks.push_back(
        {c.at(0).get<std::uint8_t>(), c.at(1).get<Nanoseconds>(), c.at(2).get<double>()});
  }
  for (const Json& h : json.at("health")) {
    run.health.push_back({h.at("kind").get<std::string>(), h.at("count").get<std::int64_t>(),
                          h.at("message").get<std::string>()});
  }
}

}  // namespace

std::string raw_header_text(const RawRun& run) {
  const Policy& policy = run.options.policy;
  Json json = {{"policy", facts(policy.kind).name},
               {"placement", name_of(policy.placement)},
               {"shortest_queue", policy.jit_placement == JitPlacement::kShortestQueue},
               {"workers", run.options.roles.workers},
               {"schedulers", run.options.roles.schedulers},
               {"begins", run.begins},
               {"ends", run.ends},
               {"meta", run.meta},
               {"iterations", Json::array()},
               {"lanes", Json::array()},
               {"clocks", Json::array()},
               {"health", Json::array()}};
  for (std::size_t i = 0; i < run.rows.iterations.size(); ++i) {
    json["iterations"].push_back(to_json(run.rows.iterations[i], run.states[i]));
  }
  for (std::size_t lane = 0; lane < run.rows.lanes.size(); ++lane) {
    const LaneBuffers& rows = run.rows.lanes[lane];
    const bool has_core = lane < run.rows.core_of_lane.size();
    json["lanes"].push_back(
        {{"core", has_core ? run.rows.core_of_lane[lane] : 0},
         {"tasks", rows.tasks.rows().size()},
         {"enqueues", rows.enqueued.rows().size()},
         {"dispatches", rows.dispatched.rows().size()},
         {"dropped", rows.tasks.dropped() + rows.enqueued.dropped() + rows.dispatched.dropped()}});
  }
  for (const ClockRecord& c : run.clocks) {
    json["clocks"].push_back({c.device, c.uncertainty, c.drift_ppm});
  }
  for (const HealthRecord& h : run.health) {
    json["health"].push_back({{"kind", h.kind}, {"count", h.count}, {"message", h.message}});
  }
  return json.dump();
}

Status read_raw_header(std::string_view text, RawRun& run, std::vector<RawLane>& lanes) {
  try {  // the library's errors are exceptions
    const Json json = Json::parse(text);
    if (Status ok = read_policy(json, run); !ok) return ok;
    read_rest(json, run);
    return read_lanes(json, run, lanes);
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kInvalidInput, fmt::format("header: {}", error.what()));
  }
}

}  // namespace mk
