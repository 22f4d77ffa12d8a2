// A trace file read in two steps, so that a viewer can draw before everything is there.
//
//   Result<TraceReader> reader = TraceReader::open(path);
//   Result<Trace> trace = reader->outline();      // draw it
//   Status status = reader->complete(*trace);     // then what details ask for
//
// One read transaction spans both steps, so they see the same file whatever happens to its name.
// One thread at a time; while outline() runs, a thread of the reader's own reads ahead for
// complete() where it can be sure to see the same (instants_ahead.h). read_trace() (sqlite_file.h)
// does both in one pass, in one thread: less work.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "traces/trace.h"

namespace mk {

namespace sqlite {
class Database;
}

class InstantsAhead;

class TraceReader {
 public:
  // Errors as read_trace(): each names the file and the place.
  static Result<TraceReader> open(const std::string& path);

  TraceReader(TraceReader&&) noexcept;
  TraceReader& operator=(TraceReader&&) noexcept;
  ~TraceReader();

  // Hears, from now on and on the caller's thread, which part of the step under way is done, 0
  // .. 1; where it answers false the step ends with "interrupted" (kStuck) and the trace is of no
  // use.
  void set_progress(std::function<bool(double part)> progress) { progress_ = std::move(progress); }

  // Everything but activations, intervals, counters, flows, details, and of the slices all columns
  // but lane, task, iteration, name, start and end: those are kNotTaken. All invariants of Trace
  // hold.
  Result<Trace> outline();

  // Fills in the rest. Requires: `trace` is the outline that this reader gave, or a copy of it.
  // After an error the trace is of no use.
  Status complete(Trace& trace);

  // Both at once.
  Result<Trace> whole();

 private:
  TraceReader(std::string path, std::unique_ptr<sqlite::Database> database, int version);

  std::string path_;
  std::unique_ptr<sqlite::Database> database_;
  int version_;  // of the schema
  std::function<bool(double part)> progress_{};
  std::unique_ptr<InstantsAhead> ahead_{};
};

}  // namespace mk
