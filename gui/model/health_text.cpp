#include "gui/model/health_text.h"

#include "gui/timeline/time_text.h"
#include "traces/clock_text.h"

namespace mk::gui {
namespace {

QString meta(const Trace& trace, const char* key) {
  const auto found = trace.meta.find(key);
  return found == trace.meta.end() ? QString() : QString::fromStdString(found->second);
}

QString one(const LoadedTrace& loaded) {
  const Trace& trace = loaded.trace();
  QString html =
      QStringLiteral(
          "<p><b>%1</b> %2, %3, policy %4, %5 workers, %6 schedulers; %7 slices, %8 "
          "iterations, %9<br>")
          .arg(loaded.name().toHtmlEscaped(), meta(trace, "source").toHtmlEscaped(),
               meta(trace, "model").toHtmlEscaped(), meta(trace, "policy").toHtmlEscaped(),
               meta(trace, "workers").toHtmlEscaped(), meta(trace, "schedulers").toHtmlEscaped(),
               count_text(trace.slices.size()), count_text(trace.iterations.size()),
               duration_text(loaded.range().length()));
  html +=
      QString::fromStdString(clock_text(trace)).replace(QLatin1Char('\n'), QStringLiteral("<br>"));
  if (trace.health.empty()) html += QStringLiteral("Nothing is known to be wrong with it.");
  for (const HealthRecord& h : trace.health) {
    html += QStringLiteral("⚠ %1 × %2: %3<br>")
                .arg(h.count)
                .arg(QString::fromStdString(h.kind).toHtmlEscaped(),
                     QString::fromStdString(h.message).toHtmlEscaped());
  }
  return html + QStringLiteral("</p>");
}

}  // namespace

QString traces_html(Session& session) {
  QString html;
  for (std::size_t t = 0; t < session.size(); ++t) html += one(session.trace(t));
  for (std::size_t t = 1; t < session.size(); ++t) {
    const auto matching = session.matching(t);
    if (matching == nullptr) continue;
    for (const std::string& note : matching->notes) {
      html +=
          QStringLiteral("<p>%1 and %2: %3</p>")
              .arg(session.trace(0).name().toHtmlEscaped(), session.trace(t).name().toHtmlEscaped(),
                   QString::fromStdString(note).toHtmlEscaped());
    }
  }
  return html;
}

}  // namespace mk::gui
