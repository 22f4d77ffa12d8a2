// SQL on an open trace's file: read only, in a thread of its own, to be stopped at any time, here
// or by whoever cancels background().
#pragma once

#include <QWidget>

#include "gui/model/background.h"
#include "gui/model/session.h"
#include "traces/query.h"

class QComboBox;
class QLabel;
class QPlainTextEdit;
class QPushButton;

namespace mk::gui {

class TextModel;

class SqlPanel : public QWidget {
 public:
  explicit SqlPanel(Session& session, QWidget* parent = nullptr);
  void session_changed();
  void set_query(const QString& sql);
  void run();
  void stop() { background_.cancel(); }
  bool is_running() const { return is_running_; }
  Background& background() { return background_; }
  QString message() const;
  const TextModel& model() const { return *model_; }

 private:
  void show_running(bool running);
  void finished(Result<QueryTable> result);

  Session& session_;
  QComboBox* file_ = nullptr;
  QPlainTextEdit* text_ = nullptr;
  QPushButton* run_ = nullptr;
  QPushButton* stop_ = nullptr;
  QLabel* message_ = nullptr;
  TextModel* model_ = nullptr;
  bool is_running_ = false;
  Background background_{RunIn::kThread};
};

}  // namespace mk::gui
