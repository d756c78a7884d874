// DEL, EXISTS, RENAME, COPY, MOVE, SWAPDB: what works on any key, whatever it holds.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

using base::equal_ignoring_case;

void del(Call& call) {
  std::int64_t removed = 0;
  for (std::size_t i = 1; i < call.count(); ++i) {
    if (!call.database().erase(call.key(i), call.now)) continue;
    call.changed(call.argument(i), EventClass::kGeneric, "del");
    ++removed;
  }
  call.reply.integer(removed);
}

void exists(Call& call) {
  std::int64_t found = 0;
  for (std::size_t i = 1; i < call.count(); ++i) {
    found += call.database().look_up_untouched(call.key(i), call.now) != nullptr;
  }
  call.reply.integer(found);
}

void touch(Call& call) {
  std::int64_t found = 0;
  for (std::size_t i = 1; i < call.count(); ++i) {
    found += call.database().look_up(call.key(i), call.now) != nullptr;
  }
  call.reply.integer(found);
}

void type(Call& call) {
  const Entry* entry = call.database().look_up_untouched(call.key(1), call.now);
  call.reply.simple(entry == nullptr ? "none" : type_name(entry->type()));
}

// True: the key is under its new name.
bool rename_key(Call& call, bool only_if_absent) {
  const Key from = call.key(1), to = call.key(2);
  Database& database = call.database();
  if (database.find_for_write(from, call.now) == nullptr) {
    call.reply.error("ERR no such key");
    return false;
  }
  if (from.bytes == to.bytes) return !only_if_absent;
  if (only_if_absent && database.peek(to, call.now) != nullptr) return false;
  database.move(from, database, to);
  call.touched(to.bytes);
  call.changed(from.bytes, EventClass::kGeneric, "rename_from");
  call.notify(EventClass::kGeneric, "rename_to", to.bytes);
  return true;
}

void rename(Call& call) {
  if (rename_key(call, /*only_if_absent=*/false)) call.reply.ok();
}

void renamenx(Call& call) {
  const std::size_t before = call.output.size();
  const bool renamed = rename_key(call, /*only_if_absent=*/true);
  if (call.output.size() == before) call.reply.integer(renamed);
}

