#include "core/injection.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace mk {
namespace {

template <typename Value>
std::optional<Value> parse(std::string_view text) {
  Value value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string known_forms() {
  std::string forms;
  for (const InjectionFacts& facts : kInjections) {
    forms += fmt::format("{}{}", forms.empty() ? "" : ", ", facts.form);
  }
  return forms;
}

Status refuse(std::string_view name_value, std::string_view why) {
  return fail(ErrorCode::kUsage,
              fmt::format("injection '{}': {} (known: {})", name_value, why, known_forms()));
}

Status set_notify_delay(Injections& injections, std::string_view whole, std::string_view value) {
  const std::optional<double> delay = parse<double>(value);
  if (!delay || !std::isfinite(*delay) || *delay < 0) {
    return refuse(whole, "the delay must be a number of microseconds, at least 0");
  }
  injections.notify_delay_us = *delay;
  return {};
}

Status add_slow_worker(Injections& injections, std::string_view whole, std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) return refuse(whole, "expected WORKER:FACTOR");
  const auto worker = parse<std::uint32_t>(value.substr(0, colon));
  const std::optional<double> factor = parse<double>(value.substr(colon + 1));
  if (!worker) return refuse(whole, "the worker must be a number");
  if (!factor || !std::isfinite(*factor) || *factor < 1) {
    return refuse(whole, "the factor must be a number, at least 1");
  }
  if (injections.slow_factor(*worker) != 1) return refuse(whole, "that worker is slowed twice");
  injections.slow_workers.push_back({*worker, *factor});
  return {};
}

Status set_lost_notify(Injections& injections, std::string_view whole, std::string_view value) {
  const auto task = parse<std::uint32_t>(value);
  if (!task) return refuse(whole, "the task must be a number");
  injections.lost_notify = *task;
  return {};
}

}  // namespace

Status add_injection(Injections& injections, std::string_view name_value) {
  const std::size_t equals = name_value.find('=');
  if (equals == std::string_view::npos) return refuse(name_value, "expected NAME=VALUE");
  const std::string_view name = name_value.substr(0, equals);
  const std::string_view value = name_value.substr(equals + 1);
  if (name == "notify_delay_us") return set_notify_delay(injections, name_value, value);
  if (name == "slow_worker") return add_slow_worker(injections, name_value, value);
  if (name == "lost_notify") return set_lost_notify(injections, name_value, value);
  return refuse(name_value, "unknown name");
}

std::string to_text(const Injections& injections) {
  std::string text;
  const auto add = [&](const std::string& one) { text += (text.empty() ? "" : " ") + one; };
  if (injections.notify_delay_us > 0) {
    add(fmt::format("notify_delay_us={:g}", injections.notify_delay_us));
  }
  for (const SlowWorker& slow : injections.slow_workers) {
    add(fmt::format("slow_worker={}:{:g}", slow.worker, slow.factor));
  }
  if (injections.lost_notify) add(fmt::format("lost_notify={}", *injections.lost_notify));
  return text;
}

}  // namespace mk
