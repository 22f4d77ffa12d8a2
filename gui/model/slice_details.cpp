#include "gui/model/slice_details.h"

#include <QStringList>
#include <algorithm>
#include <array>

#include "gui/model/overlays.h"
#include "gui/timeline/names.h"
#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {

constexpr std::size_t kMostLinks = 8;

QString text(std::string_view view) {
  return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

std::vector<InstantRow> instants_of(const SliceColumns& s, std::uint32_t k) {
  struct Column {
    const char* name;
    const Instants& values;
  };
  const std::array columns = {Column{"enqueued", s.enqueued},     Column{"fetched", s.fetched},
                              Column{"preload began", s.preload}, Column{"event active", s.ready},
                              Column{"page free", s.page},        Column{"start", s.start},
                              Column{"first data", s.first_data}, Column{"end", s.end},
                              Column{"notified", s.notified}};
  std::vector<InstantRow> rows;
  for (const Column& column : columns)
    rows.push_back({QString::fromUtf8(column.name), column.values[k], {}});
  std::stable_sort(rows.begin(), rows.end(), [](const InstantRow& a, const InstantRow& b) {
    return a.at != kNotTaken && (b.at == kNotTaken || a.at < b.at);
  });
  for (std::size_t r = 1; r < rows.size(); ++r) {
    if (rows[r].at != kNotTaken) rows[r].since = static_cast<double>(rows[r].at - rows[r - 1].at);
  }
  return rows;
}

std::vector<std::pair<QString, QString>> facts_of(const Trace& trace, std::uint32_t k) {
  const SliceColumns& s = trace.slices;
  std::vector<std::pair<QString, QString>> facts;
  facts.emplace_back("length", duration_text(static_cast<double>(s.end[k] - s.start[k])));
  if (s.iteration[k] != kNoIndex) facts.emplace_back("iteration", QString::number(s.iteration[k]));
  for (const SliceDetail& detail : trace.details) {
    if (detail.slice == k)
      facts.emplace_back(QString::fromStdString(trace.strings[detail.key]),
                         QString::fromStdString(trace.strings[detail.value]));
  }
  if (!s.is_task(k)) return facts;
  const TraceGraph& graph = trace.graph_of(s.iteration[k]);
  const std::uint32_t task = s.task[k];
  const TraceOperator& op = graph.op_of(task);
  facts.emplace_back("operator", QString::fromStdString(op.name) + QStringLiteral(" (") +
                                     text(mk::facts(graph.tasks.kind[task]).name) + ')');
  if (op.layer) facts.emplace_back("layer", QString::number(*op.layer));
  facts.emplace_back("tile", QStringLiteral("%1 of %2").arg(graph.tasks.tile[task]).arg(op.tiles));
  facts.emplace_back("task", QString::number(task));
  facts.emplace_back("waits for event", QString::number(graph.tasks.dependent_event[task]));
  facts.emplace_back("notifies event", QString::number(graph.tasks.triggering_event[task]));
  facts.emplace_back("launched", text(mk::name_of(graph.tasks.label[task])));
  if (s.bound[k] != Bound::kUnknown) facts.emplace_back("bound by", text(mk::name_of(s.bound[k])));
  return facts;
}

// The worker's waits between its previous slice and this one.
std::vector<WaitRow> waits_before(const LoadedTrace& loaded, std::uint32_t k) {
  std::vector<WaitRow> rows;
  const BandLayer* causes = loaded.ready_layer(ColorBy::kCause);
  const SliceColumns& s = loaded.trace().slices;
  if (causes == nullptr || causes->bands.count(s.lane[k]) == 0) return rows;
  const Nanoseconds from =
      k > 0 && s.lane[k - 1] == s.lane[k] ? s.end[k - 1] : loaded.trace().start();
  const Bands& bands = causes->bands;
  std::uint32_t b = first_ending_after(bands, s.lane[k], static_cast<double>(from));
  for (; b < bands.lane_end[s.lane[k]] && bands.start[b] < s.start[k]; ++b) {
    const LegendEntry& entry = causes->entries[bands.category[b]];
    rows.push_back(
        {QString::fromStdString(entry.name), static_cast<double>(bands.end[b] - bands.start[b])});
  }
  return rows;
}

std::vector<SliceRef> refs(std::uint32_t trace, const std::vector<std::uint32_t>& slices) {
  std::vector<SliceRef> result;
  for (const std::uint32_t slice : slices) result.push_back({trace, slice});
  return result;
}

void find_holder(LoadedTrace& loaded, SliceRef slice, SliceDetails& details) {
  const SliceColumns& s = loaded.trace().slices;
  const TraceIndex* index = loaded.index();
  if (index == nullptr) return;
  const auto chain = explain(*index, s.iteration[slice.slice], s.task[slice.slice]);
  if (!chain || chain->empty()) return;
  switch (chain->front().held_by) {
    case HeldBy::kBegin:
      details.held_by = QStringLiteral("the iteration's begin");
      break;
    case HeldBy::kProducer:
      details.held_by = QStringLiteral("its event, by");
      break;
    case HeldBy::kWorker:
      details.held_by = QStringLiteral("its worker, busy with");
      break;
    case HeldBy::kUnknown:
      details.held_by = QStringLiteral("something not recorded");
      break;
  }
  if (chain->size() > 1) details.holder = SliceRef{slice.trace, (*chain)[1].slice};
}

QString link(Session& session, SliceRef slice) {
  return QStringLiteral("<a href='slice:%1:%2'>%3</a>")
      .arg(slice.trace)
      .arg(slice.slice)
      .arg(slice_name(session.trace(slice.trace).trace(), slice.slice).toHtmlEscaped());
}

QString signed_duration(double ns) {
  return (ns > 0 ? QStringLiteral("+") : QString()) + duration_text(ns);
}

QString row(const QString& name, const QString& value) {
  return QStringLiteral("<tr><td>%1&nbsp;&nbsp;</td><td>%2</td></tr>").arg(name, value);
}

QString links_row(Session& session, const QString& name, const std::vector<SliceRef>& slices) {
  if (slices.empty()) return {};
  QStringList links;
  for (std::size_t k = 0; k < std::min(slices.size(), kMostLinks); ++k)
    links.push_back(link(session, slices[k]));
  if (slices.size() > kMostLinks)
    links.push_back(QStringLiteral("and %1 more").arg(slices.size() - kMostLinks));
  return row(name, links.join(QStringLiteral("<br>")));
}

}  // namespace

