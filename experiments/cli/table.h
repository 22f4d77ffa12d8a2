// Table: aligned columns of text for people. A column whose cells all look like numbers stands to
// the right.
#pragma once

#include <string>
#include <vector>

namespace mk::cli {

class Table {
 public:
  // Without a header: `Table({})`; the first row then says how many columns there are.
  explicit Table(std::vector<std::string> header);

  void add(std::vector<std::string> cells);

  // Ends with a newline; two spaces between columns, none at a line's end.
  std::string str() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_{};
};

}  // namespace mk::cli
