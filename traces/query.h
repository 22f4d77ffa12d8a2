// SQL on a trace or sweep file, for people: read only, bounded, and to be interrupted.
//
//   Result<QueryConnection> connection = QueryConnection::open(path);
//   Result<QueryTable> table = connection->run("SELECT kind, count(*) FROM lane GROUP BY 1", 1000);
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace mk {

namespace sqlite {
class Database;
}

struct QueryTable {
  std::vector<std::string> columns{};
  std::vector<std::vector<std::optional<std::string>>> rows{};  // none: NULL
  bool is_cut = false;                                          // there were more rows
};

class QueryConnection {
 public:
  // Opens read only: nothing that is asked changes the file.
  static Result<QueryConnection> open(const std::string& path);

  QueryConnection(QueryConnection&&) noexcept;
  QueryConnection& operator=(QueryConnection&&) noexcept;
  ~QueryConnection();

  // The first `most` rows of one statement. InvalidInput with SQLite's words for what it does not
  // understand; Stuck iff interrupt() came or `is_wanted`, asked all the while, answered false. One
  // thread at a time.
  Result<QueryTable> run(std::string_view sql, std::size_t most,
                         const std::function<bool()>& is_wanted = {});

  // Makes a run() that another thread is in end soon. Any thread, any time.
  void interrupt();

 private:
  explicit QueryConnection(std::unique_ptr<sqlite::Database> database);
  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace mk
