#include "traces/import.h"

#include "core/annotate.h"
#include "traces/sqlite_file.h"

namespace mk {

Result<Imported> import_trace(const std::string& path) {
  const Annotation phase("import");
  return is_sqlite_file(path) ? import_nsight(path) : import_chrome(path);
}

}  // namespace mk
