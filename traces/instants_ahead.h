// The instants of slices, read on a connection and in a thread of their own while another
// connection reads the outline. Used inside traces/ only.
//
//   std::unique_ptr<InstantsAhead> ahead = InstantsAhead::start(first, std::move(second));
//   ...                                                     // read the outline from `first`
//   Result<SliceColumns> instants = ahead->finish(progress);
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "core/result.h"
#include "traces/database.h"
#include "traces/read_slices.h"
#include "traces/trace.h"

namespace mk {

class InstantsAhead {
 public:
  // Requires: both were opened by one name, and each has read within a transaction that is open.
  // Null iff they may see different things: the name stood for two files, or the file keeps a
  // write-ahead log, which lets a writer come between them.
  static std::unique_ptr<InstantsAhead> start(sqlite::Database& first, sqlite::Database second);

  // What read_slice_instants() gives; once. `progress` is asked on the caller's thread.
  Result<SliceColumns> finish(const ReadProgress& progress);

 private:
  static constexpr double kEnded = 2;

  explicit InstantsAhead(sqlite::Database database) : database_(std::move(database)) {}
  void read(const std::stop_token& stop);

  sqlite::Database database_;
  Result<SliceColumns> instants_{};
  std::atomic<double> part_ = 0;  // kEnded: instants_ is there
  std::jthread thread_{[this](const std::stop_token& stop) { read(stop); }};  // last: it ends first
};

}  // namespace mk
