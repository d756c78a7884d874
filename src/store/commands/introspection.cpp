// COMMAND: the table of commands, told to clients.
#include <bit>

#include "store/commands/families.h"

namespace weir::store {

namespace {

constexpr std::array<std::string_view, 12> kFlagNames = {"write",  "readonly", "denyoom",  "admin",
                                                         "pubsub", "noscript", "blocking", "loading",
                                                         "stale",  "fast",     "no_auth",  "allow_busy"};
constexpr std::array<std::string_view, 9> kCategoryNames = {"@keyspace", "@read", "@write",     "@string",    "@admin",
                                                            "@fast",     "@slow", "@dangerous", "@connection"};

// What the flags say about the category, as Redis derives it.
std::uint32_t all_categories(const CommandSpec& spec) {
  std::uint32_t categories = spec.categories;
  if (spec.has(kWrite)) categories |= kWriteCategory;
  if (spec.has(kReadonly)) categories |= kReadCategory;
  if (spec.has(kAdmin)) categories |= kAdminCategory | kDangerousCategory;
  categories |= spec.has(kFast) ? kFastCategory : kSlowCategory;
  return categories;
}

template <std::size_t kCount>
void reply_names(wire::resp::ReplyWriter& reply, std::uint32_t bits,
                 const std::array<std::string_view, kCount>& names) {
  reply.set(static_cast<std::size_t>(std::popcount(bits)));
  for (std::size_t i = 0; i < kCount; ++i) {
    if (bits & (1u << i)) reply.simple(names[i]);
  }
}

void reply_key_specs(wire::resp::ReplyWriter& reply, const KeyRange& keys) {
  if (keys.first == 0) return reply.set(0);
  reply.set(1);
  reply.map(keys.notes.empty() ? 3 : 4);
  if (!keys.notes.empty()) {
    reply.bulk("notes");
    reply.bulk(keys.notes);
  }
  reply.bulk("flags");
  reply.set(keys.access.size());
  for (const std::string_view word : keys.access) reply.simple(word);
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("index");
  reply.bulk("spec");
  reply.map(1);
  reply.bulk("index");
  reply.integer(keys.first);
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("range");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk("lastkey");
  reply.integer(keys.last < 0 ? keys.last : keys.last - keys.first);
  reply.bulk("keystep");
  reply.integer(keys.step);
  reply.bulk("limit");
  reply.integer(0);
}

void reply_row(wire::resp::ReplyWriter& reply, const CommandSpec& spec) {
  reply.array(10);
  reply.bulk(spec.name);
  reply.integer(spec.arity);
  reply_names(reply, spec.flags, kFlagNames);
  reply.integer(spec.keys.first);
  reply.integer(spec.keys.last);
  reply.integer(spec.keys.step);
  reply_names(reply, all_categories(spec), kCategoryNames);
  reply.set(spec.tips.size());
  for (const std::string_view tip : spec.tips) reply.bulk(tip);
  reply_key_specs(reply, spec.keys);
  reply.set(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) reply_row(reply, subcommand);
}

void command(Call& call) {
  call.reply.array(all_commands().size());
  for (const CommandSpec* spec : all_commands()) reply_row(call.reply, *spec);
}

void command_count(Call& call) { call.reply.integer(static_cast<std::int64_t>(all_commands().size())); }

void command_info(Call& call) {
  if (call.count() == 2) return command(call);
  call.reply.array(call.count() - 2);
  for (const std::string_view name : call.arguments.subspan(2)) {
    if (const CommandSpec* spec = find_command(name)) {
      reply_row(call.reply, *spec);
    } else {
      call.reply.null();
    }
  }
}

void command_docs(Call& call) {
  std::vector<const CommandSpec*> rows;
  if (call.count() == 2) {
    rows.assign(all_commands().begin(), all_commands().end());
  } else {
    for (const std::string_view name : call.arguments.subspan(2)) {
      if (const CommandSpec* spec = find_command(name)) rows.push_back(spec);
    }
  }
  call.reply.map(rows.size());
  for (const CommandSpec* spec : rows) {
    call.reply.bulk(spec->name);
    call.reply.map(3);
    call.reply.bulk("summary");
    call.reply.bulk(spec->summary);
    call.reply.bulk("since");
    call.reply.bulk(spec->since);
    call.reply.bulk("group");
    call.reply.bulk(spec->group);
  }
}

constexpr std::uint32_t kAnyTime = kLoading | kStale;

constexpr std::array kSubcommands = {
    CommandSpec{"command|count",
                2,
                kAnyTime,
                kConnectionCategory,
                {},
                "Counts the commands.",
                "2.8.13",
                "server",
                {},
                command_count},
    CommandSpec{"command|docs",
                -2,
                kAnyTime,
                kConnectionCategory,
                {},
                "Returns what commands are for.",
                "7.0.0",
                "server",
                kNondeterministicOrder,
                command_docs},
    CommandSpec{"command|info",
                -2,
                kAnyTime,
                kConnectionCategory,
                {},
                "Returns rows of the table of commands.",
                "2.8.13",
                "server",
                kNondeterministicOrder,
                command_info},
};

constexpr std::array kCommands = {
    CommandSpec{"command",
                -1,
                kAnyTime,
                kConnectionCategory,
                {},
                "Returns the table of commands.",
                "2.8.13",
                "server",
                kNondeterministicOrder,
                command,
                kSubcommands},
};

}  // namespace

std::span<const CommandSpec> introspection_commands() { return kCommands; }

}  // namespace weir::store