SliceDetails details_of(Session& session, SliceRef slice) {
  LoadedTrace& loaded = session.trace(slice.trace);
  const Trace& trace = loaded.trace();
  const std::uint32_t k = slice.slice;
  SliceDetails details;
  details.name = slice_name(trace, k);
  details.lane = QString::fromStdString(lane_name(trace.lanes[trace.slices.lane[k]]));
  details.trace = loaded.name();
  details.facts = facts_of(trace, k);
  details.instants = instants_of(trace.slices, k);
  details.waits = waits_before(loaded, k);
  if (trace.slices.is_task(k)) find_holder(loaded, slice, details);
  details.producers = refs(slice.trace, producers_of(loaded, k));
  details.consumers = refs(slice.trace, consumers_of(loaded, k));
  const auto start = [&](SliceRef s) {
    return session.scene().traces[s.trace].map.to_axis(
        static_cast<double>(session.trace(s.trace).trace().slices.start[s.slice]));
  };
  const auto length = [&](SliceRef s) {
    const SliceColumns& c = session.trace(s.trace).trace().slices;
    return static_cast<double>(c.end[s.slice] - c.start[s.slice]);
  };
  for (const SliceRef p : session.partners(slice)) {
    details.partners.push_back(
        {p, session.trace(p.trace).name(), start(p) - start(slice), length(p) - length(slice)});
  }
  return details;
}

QString details_html(Session& session, const SliceDetails& details) {
  QString html = QStringLiteral("<h3>%1</h3><p>%2 · %3</p><table>")
                     .arg(details.name.toHtmlEscaped(), details.lane.toHtmlEscaped(),
                          details.trace.toHtmlEscaped());
  for (const auto& [name, value] : details.facts) html += row(name, value.toHtmlEscaped());
  html += QStringLiteral("</table><p><b>Times</b></p><table>");
  for (const InstantRow& instant : details.instants) {
    html += row(instant.name,
                instant_text(instant.at) +
                    (instant.since ? QStringLiteral("&nbsp;&nbsp;+") + duration_text(*instant.since)
                                   : QString()));
  }
  html += QStringLiteral("</table>");
  if (!details.held_by.isEmpty()) {
    html += QStringLiteral("<p><b>Held by</b> ") + details.held_by;
    if (details.holder) html += ' ' + link(session, *details.holder);
    html += QStringLiteral("</p>");
  }
  if (!details.waits.empty()) {
    html += QStringLiteral("<p><b>Its worker before it</b></p><table>");
    for (const WaitRow& wait : details.waits) html += row(wait.cause, duration_text(wait.length));
    html += QStringLiteral("</table>");
  }
  html += QStringLiteral("<table>") +
          links_row(session, QStringLiteral("<b>waited for</b>"), details.producers) +
          links_row(session, QStringLiteral("<b>released</b>"), details.consumers) +
          QStringLiteral("</table>");
  for (const SliceDetails::Partner& p : details.partners) {
    html += QStringLiteral("<p><b>In %1</b> %2: start %3, length %4</p>")
                .arg(p.trace.toHtmlEscaped(), link(session, p.slice), signed_duration(p.later),
                     signed_duration(p.longer));
  }
  return html;
}

std::optional<SliceRef> slice_of_link(const QString& link) {
  const QStringList parts = link.split(':');
  if (parts.size() != 3 || parts[0] != QStringLiteral("slice")) return std::nullopt;
  return SliceRef{parts[1].toUInt(), parts[2].toUInt()};
}

}  // namespace mk::gui