// Nothing: an error was replied.
std::optional<std::size_t> parse_database(Call& call, std::string_view text) {
  const auto index = parse_integer(text);
  if (!index) {
    call.not_an_integer();
  } else if (*index < std::numeric_limits<int>::min() || *index > std::numeric_limits<int>::max()) {
    call.reply.error(fmt::format("ERR value is out of range, value must between {} and {}",
                                 std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
  } else if (*index < 0 || static_cast<std::size_t>(*index) >= call.node.keyspace.size()) {
    call.reply.error("ERR DB index is out of range");
  } else {
    return static_cast<std::size_t>(*index);
  }
  return std::nullopt;
}

constexpr std::string_view kSameObjects = "ERR source and destination objects are the same";

void move(Call& call) {
  const auto target_index = parse_database(call, call.argument(2));
  if (!target_index) return;
  if (*target_index == call.session.database) return call.reply.error(kSameObjects);
  const Key key = call.key(1);
  Database& target = call.node.keyspace.database(*target_index);
  if (call.database().find_for_write(key, call.now) == nullptr) return call.reply.integer(0);
  if (target.peek(key, call.now) != nullptr) return call.reply.integer(0);
  call.database().move(key, target, key);
  call.node.touch(*target_index, key.bytes);
  call.changed(key.bytes, EventClass::kGeneric, "move_from");
  call.node.notify(*target_index, key.bytes, EventClass::kGeneric, "move_to");
  call.reply.integer(1);
}

void copy(Call& call) {
  std::size_t target_index = call.session.database;
  bool replaces = false;
  for (std::size_t i = 3; i < call.count(); ++i) {
    if (equal_ignoring_case(call.argument(i), "REPLACE")) {
      replaces = true;
    } else if (equal_ignoring_case(call.argument(i), "DB") && i + 1 < call.count()) {
      const auto index = parse_database(call, call.argument(++i));
      if (!index) return;
      target_index = *index;
    } else {
      return call.syntax_error();
    }
  }
  const Key from = call.key(1), to = call.key(2);
  if (target_index == call.session.database && from.bytes == to.bytes) return call.reply.error(kSameObjects);
  Database& target = call.node.keyspace.database(target_index);
  const Entry* source = call.database().look_up(from, call.now);
  if (source == nullptr) return call.reply.integer(0);
  if (target.peek(to, call.now) != nullptr && !replaces) return call.reply.integer(0);
  target.set_copy(to, *source);
  call.changed_in(target_index, to.bytes, EventClass::kGeneric, "copy_to");
  call.reply.integer(1);
}

void swapdb(Call& call) {
  const auto parse = [&](std::size_t argument, std::string_view which) -> std::optional<std::size_t> {
    const auto index = parse_integer(call.argument(argument));
    if (!index || *index < std::numeric_limits<int>::min() || *index > std::numeric_limits<int>::max()) {
      call.reply.error(fmt::format("ERR invalid {} DB index", which));
      return std::nullopt;
    }
    return static_cast<std::size_t>(*index);
  };
  const auto first = parse(1, "first");
  if (!first) return;
  const auto second = parse(2, "second");
  if (!second) return;
  if (*first >= call.node.keyspace.size() || *second >= call.node.keyspace.size()) {
    return call.reply.error("ERR DB index is out of range");
  }
  if (*first != *second) {
    call.node.before_swapping(*first, *second, call.now);
    call.node.keyspace.swap(*first, *second);
  }
  call.count_changes(1);
  call.reply.ok();
}

constexpr KeyRange kTwo = {.first = 1, .last = 2, .step = 1};

constexpr auto kCopyKeys =
    std::to_array<KeySpec>({{.access = kReadsValue, .index = 1}, {.access = kOverwritesValue, .index = 2}});
constexpr auto kRenameKeys =
    std::to_array<KeySpec>({{.access = kTakesValue, .index = 1}, {.access = kOverwritesValue, .index = 2}});
constexpr auto kRenameToFreeKeys =
    std::to_array<KeySpec>({{.access = kTakesValue, .index = 1}, {.access = kInsertsKey, .index = 2}});

constexpr Family row{.group = "generic", .categories = kKeyspaceCategory};

constexpr std::array kCommands = {
    row("copy", -3, kWrite | kDenyOom, "Copies the value of a key to another key.", "6.2.0", copy)
        .on_keys(kTwo)
        .with_key_specs(kCopyKeys)
        .takes("source destination#1 [DB destination-db:integer] [REPLACE]")
        .costs("O(N), N: elements of the value"),
    row("del", -2, kWrite, "Deletes keys; answers how many there were.", "1.0.0", del)
        .on_keys({.first = 1, .last = -1, .step = 1, .access = kRemovesKey})
        .tipped(kSumOfKeys)
        .takes("key...")
        .costs("O(N), N: keys given; large values are freed by another thread"),
    row("exists", -2, kReadonly | kFast, "Counts how many of the named keys exist.", "1.0.0", exists)
        .on_keys({.first = 1, .last = -1, .step = 1, .access = kReadsKey})
        .tipped(kSumOfKeys)
        .takes("key...")
        .costs("O(N), N: keys given"),
    row("move", 3, kWrite | kFast, "Moves a key to another database.", "1.0.0", move)
        .on_key(kUpdatesValue)
        .takes("key db")
        .costs("O(1)"),
    row("rename", 3, kWrite, "Renames a key, replacing what had that name.", "1.0.0", rename)
        .on_keys(kTwo)
        .with_key_specs(kRenameKeys)
        .takes("key newkey#1")
        .costs("O(1)"),
    row("renamenx", 3, kWrite | kFast, "Renames a key if no other has that name.", "1.0.0", renamenx)
        .on_keys(kTwo)
        .with_key_specs(kRenameToFreeKeys)
        .takes("key newkey#1")
        .costs("O(1)"),
    row("swapdb", 3, kWrite | kFast, "Lets two databases change places, for all clients at once.", "4.0.0", swapdb)
        .in(kKeyspaceCategory | kDangerousCategory)
        .in_group("server")
        .takes("index1:integer index2:integer")
        .costs("O(N), N: clients that watch or wait for keys of the two"),
    row("touch", -2, kReadonly | kFast, "Counts the named keys that exist, which are used by that.", "3.2.1", touch)
        .on_keys({.first = 1, .last = -1, .step = 1, .access = kReadsKey})
        .tipped(kSumOfKeys)
        .takes("key...")
        .costs("O(N), N: keys given"),
    row("type", 2, kReadonly | kFast, "Returns the type of what a key holds.", "1.0.0", type)
        .on_key(kReadsKey)
        .takes("key")
        .costs("O(1)"),
    row("unlink", -2, kWrite | kFast, "Deletes keys; what they held is freed in the background.", "4.0.0", del)
        .on_keys({.first = 1, .last = -1, .step = 1, .access = kRemovesKey})
        .tipped(kSumOfKeys)
        .takes("key...")
        .costs("O(N), N: keys given; large values are freed by another thread"),
};

}  // namespace

std::span<const CommandSpec> key_commands() { return kCommands; }

}  // namespace weir::store
