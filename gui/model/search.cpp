#include "gui/model/search.h"

#include <QStringList>
#include <algorithm>
#include <string>

namespace mk::gui {
namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool holds_all(const std::string& name, const std::vector<std::string>& words) {
  const std::string small = lower(name);
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return small.find(word) != std::string::npos;
  });
}

// Which tasks of each graph and which names match: looked at once, not once a slice.
class Matcher {
 public:
  Matcher(const Trace& trace, const std::vector<std::string>& words) : trace_(trace) {
    for (const TraceGraph& graph : trace.graphs) {
      std::vector<char>& tasks = tasks_.emplace_back(graph.task_count());
      for (std::uint32_t t = 0; t < graph.task_count(); ++t)
        tasks[t] = holds_all(graph.task_name(t), words) ? 1 : 0;
    }
    for (const std::string& name : trace.strings) names_.push_back(holds_all(name, words) ? 1 : 0);
  }

  bool operator()(std::size_t slice) const {
    const SliceColumns& s = trace_.slices;
    if (!s.is_task(slice)) return names_[s.name[slice]] != 0;
    return tasks_[trace_.iterations[s.iteration[slice]].graph][s.task[slice]] != 0;
  }

 private:
  const Trace& trace_;
  std::vector<std::vector<char>> tasks_{};
  std::vector<char> names_{};
};

double start_of(Session& session, SliceRef slice) {
  const SliceColumns& s = session.trace(slice.trace).trace().slices;
  return session.scene().traces[slice.trace].map.to_axis(static_cast<double>(s.start[slice.slice]));
}

}  // namespace

Found search(Session& session, const QString& text, std::size_t most) {
  std::vector<std::string> words;
  for (const QString& word : text.split(' ', Qt::SkipEmptyParts))
    words.push_back(lower(word.toStdString()));
  Found found;
  if (words.empty()) return found;
  for (std::uint32_t t = 0; t < session.size(); ++t) {
    const Trace& trace = session.trace(t).trace();
    const Matcher matches(trace, words);
    for (std::size_t k = 0; k < trace.slices.size(); ++k) {
      if (!matches(k)) continue;
      ++found.count;
      if (found.slices.size() < most) found.slices.push_back({t, static_cast<std::uint32_t>(k)});
    }
  }
  return found;
}

std::optional<SliceRef> next_found(Session& session, const std::vector<SliceRef>& slices,
                                   const SearchFrom& from, bool forward) {
  using Place = std::pair<double, SliceRef>;
  constexpr SliceRef kLast{kNoIndex, kNoIndex};
  const Place here = from.slice ? Place(start_of(session, *from.slice), *from.slice)
                                : Place(from.time, forward ? kLast : SliceRef{});
  std::optional<Place> best;
  std::optional<Place> other_end;
  const auto is_nearer = [&](const Place& a, const std::optional<Place>& b) {
    return !b || (forward ? a < *b : *b < a);
  };
  for (const SliceRef slice : slices) {
    const Place place(start_of(session, slice), slice);
    if (is_nearer(place, other_end)) other_end = place;
    const bool is_ahead = forward ? here < place : place < here;
    if (is_ahead && is_nearer(place, best)) best = place;
  }
  if (!best) best = other_end;
  return best ? std::optional(best->second) : std::nullopt;
}

}  // namespace mk::gui
