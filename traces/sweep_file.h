// The file of a sweep: one SQLite database that holds every finished point, so that a second run
// does only what is missing. traces/FORMAT.md specifies it.
//
// A SweepFile owns its file alone: another process that opens it meanwhile is refused by name. What
// `store` was told is on the disk once `flush` returned; a killed owner loses what came after.
// One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "traces/sweep_record.h"

namespace mk {

inline constexpr int kSweepSchemaVersion = 2;                    // PRAGMA user_version
inline constexpr std::int32_t kSweepApplicationId = 0x4d4b5357;  // application_id: "MKSW"

std::string sweep_tables_sql();

class SweepFile {
 public:
  // Opens, or makes, the file. Refused by name: what is no sweep file, one of another version, one
  // that another process owns, one whose columns are not those of the schema.
  static Result<SweepFile> open(const std::string& path);
  SweepFile(SweepFile&&) noexcept;
  SweepFile& operator=(SweepFile&&) noexcept;
  ~SweepFile();

  // All rows, in key order.
  Result<std::vector<SweepRow>> rows();

  // Replaces the row of the same point, if there is one.
  Status store(const SweepRow& row);
  Status flush();

 private:
  class Handles;
  explicit SweepFile(std::unique_ptr<Handles> handles);
  std::unique_ptr<Handles> handles_;
};

}  // namespace mk
