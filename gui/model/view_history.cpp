#include "gui/model/view_history.h"

namespace mk::gui {
namespace {
constexpr std::size_t kMostSteps = 200;
}  // namespace

void ViewHistory::go(const Viewport& view) {
  if (view == view_) return;
  past_.push_back(view_);
  if (past_.size() > kMostSteps) past_.erase(past_.begin());
  future_.clear();
  view_ = view;
}

void ViewHistory::undo() {
  if (past_.empty()) return;
  future_.push_back(view_);
  view_ = past_.back();
  past_.pop_back();
}

void ViewHistory::redo() {
  if (future_.empty()) return;
  past_.push_back(view_);
  view_ = future_.back();
  future_.pop_back();
}

}  // namespace mk::gui
