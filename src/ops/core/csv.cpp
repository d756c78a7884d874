#include "ops/core/csv.h"

namespace weir::ops {

using base::reject;
using base::Result;

Result<void> split_csv(std::string_view line, std::vector<std::string>& fields) {
  std::size_t used = 0;
  std::size_t at = 0;
  while (true) {
    if (used == fields.size()) fields.emplace_back();
    std::string& field = fields[used++];
    field.clear();
    if (at < line.size() && line[at] == '"') {
      ++at;
      while (true) {
        const std::size_t quote = line.find('"', at);
        if (quote == std::string_view::npos) return reject("a quoted field is not closed");
        field.append(line, at, quote - at);
        at = quote + 1;
        if (at == line.size() || line[at] != '"') break;
        field += '"';
        ++at;
      }
      if (at < line.size() && line[at] != ',') return reject("text after a quoted field");
    } else {
      const std::size_t end = std::min(line.find(',', at), line.size());
      const std::string_view text = line.substr(at, end - at);
      if (text.find('"') != std::string_view::npos) return reject("a quote inside an unquoted field");
      field.assign(text);
      at = end;
    }
    if (at == line.size()) break;
    ++at;
  }
  fields.resize(used);
  return {};
}

}  // namespace weir::ops
