// COMMAND: the table of commands, told to clients.
#include <algorithm>
#include <array>
#include <functional>

#include "base/bytes.h"
#include "store/commands/command_table.h"
#include "store/commands/families.h"
#include "store/commands/glob.h"
#include "store/commands/key_positions.h"

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

void reply_begin_search(wire::resp::ReplyWriter& reply, const KeySpec& spec) {
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  switch (spec.begin) {
    case KeySpec::Begin::kIndex:
      reply.bulk("index");
      reply.bulk("spec");
      reply.map(1);
      reply.bulk("index");
      return reply.integer(spec.index);
    case KeySpec::Begin::kKeyword:
      reply.bulk("keyword");
      reply.bulk("spec");
      reply.map(2);
      reply.bulk("keyword");
      reply.bulk(spec.keyword);
      reply.bulk("startfrom");
      return reply.integer(spec.start_from);
    case KeySpec::Begin::kUnknown: break;
  }
  reply.bulk("unknown");
  reply.bulk("spec");
  reply.map(0);
}

void reply_find_keys(wire::resp::ReplyWriter& reply, const KeySpec& spec) {
  const auto numbers = [&](std::initializer_list<std::pair<std::string_view, int>> fields) {
    reply.bulk("spec");
    reply.map(fields.size());
    for (const auto& [name, number] : fields) {
      reply.bulk(name);
      reply.integer(number);
    }
  };
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  switch (spec.find) {
    case KeySpec::Find::kRange:
      reply.bulk("range");
      return numbers({{"lastkey", spec.last}, {"keystep", spec.step}, {"limit", spec.limit}});
    case KeySpec::Find::kCount:
      reply.bulk("keynum");
      return numbers({{"keynumidx", spec.count_at}, {"firstkey", spec.first_key}, {"keystep", spec.step}});
    case KeySpec::Find::kUnknown: break;
  }
  reply.bulk("unknown");
  numbers({});
}

void reply_words(wire::resp::ReplyWriter& reply, std::span<const std::string_view> words) {
  reply.set(words.size());
  for (const std::string_view word : words) reply.simple(word);
}

