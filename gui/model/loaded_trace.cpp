#include "gui/model/loaded_trace.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "gui/model/counters.h"
#include "traces/sqlite_file.h"

namespace mk::gui {
namespace {

TimeRange range_of(const Trace& trace) {
  Nanoseconds first = std::numeric_limits<Nanoseconds>::max();
  Nanoseconds last = std::numeric_limits<Nanoseconds>::min();
  for (const Nanoseconds start : trace.slices.start) first = std::min(first, start);
  for (const Nanoseconds end : trace.slices.end) last = std::max(last, end);
  for (const IterationRecord& iteration : trace.iterations) {
    first = std::min(first, iteration.start);
    last = std::max(last, iteration.end);
  }
  if (last < first) return {};
  return {static_cast<double>(first), static_cast<double>(last)};
}

}  // namespace

LoadedTrace::LoadedTrace(QString name, std::string path, std::shared_ptr<const Trace> trace)
    : name_(std::move(name)),
      path_(std::move(path)),
      trace_(std::move(trace)),
      range_(range_of(*trace_)) {}

const BandLayer& LoadedTrace::layer(ColorBy by, OperatorPalette& operators) {
  if (ready_layer(by) == nullptr) install(by, make_layer(*trace_, by, operators));
  return *ready_layer(by);
}

const BandLayer* LoadedTrace::ready_layer(ColorBy by) const {
  const auto& owned = layers_[at(by)];
  return owned == nullptr ? nullptr : &owned->layer;
}

void LoadedTrace::install(Derived derived) {
  install(ColorBy::kOperator, std::move(derived.by_operator));
  install(ColorBy::kCause, std::move(derived.by_cause));
  index_ = std::move(derived.index);
  peers_ = std::move(derived.peers);
  bounds_ = std::move(derived.bounds);
}

void LoadedTrace::complete(std::shared_ptr<const Trace> whole, Derived derived) {
  layers_ = {};
  critical_path_.reset();
  counters_.reset();
  index_.reset();
  trace_ = std::move(whole);
  range_ = range_of(*trace_);
  is_complete_ = true;
  install(std::move(derived));
}

const TraceIndex* LoadedTrace::index() {
  if (index_ == nullptr && is_complete_) index_ = std::make_shared<TraceIndex>(*trace_);
  return index_.get();
}

const std::vector<RunBound>& LoadedTrace::bounds() {
  if (!bounds_ && is_complete_) bounds_ = lower_bounds(*index());
  static const std::vector<RunBound> kNone;
  return bounds_ ? *bounds_ : kNone;
}

const Histogram* LoadedTrace::peers(std::uint32_t slice, OperatorPalette& operators) {
  if (!is_complete_) return nullptr;
  const BandLayer& by_operator = layer(ColorBy::kOperator, operators);
  if (!peers_) peers_ = length_histograms(by_operator.bands, by_operator.entries.size());
  return &(*peers_)[by_operator.bands.category[slice]];
}

const CriticalPath& LoadedTrace::critical_path() {
  if (!critical_path_) critical_path_ = mk::critical_path(*index());
  return *critical_path_;
}

const std::vector<Steps>& LoadedTrace::counters() {
  if (!counters_) counters_ = counters_of(*trace_);
  return *counters_;
}

QString trace_name(const std::string& path) {
  return QString::fromStdString(std::filesystem::path(path).stem().string());
}

Result<std::unique_ptr<LoadedTrace>> load_trace(const std::string& path) {
  Result<Trace> trace = read_trace(path);
  if (!trace) return tl::unexpected(trace.error());
  return std::make_unique<LoadedTrace>(trace_name(path), path,
                                       std::make_shared<const Trace>(std::move(*trace)));
}

}  // namespace mk::gui
