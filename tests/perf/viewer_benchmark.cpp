// What the viewer's pictures cost: p50 and p95 of whole frames at 1920x1080 on 136 lanes, at
// several zooms, and of what the panels ask for. Every frame is drawn anew.
//
// usage: viewer_benchmark [MILLION_SLICES ...]   [2]
#include <fmt/format.h>

#include <QGuiApplication>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>

#include "gui/model/area_table.h"
#include "gui/model/loader.h"
#include "gui/model/search.h"
#include "gui/model/session.h"
#include "gui/timeline/fonts.h"
#include "gui/timeline/picture.h"
#include "tests/perf/viewer_traces.h"
#include "traces/sqlite_file.h"

namespace mk::gui {
namespace {

const QSize kSize(1920, 1080);

double now_ms() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double, std::milli>(Clock::now().time_since_epoch()).count();
}

// Processor time of all threads: what a machine that others use too does not change.
double cpu_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Times {
  std::vector<double> ms{};
  double cpu = 0;  // mean
};

void report(const std::string& what, Times times) {
  std::vector<double>& ms = times.ms;
  std::sort(ms.begin(), ms.end());
  fmt::print("{:<52} p50 {:7.2f}   p95 {:7.2f}   max {:7.2f} ms   processor {:7.2f} ms\n", what,
             ms[ms.size() / 2], ms[ms.size() * 95 / 100], ms.back(), times.cpu);
  std::fflush(stdout);
}

Times repeat(int times, const std::function<void(int)>& work) {
  Times measured;
  std::vector<double>& ms = measured.ms;
  const double cpu = cpu_ms();
  for (int k = 0; k < times; ++k) {
    const double begin = now_ms();
    work(k);
    ms.push_back(now_ms() - begin);
  }
  measured.cpu = (cpu_ms() - cpu) / times;
  return measured;
}

void frames(Session& session, const std::string& what) {
  PictureCache cache(text_font(kPlotFontSize));
  QImage image(kSize, QImage::Format_RGB32);
  const Layout layout = picture_layout(session.scene(), kSize, {}, cache);
  Arrangement arrangement = session.arrangement();
  arrangement.row_height =
      std::max(3, (layout.plot_height() - 20) / static_cast<int>(kViewerLanes * session.size()));
  session.set_arrangement(arrangement);
  const Scene& scene = session.scene();
  const auto draw = [&](const Viewport& view) {
    QPainter painter(&image);
    draw_picture(painter, scene, view, {}, kSize, {}, cache);
  };
  draw({fitted(scene.range, layout.plot_width()), 0});
  for (const double part : {1.0, 0.3, 0.1, 0.03, 0.01, 0.001, 0.0001}) {
    const Times times = repeat(25, [&](int k) {
      // A little wider each time, so that nothing is answered from the cache.
      const double length = scene.range.length() * part * (1 + k * 1e-3);
      const double start = scene.range.start + (scene.range.length() - length) * 0.37;
      draw({fitted({start, start + length}, layout.plot_width()), 0});
    });
    report(fmt::format("{}, {:g} % of the time in sight", what, part * 100), times);
  }
  Viewport view{fitted(scene.range, layout.plot_width()), 0};
  report(what + ", 600 frames of zooming and panning", repeat(600, [&](int k) {
           view.window = k % 3 == 0
                             ? panned(view.window, 7)
                             : zoomed(view.window, k % 200 < 100 ? 0.93 : 1 / 0.93, 700, 1e9);
           draw(view);
         }));
}

void panels(Session& session, std::size_t slices) {
  const Area all{session.scene().range, 0, session.scene().rows.size() - 1};
  report("area table over everything", repeat(10, [&](int) { area_rows(session, all); }));
  report("search", repeat(10, [&](int) { search(session, "gate_up[3]"); }));
  const Mip& mip = *session.scene().traces[0].layer->mip;
  const auto count = static_cast<double>(slices);
  fmt::print("bytes a slice: trace {:.1f}, colours and pyramid {:.1f}\n",
             static_cast<double>(session.trace(0).trace().slices.bytes()) / count,
             1 + static_cast<double>(mip.bytes()) / count);
}

void give_up(const Error& error) { fmt::print(stderr, "{}\n", error.message); }

// From the file to the first picture; then until everything is there: as the window's loader does
// it.
void first_paint(const Trace& trace) {
  const auto path = (std::filesystem::temp_directory_path() / "viewer_benchmark.db").string();
  if (const Status written = write_trace(trace, path, {.intervals = false, .indexes = false});
      !written)
    return give_up(written.error());
  std::vector<double> painted;
  std::vector<double> whole;
  for (int k = 0; k < 3; ++k) {
    const double begin = now_ms();
    Session session;
    Loader loader(session.operators());
    bool is_done = false;
    loader.on_opened = [&](std::unique_ptr<LoadedTrace> opened) {
      session.add(std::move(opened));
      const Viewport view{fitted(session.scene().range, 1770), 0};
      draw_picture(session.scene(), view, {}, kSize, {}, text_font(kPlotFontSize));
      painted.push_back(now_ms() - begin);
    };
    loader.on_completed = [&](WholeTrace) {
      whole.push_back(now_ms() - begin);
      is_done = true;
    };
    loader.on_failed = [&](const QString&, const Error& error) {
      give_up(error);
      is_done = true;
    };
    loader.open(QString::fromStdString(path));
    while (!is_done) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
  }
  std::filesystem::remove(path);
  report("file to first picture", {painted, 0});
  report("file to everything", {whole, 0});
}

int run(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  const QGuiApplication application(argc, argv);
  load_fonts();
  std::vector<double> millions;
  for (int k = 1; k < argc; ++k) millions.push_back(std::atof(argv[k]));
  if (millions.empty()) millions = {2};
  for (const double million : millions) {
    const auto slices = static_cast<std::size_t>(million * 1e6);
    Session session;
    session.set_arrangement({});
    {
      const auto trace = std::make_shared<const Trace>(viewer_trace(slices, 1));
      if (million <= 4) first_paint(*trace);
      session.add(std::make_unique<LoadedTrace>("one", std::string(), trace));
    }
    report("colours and pyramid", repeat(1, [&](int) { session.scene(); }));
    frames(session, fmt::format("{} M slices", million));
    panels(session, slices);
    if (million > 4) continue;
    const auto second = std::make_shared<const Trace>(viewer_trace(slices, 2));
    session.add(std::make_unique<LoadedTrace>("two", std::string(), second));
    frames(session, fmt::format("2 x {} M slices compared", million));
  }
  return 0;
}

}  // namespace
}  // namespace mk::gui

int main(int argc, char** argv) { return mk::gui::run(argc, argv); }
