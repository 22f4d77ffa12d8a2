// A recorded minute of zooming, panning, hovering and selecting, replayed as fast as it goes: what
// each event and the repaint after it cost in a window of 1920x1080 on 136 lanes.
//
// usage: input_benchmark [MILLION_SLICES [FILE]]   [2, tests/perf/input/minute.input]
//
// FILE is what `megascope-gui --record-input FILE` wrote. Exit status 1 iff a frame took longer
// than 33 ms.
#include <fmt/format.h>

#include <QApplication>
#include <QWindow>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>

#include "gui/app/window_program.h"
#include "gui/timeline/fonts.h"
#include "gui/view/input_log.h"
#include "gui/view/timeline_view.h"
#include "tests/perf/viewer_traces.h"
#include "tests/support/source_dir.h"

namespace mk::gui {
namespace {

constexpr double kLongestFrame = 33;  // ms

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void report(const std::string& what, std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  fmt::print("{:<12} {:5} frames   p50 {:6.2f}   p95 {:6.2f}   max {:6.2f} ms\n", what, ms.size(),
             ms[ms.size() / 2], ms[ms.size() * 95 / 100], ms.back());
}

// Times by kind of event.
std::map<std::string, std::vector<double>> replay(TimelineView& timeline,
                                                  const std::vector<InputEvent>& events) {
  std::map<std::string, std::vector<double>> times;
  InputReplay input(timeline);
  for (const InputEvent& event : events) {
    const std::string kind = line_of(event).section(' ', 1, 1).toStdString();
    const Clock::time_point begin = Clock::now();
    input.send(event);
    timeline.repaint();
    const double ms = ms_since(begin);
    times[kind].push_back(ms);
    times["all"].push_back(ms);
  }
  return times;
}

int run(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  const QApplication application(argc, argv);
  load_fonts();
  style_application(ThemeName::kDark);
  const double million = argc > 1 ? std::atof(argv[1]) : 2;
  const QString file =
      argc > 2 ? QString::fromLocal8Bit(argv[2])
               : QString::fromStdString(source_dir() + "/tests/perf/input/minute.input");
  const Result<std::vector<InputEvent>> events = read_input(file);
  if (!events) {
    fmt::print(stderr, "input_benchmark: {}\n", events.error().message);
    return 2;
  }
  Session session;
  const auto slices = static_cast<std::size_t>(million * 1e6);
  session.add(std::make_unique<LoadedTrace>(
      "one", std::string(), std::make_shared<const Trace>(viewer_trace(slices, 1))));
  for (const ColorBy by : {ColorBy::kOperator, ColorBy::kCause})
    session.trace(0).layer(by, *session.operators());
  session.trace(0).index();  // as the loader leaves it
  TimelineView timeline(session);
  timeline.resize(1920, 1080);
  timeline.show();
  timeline.session_changed();
  // Before that nothing is painted, however often it is asked for.
  while (!timeline.windowHandle()->isExposed())
    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
  timeline.repaint();
  if (timeline.cache().minimaps_drawn == 0) {
    fmt::print(stderr, "input_benchmark: nothing is painted\n");
    return 2;
  }
  const auto times = replay(timeline, *events);
  for (const auto& [kind, ms] : times) report(kind, ms);
  const std::vector<double>& all = times.at("all");
  const auto late =
      std::count_if(all.begin(), all.end(), [](double ms) { return ms > kLongestFrame; });
  fmt::print("{} events of {:.0f} s, {} over {:.0f} ms\n", all.size(), events->back().at_ms / 1e3,
             late, kLongestFrame);
  return late == 0 ? 0 : 1;
}

}  // namespace
}  // namespace mk::gui

int main(int argc, char** argv) { return mk::gui::run(argc, argv); }
