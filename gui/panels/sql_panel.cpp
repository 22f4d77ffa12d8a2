#include "gui/panels/sql_panel.h"

#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QShortcut>
#include <QTableView>
#include <QVBoxLayout>
#include <memory>

#include "gui/panels/area_panel.h"
#include "gui/panels/text_model.h"
#include "gui/timeline/fonts.h"

namespace mk::gui {
namespace {
constexpr std::size_t kMostRows = 100'000;
constexpr const char* kExample =
    "SELECT o.name, count(*) AS tasks, sum(s.end_ns - s.start_ns) AS total_ns\n"
    "FROM slice s JOIN iteration i ON i.id = s.iteration JOIN task t ON t.graph = i.graph AND t.id "
    "= s.task\n"
    "JOIN operator o ON o.graph = t.graph AND o.id = t.operator GROUP BY 1 ORDER BY 3 DESC";
}  // namespace

SqlPanel::SqlPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  file_ = new QComboBox(this);
  text_ = new QPlainTextEdit(QString::fromUtf8(kExample), this);
  text_->setFont(fixed_font(kPlotFontSize));
  text_->setFixedHeight(56);
  run_ = new QPushButton(QStringLiteral("Run"), this);
  run_->setToolTip(QStringLiteral("Ctrl+Return"));
  stop_ = new QPushButton(QStringLiteral("Stop"), this);
  auto* copy = new QPushButton(QStringLiteral("Copy as CSV"), this);
  message_ = new QLabel(this);
  model_ = new TextModel(this);
  auto* buttons = new QHBoxLayout();
  buttons->addWidget(file_);
  buttons->addWidget(run_);
  buttons->addWidget(stop_);
  buttons->addWidget(copy);
  buttons->addWidget(message_, 1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addWidget(text_);
  layout->addLayout(buttons);
  layout->addWidget(make_table(model_, this), 1);
  connect(run_, &QPushButton::clicked, this, [this] { run(); });
  connect(stop_, &QPushButton::clicked, this, [this] { stop(); });
  connect(copy, &QPushButton::clicked, this,
          [this] { QGuiApplication::clipboard()->setText(model_->csv()); });
  auto* shortcut = new QShortcut(QKeySequence(Qt::CTRL | Qt::Key_Return), this);
  shortcut->setContext(Qt::WidgetWithChildrenShortcut);
  connect(shortcut, &QShortcut::activated, this, [this] { run(); });
  connect(&background_, &Background::cancelled, this, [this] {
    show_running(false);
    message_->setText(QStringLiteral("interrupted"));
  });
  show_running(false);
}

void SqlPanel::session_changed() {
  const QString chosen = file_->currentData().toString();
  file_->clear();
  for (const LoadedTrace* trace : session_.traces()) {
    if (!trace->path().empty())
      file_->addItem(trace->name(), QString::fromStdString(trace->path()));
  }
  file_->setCurrentIndex(std::max(0, file_->findData(chosen)));
  run_->setEnabled(file_->count() > 0 && !is_running());
}

void SqlPanel::set_query(const QString& sql) { text_->setPlainText(sql); }
QString SqlPanel::message() const { return message_->text(); }

void SqlPanel::show_running(bool running) {
  is_running_ = running;
  run_->setEnabled(!running && file_->count() > 0);
  stop_->setEnabled(running);
}

void SqlPanel::run() {
  if (is_running() || file_->count() == 0) return;
  show_running(true);
  message_->setText(QStringLiteral("running …"));
  const std::string path = file_->currentData().toString().toStdString();
  background_.start({QStringLiteral("SQL")},
                    [this, path, sql = text_->toPlainText().toStdString()](const Job& job) {
                      const auto answer = [&]() -> Result<QueryTable> {
                        Result<QueryConnection> connection = QueryConnection::open(path);
                        if (!connection) return tl::unexpected(connection.error());
                        return connection->run(sql, kMostRows, [&job] { return job.is_wanted(); });
                      };
                      const auto result = std::make_shared<Result<QueryTable>>(answer());
                      job.deliver([this, result] { finished(std::move(*result)); });
                    });
}

void SqlPanel::finished(Result<QueryTable> result) {
  show_running(false);
  if (!result) return message_->setText(QString::fromStdString(result.error().message));
  message_->setText(result->is_cut ? QStringLiteral("the first %1 rows").arg(result->rows.size())
                                   : QStringLiteral("%1 rows").arg(result->rows.size()));
  model_->set_table(std::move(*result));
}

}  // namespace mk::gui
