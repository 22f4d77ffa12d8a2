#include "traces/instants_ahead.h"

#include <algorithm>
#include <string_view>

#include "traces/row_reader.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::Row;

bool keeps_a_log(Database& db) {
  bool is_wal = true;
  const Status status =
      sqlite::for_each_row(db, "PRAGMA journal_mode", "PRAGMA journal_mode",
                           [&](Row& row) { is_wal = row.text(0) == std::string_view("wal"); });
  return !status || is_wal;
}

}  // namespace

std::unique_ptr<InstantsAhead> InstantsAhead::start(Database& first, Database second) {
  if (first.has_moved() || second.has_moved() || keeps_a_log(first)) return nullptr;
  return std::unique_ptr<InstantsAhead>(new InstantsAhead(std::move(second)));
}

void InstantsAhead::read(const std::stop_token& stop) {
  instants_ = read_slice_instants(database_, [&](double part) {
    part_ = part;
    part_.notify_one();
    return !stop.stop_requested();
  });
  part_ = kEnded;
  part_.notify_one();
}

Result<SliceColumns> InstantsAhead::finish(const ReadProgress& progress) {
  for (;;) {
    const double part = part_;
    if (progress && !progress(std::min(part, 1.0)))
      return fail(ErrorCode::kStuck, "interrupted");  // the thread ends with this object
    if (part == kEnded) break;
    part_.wait(part);
  }
  thread_.join();
  return std::move(instants_);
}

}  // namespace mk
