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
#include <random>

#include "gui/model/area_table.h"
#include "gui/model/search.h"
#include "gui/model/session.h"
#include "gui/timeline/fonts.h"
#include "gui/timeline/picture.h"
#include "traces/sqlite_file.h"
#include "traces/trace_reader.h"

namespace mk::gui {
namespace {

constexpr std::uint32_t kLanes = 136;
constexpr std::uint32_t kOperators = 10;
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

// One graph of ten operators; lanes busy nine tenths of their time, lengths spread by half.
TraceGraph graph_of(std::uint32_t tasks) {
  TraceGraph graph;
  const char* names[kOperators] = {"input_norm", "qkv",      "attention", "o_proj",     "post_norm",
                                   "gate_up",    "silu_mul", "down",      "final_norm", "lm_head"};
  for (const char* name : names)
    graph.operators.push_back({name, TaskKind::kLinear, 0, 0, tasks / kOperators});
  graph.classes.emplace_back();
  for (std::uint32_t t = 0; t < tasks; ++t) {
    graph.tasks.op.push_back(t % kOperators);
    graph.tasks.tile.push_back(t / kOperators);
    graph.tasks.dependent_event.push_back(0);
    graph.tasks.triggering_event.push_back(1);
    graph.tasks.task_class.push_back(0);
    graph.tasks.kind.push_back(TaskKind::kLinear);
    graph.tasks.label.push_back(LaunchLabel::kAot);
  }
  graph.events = {{1, tasks}, {0, tasks}, {tasks, tasks}, {0, 0}};
  return graph;
}

Trace trace_of(std::size_t slices, std::uint32_t seed) {
  Trace trace;
  const auto a_lane = static_cast<std::uint32_t>(slices / kLanes);
  const std::uint32_t tasks = 8160;  // a lane does 60 of them an iteration
  const std::uint32_t an_iteration = tasks / kLanes;
  const std::uint32_t iterations = a_lane / an_iteration;
  trace.graphs.push_back(graph_of(tasks));
  trace.meta = {{"source", "simulated"},      {"policy", "static"},
                {"placement", "round-robin"}, {"jit_placement", "in_turn"},
                {"blocking_fifo", "0"},       {"workers", std::to_string(kLanes)},
                {"schedulers", "0"}};
  trace.roles = {kLanes, 0};
  trace.policy.kind = PolicyKind::kStatic;
  std::mt19937 engine(seed);
  SliceColumns& s = trace.slices;
  s.resize(std::size_t{iterations} * tasks);
  std::size_t k = 0;
  Nanoseconds last = 0;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    trace.lanes.push_back({LaneKind::kWorker, 0, lane, lane, {}});
    Nanoseconds time = 0;
    for (std::uint32_t i = 0; i < iterations; ++i) {
      for (std::uint32_t j = 0; j < an_iteration; ++j, ++k) {
        s.lane[k] = lane;
        s.task[k] = j * kLanes + lane;
        s.iteration[k] = i;
        s.name[k] = kNoIndex;
        s.ready[k] = time + static_cast<Nanoseconds>(engine() % 200);
        s.start[k] = s.ready[k] + static_cast<Nanoseconds>(engine() % 300);
        s.end[k] = s.start[k] + 1500 + static_cast<Nanoseconds>(engine() % 4000);
        s.notified[k] = s.end[k] + 50;
        time = s.notified[k];
      }
    }
    last = std::max(last, time);
  }
  for (std::uint32_t i = 0; i < iterations; ++i) {
    IterationRecord iteration;
    iteration.start = last / iterations * i;
    iteration.end = last / iterations * (i + 1);
    iteration.state = decode_step(1, 1024);
    trace.iterations.push_back(iteration);
  }
  return trace;
}

void frames(Session& session, const std::string& what) {
  PictureCache cache(text_font(kPlotFontSize));
  QImage image(kSize, QImage::Format_RGB32);
  const Layout layout = picture_layout(session.scene(), kSize, {}, cache);
  Arrangement arrangement = session.arrangement();
  arrangement.row_height =
      std::max(3, (layout.plot_height() - 20) / static_cast<int>(kLanes * session.size()));
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
  fmt::print("bytes a slice: trace {:.1f}, colours and pyramid {:.1f}\n", 4 * 4 + 9 * 8 + 1.0,
             1 + static_cast<double>(mip.bytes()) / static_cast<double>(slices));
}

void give_up(const Error& error) { fmt::print(stderr, "{}\n", error.message); }

// From the file to the first picture; then until everything is there.
void first_paint(const Trace& trace) {
  const auto path = (std::filesystem::temp_directory_path() / "viewer_benchmark.db").string();
  if (const Status written = write_trace(trace, path, {.intervals = false, .indexes = false});
      !written)
    return give_up(written.error());
  std::vector<double> painted;
  std::vector<double> whole;
  for (int k = 0; k < 3; ++k) {
    const double begin = now_ms();
    Result<TraceReader> reader = TraceReader::open(path);
    if (!reader) return give_up(reader.error());
    Result<Trace> outline = reader->outline();
    if (!outline) return give_up(outline.error());
    Session session;
    session.add(std::make_unique<LoadedTrace>("t", path, std::make_shared<const Trace>(*outline)));
    const Viewport view{fitted(session.scene().range, 1770), 0};
    draw_picture(session.scene(), view, {}, kSize, {}, text_font(kPlotFontSize));
    painted.push_back(now_ms() - begin);
    if (const Status completed = reader->complete(*outline); !completed)
      return give_up(completed.error());
    OperatorPalette operators;
    make_layer(*outline, ColorBy::kOperator, operators);
    make_layer(*outline, ColorBy::kCause, operators);
    whole.push_back(now_ms() - begin);
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
      const auto trace = std::make_shared<const Trace>(trace_of(slices, 1));
      if (million <= 4) first_paint(*trace);
      session.add(std::make_unique<LoadedTrace>("one", std::string(), trace));
    }
    report("colours and pyramid", repeat(1, [&](int) { session.scene(); }));
    frames(session, fmt::format("{} M slices", million));
    panels(session, slices);
    if (million > 4) continue;
    const auto second = std::make_shared<const Trace>(trace_of(slices, 2));
    session.add(std::make_unique<LoadedTrace>("two", std::string(), second));
    frames(session, fmt::format("2 x {} M slices compared", million));
  }
  return 0;
}

}  // namespace
}  // namespace mk::gui

int main(int argc, char** argv) { return mk::gui::run(argc, argv); }
