// COMMAND: the table of commands, told to clients.
#include <algorithm>
#include <array>

#include "store/commands/command_table.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

struct BitName {
  std::uint32_t bit;
  std::string_view name;
};

// Both in the order in which Redis lists them.
constexpr std::array kFlagNames = {BitName{kWrite, "write"},
                                   BitName{kReadonly, "readonly"},
                                   BitName{kDenyOom, "denyoom"},
                                   BitName{kAdmin, "admin"},
                                   BitName{kPubsub, "pubsub"},
                                   BitName{kNoscript, "noscript"},
                                   BitName{kBlocking, "blocking"},
                                   BitName{kLoading, "loading"},
                                   BitName{kStale, "stale"},
                                   BitName{kSkipMonitor, "skip_monitor"},
                                   BitName{kSkipSlowlog, "skip_slowlog"},
                                   BitName{kFast, "fast"},
                                   BitName{kNoAuth, "no_auth"},
                                   BitName{kNoMandatoryKeys, "no_mandatory_keys"},
                                   BitName{kNoAsyncLoading, "no_async_loading"},
                                   BitName{kNoMulti, "no_multi"},
                                   BitName{kMovableKeys, "movablekeys"},
                                   BitName{kAllowBusy, "allow_busy"}};
constexpr std::array kCategoryNames = {BitName{kKeyspaceCategory, "@keyspace"},
                                       BitName{kReadCategory, "@read"},
                                       BitName{kWriteCategory, "@write"},
                                       BitName{kSetCategory, "@set"},
                                       BitName{kSortedSetCategory, "@sortedset"},
                                       BitName{kListCategory, "@list"},
                                       BitName{kHashCategory, "@hash"},
                                       BitName{kStringCategory, "@string"},
                                       BitName{kBitmapCategory, "@bitmap"},
                                       BitName{kHyperLogLogCategory, "@hyperloglog"},
                                       BitName{kGeoCategory, "@geo"},
                                       BitName{kStreamCategory, "@stream"},
                                       BitName{kPubsubCategory, "@pubsub"},
                                       BitName{kAdminCategory, "@admin"},
                                       BitName{kFastCategory, "@fast"},
                                       BitName{kSlowCategory, "@slow"},
                                       BitName{kBlockingCategory, "@blocking"},
                                       BitName{kDangerousCategory, "@dangerous"},
                                       BitName{kConnectionCategory, "@connection"},
                                       BitName{kTransactionCategory, "@transaction"},
                                       BitName{kScriptingCategory, "@scripting"}};

// What the flags say about the category, as Redis derives it.
std::uint32_t all_categories(const CommandSpec& spec) {
  std::uint32_t categories = spec.categories;
  if (spec.has(kWrite)) categories |= kWriteCategory;
  if (spec.has(kReadonly)) categories |= kReadCategory;
  if (spec.has(kAdmin)) categories |= kAdminCategory | kDangerousCategory;
  if (spec.has(kPubsub)) categories |= kPubsubCategory;
  if (spec.has(kBlocking)) categories |= kBlockingCategory;
  categories |= spec.has(kFast) ? kFastCategory : kSlowCategory;
  return categories;
}

void reply_names(wire::resp::ReplyWriter& reply, std::uint32_t bits, std::span<const BitName> names) {
  const auto is_set = [bits](const BitName& one) { return (bits & one.bit) != 0; };
  reply.set(static_cast<std::size_t>(std::ranges::count_if(names, is_set)));
  for (const BitName& one : names) {
    if (is_set(one)) reply.simple(one.name);
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
  call.reply.array(call.node.commands.rows().size());
  for (const CommandSpec& spec : call.node.commands.rows()) reply_row(call.reply, spec);
}

void command_count(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.node.commands.rows().size())); }

void command_info(Call& call) {
  if (call.count() == 2) return command(call);
  call.reply.array(call.count() - 2);
  for (const std::string_view name : call.arguments.subspan(2)) {
    if (const CommandSpec* spec = call.node.commands.find_full(name)) {
      reply_row(call.reply, *spec);
    } else {
      call.reply.null();
    }
  }
}

void command_docs(Call& call) {
  std::vector<const CommandSpec*> rows;
  if (call.count() == 2) {
    for (const CommandSpec& spec : call.node.commands.rows()) rows.push_back(&spec);
  } else {
    for (const std::string_view name : call.arguments.subspan(2)) {
      if (const CommandSpec* spec = call.node.commands.find_full(name)) rows.push_back(spec);
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
