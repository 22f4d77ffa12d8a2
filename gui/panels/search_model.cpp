#include "gui/panels/search_model.h"

#include <algorithm>

#include "gui/timeline/names.h"
#include "gui/timeline/time_text.h"

namespace mk::gui {
namespace {
enum Column { kName, kStart, kLength, kLane, kTrace, kColumnCount };
constexpr const char* kTitles[] = {"name", "start", "length", "lane", "trace"};
}  // namespace

SearchModel::SearchModel(Session& session, QObject* parent)
    : QAbstractTableModel(parent), session_(session) {}

void SearchModel::set_found(Found found) {
  beginResetModel();
  found_ = std::move(found);
  endResetModel();
}

int SearchModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(found_.slices.size());
}

int SearchModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumnCount;
}

QVariant SearchModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || role != Qt::DisplayRole) return {};
  const SliceRef ref = slice(index.row());
  if (ref.trace >= session_.size()) return {};
  const LoadedTrace& loaded = session_.trace(ref.trace);
  const Trace& trace = loaded.trace();
  const SliceColumns& s = trace.slices;
  switch (index.column()) {
    case kName:
      return slice_name(trace, ref.slice);
    case kStart:
      return instant_text(s.start[ref.slice]);
    case kLength:
      return duration_text(static_cast<double>(s.end[ref.slice] - s.start[ref.slice]));
    case kLane:
      return QString::fromStdString(lane_name(trace.lanes[s.lane[ref.slice]]));
    default:
      return loaded.name();
  }
}

QVariant SearchModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section < 0 ||
      section >= kColumnCount)
    return {};
  return QString::fromUtf8(kTitles[section]);
}

void SearchModel::sort(int column, Qt::SortOrder order) {
  if (column < 0 || column >= kColumnCount) return;
  const auto less = [&](SliceRef a, SliceRef b) {
    const SliceColumns& x = session_.trace(a.trace).trace().slices;
    const SliceColumns& y = session_.trace(b.trace).trace().slices;
    switch (column) {
      case kStart:
        return x.start[a.slice] < y.start[b.slice];
      case kLength:
        return x.end[a.slice] - x.start[a.slice] < y.end[b.slice] - y.start[b.slice];
      case kLane:
        return x.lane[a.slice] < y.lane[b.slice];
      case kName:
        return x.task[a.slice] < y.task[b.slice];
      default:
        return a.trace < b.trace;
    }
  };
  emit layoutAboutToBeChanged();
  std::stable_sort(found_.slices.begin(), found_.slices.end(), [&](SliceRef a, SliceRef b) {
    return order == Qt::AscendingOrder ? less(a, b) : less(b, a);
  });
  emit layoutChanged();
}

}  // namespace mk::gui
