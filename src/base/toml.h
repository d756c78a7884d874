// Toml: typed reading of a settings file (TOML 1.0, toml++ beneath). Every complaint names file, line, setting and what
// was expected, and a setting that nobody asked for is a complaint too, so that a misspelt one is not ignored.
//
//   Toml file = *Toml::parse("gateway.toml", text);
//   settings.listen = file.root().text("listen", "127.0.0.1:7700");
//   for (TomlTable route : file.root().tables("route")) ...
//   if (Result<void> ok = file.finish(); !ok) ...
//
// Reading never fails midway: the first complaint is kept, the defaults are given, and finish() tells. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace weir::base {

class TomlTable {
 public:
  // Each takes the default when the setting is absent, and complains when it has another type or is out of range.
  std::string text(std::string_view name, std::string_view otherwise);
  std::int64_t integer(std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high);
  bool boolean(std::string_view name, bool otherwise);
  // "250ms", "5s", "2m", "1h": a whole number and a unit. Never negative.
  Duration duration(std::string_view name, Duration otherwise);
  std::vector<std::string> texts(std::string_view name);
  // Complains when it is absent.
  std::string required_text(std::string_view name);

  bool has(std::string_view name) const;
  // [name], empty if it is absent.
  TomlTable table(std::string_view name);
  // [[name]], in their order.
  std::vector<TomlTable> tables(std::string_view name);
  // The names of the tables below this one, [name.*], in the order of the file.
  std::vector<std::string> table_names() const;

  // For what only the caller can judge: "file:line: name: `why`" at the setting's place, or the table's if it is
  // absent.
  void complain(std::string_view name, std::string_view why);

 private:
  friend class Toml;
  struct Node;
  explicit TomlTable(std::shared_ptr<Node> node) : node_(std::move(node)) {}

  template <class T>
  std::optional<T> read(std::string_view name, std::string_view expected);

  std::shared_ptr<Node> node_;
};

class Toml {
 public:
  // `file` is for the complaints only.
  static Result<Toml> parse(std::string_view file, std::string_view text);

  TomlTable root() const { return root_; }
  // The first complaint, or a setting that was never read.
  Result<void> finish() const;

 private:
  explicit Toml(TomlTable root) : root_(std::move(root)) {}
  TomlTable root_;
};

// "250ms" as TomlTable::duration reads it.
std::optional<Duration> parse_duration(std::string_view text);

}  // namespace weir::base
