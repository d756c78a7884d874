#include "base/toml.h"

#include <set>

#include <stdexcept>

#include <fmt/format.h>

// Some malformed files ("[[[") run into assertions of the parser. They are input, not a programmer's error: an
// exception makes them a complaint like any other.
namespace weir::base {
namespace {
constexpr void expect_of_toml(bool expectation, const char* text) {
  if (!expectation) throw std::logic_error(text);
}
}  // namespace
}  // namespace weir::base
#define TOML_ASSERT(expression) ::weir::base::expect_of_toml(static_cast<bool>(expression), #expression)
#include <toml++/toml.h>

#include "base/bytes.h"

namespace weir::base {

struct TomlTable::Node {
  // One for the whole file.
  struct File {
    std::string name;
    toml::table root;
    std::optional<Error> complaint;
    std::set<const toml::node*> read;
  };

  std::shared_ptr<File> file;
  const toml::table* table;  // Null: absent; everything in it has its default.

  const toml::node* find(std::string_view name) const {
    const toml::node* node = table == nullptr ? nullptr : table->get(name);
    if (node != nullptr) file->read.insert(node);
    return node;
  }
  void complain(const toml::node* at, std::string_view name, std::string_view why) {
    if (file->complaint) return;
    const toml::node* place = at != nullptr ? at : table;
    const auto line = place == nullptr ? 1 : place->source().begin.line;
    file->complaint = reject(fmt::format("{}:{}: {}: {}", file->name, std::max(line, 1u), name, why));
  }
  // The first setting below `from` that was never read.
  const toml::node* unread(const toml::table& from, std::string& name) const;
};

const toml::node* TomlTable::Node::unread(const toml::table& from, std::string& name) const {
  for (const auto& [key, node] : from) {
    name = key.str();
    if (!file->read.contains(&node)) return &node;
    if (const toml::table* below = node.as_table()) {
      if (const toml::node* found = unread(*below, name)) return found;
    }
    if (const toml::array* list = node.as_array()) {
      for (const toml::node& item : *list) {
        const toml::table* below = item.as_table();
        if (below == nullptr) continue;
        if (const toml::node* found = unread(*below, name)) return found;
      }
    }
  }
  return nullptr;
}

template <class T>
std::optional<T> TomlTable::read(std::string_view name, std::string_view expected) {
  const toml::node* node = node_->find(name);
  if (node == nullptr) return std::nullopt;
  auto value = node->value_exact<T>();
  if (!value) {
    node_->complain(node, name, fmt::format("expected {}", expected));
    return std::nullopt;
  }
  return *value;
}

std::string TomlTable::text(std::string_view name, std::string_view otherwise) {
  return read<std::string>(name, "a text in quotes").value_or(std::string(otherwise));
}

std::string TomlTable::required_text(std::string_view name) {
  if (!has(name)) complain(name, "is missing; expected a text in quotes");
  return text(name, "");
}

std::int64_t TomlTable::integer(std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high) {
  const std::string expected = fmt::format("a whole number from {} to {}", low, high);
  const auto value = read<std::int64_t>(name, expected);
  if (!value) return otherwise;
  if (*value < low || *value > high) {
    complain(name, fmt::format("{} is out of range, expected {}", *value, expected));
    return otherwise;
  }
  return *value;
}

bool TomlTable::boolean(std::string_view name, bool otherwise) {
  return read<bool>(name, "true or false").value_or(otherwise);
}

Duration TomlTable::duration(std::string_view name, Duration otherwise) {
  constexpr std::string_view kExpected = "a duration like \"250ms\", \"5s\", \"2m\" or \"1h\"";
  const auto value = read<std::string>(name, kExpected);
  if (!value) return otherwise;
  const auto parsed = parse_duration(*value);
  if (!parsed) complain(name, fmt::format("'{}': expected {}", printable(*value), kExpected));
  return parsed.value_or(otherwise);
}

std::vector<std::string> TomlTable::texts(std::string_view name) {
  std::vector<std::string> values;
  const toml::node* node = node_->find(name);
  if (node == nullptr) return values;
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    node_->complain(node, name, "expected a list of texts");
    return values;
  }
  for (const toml::node& item : *list) {
    if (auto value = item.value_exact<std::string>()) {
      values.push_back(std::move(*value));
    } else {
      node_->complain(&item, name, "expected a list of texts");
    }
  }
  return values;
}

bool TomlTable::has(std::string_view name) const { return node_->table != nullptr && node_->table->contains(name); }

TomlTable TomlTable::table(std::string_view name) {
  const toml::node* node = node_->find(name);
  const toml::table* below = node == nullptr ? nullptr : node->as_table();
  if (node != nullptr && below == nullptr) node_->complain(node, name, "expected a table");
  return TomlTable(std::make_shared<Node>(Node{node_->file, below}));
}

std::vector<TomlTable> TomlTable::tables(std::string_view name) {
  std::vector<TomlTable> found;
  const toml::node* node = node_->find(name);
  if (node == nullptr) return found;
  const toml::array* list = node->as_array();
  if (list == nullptr || !list->is_homogeneous(toml::node_type::table)) {
    node_->complain(node, name, fmt::format("expected tables, each begun by [[{}]]", name));
    return found;
  }
  for (const toml::node& item : *list) {
    found.push_back(TomlTable(std::make_shared<Node>(Node{node_->file, item.as_table()})));
  }
  return found;
}

std::vector<std::string> TomlTable::table_names() const {
  std::vector<std::pair<toml::source_index, std::string>> found;
  if (node_->table != nullptr) {
    for (const auto& [key, node] : *node_->table) {
      if (node.is_table()) found.emplace_back(node.source().begin.line, key.str());
    }
  }
  std::ranges::sort(found);
  std::vector<std::string> names;
  for (auto& [line, name] : found) names.push_back(std::move(name));
  return names;
}

void TomlTable::complain(std::string_view name, std::string_view why) {
  node_->complain(node_->table == nullptr ? nullptr : node_->table->get(name), name, why);
}

Result<Toml> Toml::parse(std::string_view file, std::string_view text) {
  auto shared = std::make_shared<TomlTable::Node::File>();
  shared->name = file;
  try {
    shared->root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return reject(fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  } catch (const std::logic_error& error) {
    return reject(fmt::format("{}:1: not TOML (the parser expected {})", file, error.what()));
  }
  const toml::table* root = &shared->root;
  return Toml(TomlTable(std::make_shared<TomlTable::Node>(TomlTable::Node{std::move(shared), root})));
}

Result<void> Toml::finish() const {
  TomlTable::Node& node = *root_.node_;
  if (!node.file->complaint) {
    std::string name;
    if (const toml::node* unread = node.unread(*node.table, name)) node.complain(unread, name, "unknown setting");
  }
  if (node.file->complaint) return *node.file->complaint;
  return {};
}

std::optional<Duration> parse_duration(std::string_view text) {
  using namespace std::chrono_literals;
  struct Unit {
    std::string_view name;
    Duration one;
  };
  static constexpr Unit kUnits[] = {{"ms", 1ms}, {"us", 1us}, {"s", 1s}, {"m", 1min}, {"h", 1h}};
  for (const auto& [name, one] : kUnits) {
    if (!text.ends_with(name)) continue;
    const auto count = parse_decimal<std::int64_t>(text.substr(0, text.size() - name.size()));
    if (!count || *count < 0 || *count > std::chrono::years(100) / one) return std::nullopt;
    return *count * one;
  }
  return std::nullopt;
}

}  // namespace weir::base
