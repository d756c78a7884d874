// MEMORY: what takes memory, and giving back what is not needed.
#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/memory_facts.h"

namespace weir::store {

namespace {

void memory_usage(Call& call) {
  std::size_t samples = 5;
  for (std::size_t i = 3; i < call.count(); i += 2) {
    if (!base::equal_ignoring_case(call.argument(i), "SAMPLES") || i + 1 == call.count()) return call.syntax_error();
    const auto count = parse_integer(call.argument(i + 1));
    if (!count) return call.not_an_integer();
    if (*count < 0) return call.syntax_error();
    samples = static_cast<std::size_t>(*count);
  }
  const Entry* entry = call.database().look_up_untouched(call.key(2), call.now);
  if (entry == nullptr) return call.reply.null();
  // The table's part of an item is the same for all.
  const std::size_t slot = call.database().table_bytes() / call.database().size();
  const std::size_t outside = object_footprint(entry->kind(), &entry->as<std::byte>(), samples);
  call.reply.integer(static_cast<std::int64_t>(slot + Arena::footprint(entry->footprint()) + outside));
}

// The fields of Redis that have a meaning here.
void memory_stats(Call& call) {
  const Node& node = call.node;
  const MemoryFacts facts = memory_facts(node, node.host_facts());
  wire::resp::ReplyWriter& reply = call.reply;
  std::uint64_t keys = 0;
  std::size_t databases = 0;
  for (std::size_t i = 0; i < node.keyspace.size(); ++i) {
    keys += node.keyspace.database(i).size();
    databases += node.keyspace.database(i).size() > 0 ? 1 : 0;
  }
  const auto integer = [&](std::string_view name, std::uint64_t value) {
    reply.bulk(name);
    reply.integer(static_cast<std::int64_t>(value));
  };
  const auto difference_of = [&](std::string_view name, std::uint64_t a, std::uint64_t b) {
    reply.bulk(name);
    reply.integer(difference(a, b));
  };
  const auto real = [&](std::string_view name, double value) {
    reply.bulk(name);
    reply.number(value);
  };
  const std::uint64_t without_startup = facts.used - std::min(facts.used, facts.startup);
  reply.map(21 + databases);
  integer("peak.allocated", facts.peak);
  integer("total.allocated", facts.used);
  integer("startup.allocated", facts.startup);
  integer("clients.normal", node.client_bytes);
  for (std::size_t i = 0; i < node.keyspace.size(); ++i) {
    const Database& database = node.keyspace.database(i);
    if (database.size() == 0) continue;
    reply.bulk(fmt::format("db.{}", i));
    // Expiries stand in the entries: there is no table of them.
    reply.map(2);
    integer("overhead.hashtable.main", database.table_bytes());
    integer("overhead.hashtable.expires", 0);
  }
  integer("overhead.total", facts.overhead);
  integer("keys.count", keys);
  integer("keys.bytes-per-key", keys == 0 ? 0 : without_startup / keys);
  integer("dataset.bytes", facts.dataset);
  real("dataset.percentage", percent(facts.dataset, without_startup));
  real("peak.percentage", percent(facts.used, facts.peak));
  integer("allocator.allocated", facts.allocated);
  integer("allocator.active", facts.active);
  integer("allocator.resident", facts.mapped);
  real("allocator-fragmentation.ratio", ratio(facts.active, facts.allocated));
  difference_of("allocator-fragmentation.bytes", facts.active, facts.allocated);
  real("allocator-rss.ratio", ratio(facts.mapped, facts.active));
  difference_of("allocator-rss.bytes", facts.mapped, facts.active);
  real("rss-overhead.ratio", ratio(facts.resident, facts.mapped));
  difference_of("rss-overhead.bytes", facts.resident, facts.mapped);
  real("fragmentation", ratio(facts.resident, facts.used));
  difference_of("fragmentation.bytes", facts.resident, facts.used);
}

// Bounds of what is worth a word. Below kLittle all ratios are noise.
constexpr std::uint64_t kLittle = 5 << 20;
constexpr std::uint64_t kMuch = 10 << 20;
constexpr double kHighRatio = 1.4;

void memory_doctor(Call& call) {
  const MemoryFacts facts = memory_facts(call.node, call.node.host_facts());
  if (facts.used < kLittle) {
    return call.reply.verbatim("txt", "There is too little data to judge by.\n");
  }
  std::string text;
  if (ratio(facts.peak, facts.used) > 1.5) {
    text += fmt::format(
        "At its peak the store took {} bytes, now {}: the process may keep memory that it does not need. MEMORY PURGE "
        "gives back what the allocator can.\n",
        facts.peak, facts.used);
  }
  const auto found = [&](std::uint64_t part, std::uint64_t whole) {
    return ratio(part, whole) > kHighRatio && difference(part, whole) > static_cast<std::int64_t>(kMuch);
  };
  if (found(facts.active, facts.allocated)) {
    text += fmt::format(
        "The allocator's pages are fragmented: {} bytes are in use in {} bytes of pages. It comes of values that grew "
        "or "
        "went; a restart from the file packs them again.\n",
        facts.allocated, facts.active);
  }
  if (found(facts.mapped, facts.active)) {
    text += fmt::format("The allocator holds {} bytes that it does not use: MEMORY PURGE gives them back.\n",
                        difference(facts.mapped, facts.active));
  }
  if (found(facts.resident, facts.mapped)) {
    text += fmt::format("The process holds {} bytes that the allocator knows nothing of.\n",
                        difference(facts.resident, facts.mapped));
  }
  const std::size_t clients = call.node.sessions.size();
  if (clients > 0 && call.node.client_bytes / clients > 200 * 1024) {
    text += fmt::format(
        "{} clients hold {} bytes of requests and replies: see CLIENT LIST for who reads slowly (omem) or sends much "
        "(qbuf).\n",
        clients, call.node.client_bytes);
  }
  call.reply.verbatim("txt", text.empty() ? "Nothing is wrong with the memory.\n" : text);
}

void memory_purge(Call& call) {
  if (!call.node.purge_memory()) return call.reply.error("ERR Error purging dirty pages");
  call.reply.ok();
}

void memory_malloc_stats(Call& call) { call.reply.verbatim("txt", call.node.allocator_report()); }

void memory_help(Call& call) {
  static constexpr auto kLines = std::to_array<std::string_view>({
      "DOCTOR",
      "    Return memory problems reports.",
      "MALLOC-STATS",
      "    Return internal statistics report from the memory allocator.",
      "PURGE",
      "    Attempt to purge dirty pages for reclamation by the allocator.",
      "STATS",
      "    Return information about the memory usage of the server.",
      "USAGE <key> [SAMPLES <count>]",
      "    Return memory in bytes used by <key> and its value. Nested values are",
      "    sampled up to <count> times (default: 5, 0 means sample all).",
  });
  call.help(kLines);
}

constexpr std::array<std::string_view, 3> kAskedOfShards = {"nondeterministic_output", "request_policy:all_shards",
                                                            "response_policy:special"};

constexpr Family row{.group = "server"};

constexpr std::array kSubcommands = {
    row("memory|doctor", 2, 0, "Explains what is wrong with the memory.", "4.0.0", memory_doctor)
        .tipped(kAskedOfShards)
        .costs("O(1)"),
    row("memory|help", 2, kLoading | kStale, "Describes the subcommands.", "4.0.0", memory_help).costs("O(1)"),
    row("memory|malloc-stats", 2, 0, "Returns what the allocator says of itself.", "4.0.0", memory_malloc_stats)
        .tipped(kAskedOfShards)
        .costs("as the allocator takes"),
    row("memory|purge", 2, 0, "Gives back memory that is not needed.", "4.0.0", memory_purge)
        .tipped(kAllShards)
        .costs("as the allocator takes"),
    row("memory|stats", 2, 0, "Returns what takes memory.", "4.0.0", memory_stats).tipped(kAskedOfShards).costs("O(1)"),
    row("memory|usage", -3, kReadonly, "Returns how many bytes a key and its value take.", "4.0.0", memory_usage)
        .on_keys({.first = 2, .last = 2, .step = 1, .access = kReadsKey})
        .takes("key [SAMPLES count]")
        .costs("O(N), N: samples"),
};

constexpr std::array kCommands = {
    row("memory", -2, 0, "Tells what takes memory.", "4.0.0", nullptr)
        .with_subcommands(kSubcommands)
        .costs("as the subcommand"),
};

}  // namespace

std::span<const CommandSpec> memory_commands() { return kCommands; }

}  // namespace weir::store