void reply_key_specs(wire::resp::ReplyWriter& reply, const CommandSpec& row) {
  const KeySpecs specs(row);
  reply.set(specs.all().size());
  for (const KeySpec& spec : specs.all()) {
    reply.map(spec.notes.empty() ? 3 : 4);
    if (!spec.notes.empty()) {
      reply.bulk("notes");
      reply.bulk(spec.notes);
    }
    reply.bulk("flags");
    reply_words(reply, spec.access);
    reply_begin_search(reply, spec);
    reply_find_keys(reply, spec);
  }
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
  reply_key_specs(reply, spec);
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

// A map whose fields are counted before they are written: those that are empty are left out.
void reply_fields(wire::resp::ReplyWriter& reply,
                  std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  for (const auto& [name, text] : fields) {
    if (text.empty()) continue;
    reply.bulk(name);
    reply.bulk(text);
  }
}

void reply_arguments(wire::resp::ReplyWriter& reply, std::span<const Argument> arguments) {
  reply.array(arguments.size());
  for (const Argument& argument : arguments) {
    const bool has_token = !argument.token.empty() || argument.type == Argument::Type::kPureToken;
    const std::array flags = {BitName{argument.optional, "optional"}, BitName{argument.repeated, "multiple"},
                              BitName{argument.repeated_with_token, "multiple_token"}};
    const bool has_flags = argument.optional || argument.repeated;
    const auto count = [](bool is_there) { return is_there ? 1u : 0u; };
    reply.map(2 + count(argument.key_spec.has_value()) + count(has_token) + count(!argument.since.empty()) +
              count(!argument.deprecated_since.empty()) + count(has_flags) + count(!argument.arguments.empty()));
    reply_fields(reply, {{"name", argument.name}, {"type", to_string(argument.type)}});
    if (argument.key_spec) {
      reply.bulk("key_spec_index");
      reply.integer(*argument.key_spec);
    }
    if (has_token) {
      reply.bulk("token");
      reply.bulk(argument.token);
    }
    reply_fields(reply, {{"since", argument.since}, {"deprecated_since", argument.deprecated_since}});
    if (has_flags) {
      reply.bulk("flags");
      reply_names(reply, 1, flags);
    }
    if (argument.arguments.empty()) continue;
    reply.bulk("arguments");
    reply_arguments(reply, argument.arguments);
  }
}

void reply_docs(wire::resp::ReplyWriter& reply, const CommandTable& table, const CommandSpec& spec) {
  const std::span<const Argument> arguments = table.arguments(spec);
  const std::array flags = {BitName{!spec.deprecated_since.empty(), "deprecated"}, BitName{spec.is_internal, "syscmd"}};
  const bool has_flags = !spec.deprecated_since.empty() || spec.is_internal;
  const auto count = [](bool is_there) { return is_there ? 1u : 0u; };
  reply.map(3 + count(!spec.complexity.empty()) + count(has_flags) + 2 * count(!spec.deprecated_since.empty()) +
            count(!arguments.empty()) + count(!spec.subcommands.empty()));
  reply_fields(
      reply,
      {{"summary", spec.summary}, {"since", spec.since}, {"group", spec.group}, {"complexity", spec.complexity}});
  if (has_flags) {
    reply.bulk("doc_flags");
    reply_names(reply, 1, flags);
  }
  reply_fields(reply, {{"deprecated_since", spec.deprecated_since}, {"replaced_by", spec.replaced_by}});
  if (!arguments.empty()) {
    reply.bulk("arguments");
    reply_arguments(reply, arguments);
  }
  if (spec.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) {
    reply.bulk(subcommand.name);
    reply_docs(reply, table, subcommand);
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
    reply_docs(call.reply, call.node.commands, *spec);
  }
}

std::optional<std::uint32_t> category_of(std::string_view name) {
  for (const BitName& category : kCategoryNames) {
    if (base::equal_ignoring_case(category.name.substr(1), name)) return category.bit;
  }
  return std::nullopt;
}

void command_list(Call& call) {
  std::vector<std::string_view> names;
  if (call.count() == 2) {
    for (const CommandSpec& spec : call.node.commands.rows()) names.push_back(spec.name);
  } else if (call.count() == 5 && base::equal_ignoring_case(call.argument(2), "FILTERBY")) {
    const std::string_view value = call.argument(4);
    const auto is = [&](std::string_view word) { return base::equal_ignoring_case(call.argument(3), word); };
    std::function<bool(const CommandSpec&)> wanted;
    if (is("MODULE")) {
      wanted = [](const CommandSpec&) { return false; };  // There are no modules.
    } else if (is("ACLCAT")) {
      const std::uint32_t category = category_of(value).value_or(0);
      wanted = [category](const CommandSpec& spec) { return (all_categories(spec) & category) != 0; };
    } else if (is("PATTERN")) {
      wanted = [value](const CommandSpec& spec) { return matches_glob(value, spec.name, /*ignore_case=*/true); };
    } else {
      return call.syntax_error();
    }
    // Subcommands too, where something is looked for.
    for (std::size_t id = 0; id < call.node.commands.ids(); ++id) {
      if (const CommandSpec& spec = call.node.commands.row(id); wanted(spec)) names.push_back(spec.name);
    }
  } else {
    return call.syntax_error();
  }
  // As Redis has it: all of them are a set, those that were looked for an array.
  if (call.count() == 2) {
    call.reply.set(names.size());
  } else {
    call.reply.array(names.size());
  }
  for (const std::string_view name : names) call.reply.bulk(name);
}

void get_keys(Call& call, bool with_flags) {
  const auto request = call.arguments.subspan(2);
  const CommandSpec* spec = call.node.commands.find(request[0]);
  if (spec != nullptr && !spec->subcommands.empty() && request.size() > 1) {
    spec = CommandTable::find_subcommand(*spec, request[1]);
  }
  if (spec == nullptr) return call.reply.error("ERR Invalid command specified");
  if (!has_keys(*spec)) return call.reply.error("ERR The command has no key arguments");
  if (!spec->accepts(request.size())) {
    return call.reply.error("ERR Invalid number of arguments specified for command");
  }
  std::vector<KeyPosition> keys;
  if (find_keys(*spec, request, keys) == KeysFound::kMalformed || keys.empty()) {
    if (spec->has(kNoMandatoryKeys)) return call.reply.array(0);
    return call.reply.error("ERR Invalid arguments specified for command");
  }
  call.reply.array(keys.size());
  for (const KeyPosition& key : keys) {
    if (with_flags) call.reply.array(2);
    call.reply.bulk(request[key.index]);
    if (with_flags) reply_words(call.reply, key.access);
  }
}

void command_getkeys(Call& call) { get_keys(call, /*with_flags=*/false); }
void command_getkeysandflags(Call& call) { get_keys(call, /*with_flags=*/true); }

void command_help(Call& call) {
  static constexpr std::array<std::string_view, 18> kLines = {
      "(no subcommand)",
      "    Return details about all Redis commands.",
      "COUNT",
      "    Return the total number of commands in this Redis server.",
      "LIST",
      "    Return a list of all commands in this Redis server.",
      "INFO [<command-name> ...]",
      "    Return details about multiple Redis commands.",
      "    If no command names are given, documentation details for all",
      "    commands are returned.",
      "DOCS [<command-name> ...]",
      "    Return documentation details about multiple Redis commands.",
      "    If no command names are given, documentation details for all",
      "    commands are returned.",
      "GETKEYS <full-command>",
      "    Return the keys from a full Redis command.",
      "GETKEYSANDFLAGS <full-command>",
      "    Return the keys and the access flags from a full Redis command."};
  call.help(kLines);
}

constexpr std::uint32_t kAnyTime = kLoading | kStale;

constexpr Family row{.group = "server", .categories = kConnectionCategory};

constexpr std::array kSubcommands = {
    row("command|count", 2, kAnyTime, "Counts the commands.", "2.8.13", command_count).costs("O(1)"),
    row("command|docs", -2, kAnyTime, "Returns what commands are for.", "7.0.0", command_docs)
        .tipped(kNondeterministicOrder)
        .takes("[command-name...]")
        .costs("O(N), N: commands named"),
    row("command|getkeys", -4, kAnyTime, "Returns the keys of a whole request.", "2.8.13", command_getkeys)
        .costs("O(N), N: arguments of the command"),
    row("command|getkeysandflags", -4, kAnyTime, "Returns the keys of a whole request, and what it does to them.",
        "7.0.0", command_getkeysandflags)
        .costs("O(N), N: arguments of the command"),
    row("command|help", 2, kAnyTime, "Describes the subcommands.", "5.0.0", command_help).costs("O(1)"),
    row("command|info", -2, kAnyTime, "Returns rows of the table of commands.", "2.8.13", command_info)
        .tipped(kNondeterministicOrder)
        .takes("[command-name...]")
        .costs("O(N), N: commands named"),
    row("command|list", -2, kAnyTime, "Returns the names of the commands.", "7.0.0", command_list)
        .tipped(kNondeterministicOrder)
        .takes("[FILTERBY filterby=(MODULE module-name|ACLCAT category|PATTERN pattern)]")
        .costs("O(N), N: commands there"),
};

constexpr std::array kCommands = {
    row("command", -1, kAnyTime, "Returns the table of commands.", "2.8.13", command)
        .with_subcommands(kSubcommands)
        .tipped(kNondeterministicOrder)
        .costs("O(N), N: commands there"),
};

}  // namespace

std::span<const CommandSpec> introspection_commands() { return kCommands; }

}  // namespace weir::store
