// SQL on an open trace's file: read only, in a thread of its own, to be stopped at any time.
#pragma once

#include <QThreadPool>
#include <QWidget>
#include <memory>

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
  // Stops what runs.
  ~SqlPanel() override;

  void session_changed();
  void set_query(const QString& sql);
  void run();
  void stop();
  bool is_running() const { return running_ != nullptr; }
  QString message() const;
  const TextModel& model() const { return *model_; }

 private:
  void finished(const std::shared_ptr<QueryConnection>& connection, Result<QueryTable> result);

  Session& session_;
  QComboBox* file_ = nullptr;
  QPlainTextEdit* text_ = nullptr;
  QPushButton* run_ = nullptr;
  QPushButton* stop_ = nullptr;
  QLabel* message_ = nullptr;
  TextModel* model_ = nullptr;
  std::shared_ptr<QueryConnection> running_{};
  QThreadPool pool_{};
};

}  // namespace mk::gui
