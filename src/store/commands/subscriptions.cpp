// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE, their opposites, PUBLISH, SPUBLISH, PUBSUB.
#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/commands/families.h"
#include "store/commands/glob.h"

namespace weir::store {

namespace {

struct Words {
  std::string_view subscribe;
  std::string_view unsubscribe;
};
constexpr std::array<Words, 3> kWords = {
    {{"subscribe", "unsubscribe"}, {"psubscribe", "punsubscribe"}, {"ssubscribe", "sunsubscribe"}}};

// What the client hears after each name: how many it has, shard channels counted apart.
void confirm(Call& call, std::string_view word, std::optional<std::string_view> name, ChannelKind kind) {
  const Session& session = call.session;
  call.reply.push(3);
  call.reply.bulk(word);
  if (name) {
    call.reply.bulk(*name);
  } else {
    call.reply.null();
  }
  call.reply.integer(static_cast<std::int64_t>(
      kind == ChannelKind::kShard ? session.shard_channels.size() : session.channels.size() + session.patterns.size()));
}

template <ChannelKind kKind>
void subscribe(Call& call) {
  for (const std::string_view name : call.arguments.subspan(1)) {
    call.node.pubsub.subscribe(call.session, kKind, name);
    confirm(call, kWords[static_cast<std::size_t>(kKind)].subscribe, name, kKind);
  }
}

template <ChannelKind kKind>
void unsubscribe(Call& call) {
  const std::string_view word = kWords[static_cast<std::size_t>(kKind)].unsubscribe;
  const auto leave = [&](std::string_view name) {
    call.node.pubsub.unsubscribe(call.session, kKind, name);
    confirm(call, word, name, kKind);
  };
  if (call.count() > 1) {
    for (const std::string_view name : call.arguments.subspan(1)) leave(name);
    return;
  }
  const Names all = PubSub::names(call.session, kKind);
  for (const std::string& name : all) leave(name);
  if (all.empty()) confirm(call, word, std::nullopt, kKind);
}

void publish(Call& call) {
  const std::size_t receivers = call.node.pubsub.publish(call.argument(1), call.argument(2));
  call.replicate_verbatim(EffectAudience::kReplicasOnly);
  call.reply.integer(static_cast<std::int64_t>(receivers));
}

void spublish(Call& call) {
  const std::size_t receivers = call.node.pubsub.publish_to_shard(call.argument(1), call.argument(2));
  call.replicate_verbatim(EffectAudience::kReplicasOnly);
  call.reply.integer(static_cast<std::int64_t>(receivers));
}

template <ChannelKind kKind>
void pubsub_channels(Call& call) {
  if (call.count() > 3) return call.wrong_subcommand_arity();
  std::vector<std::string_view> found;
  for (const auto& [name, sessions] : call.node.pubsub.of(kKind)) {
    if (call.count() == 2 || matches_glob(call.argument(2), name)) found.push_back(name);
  }
  call.reply.array(found.size());
  for (const std::string_view name : found) call.reply.bulk(name);
}

template <ChannelKind kKind>
void pubsub_numsub(Call& call) {
  call.reply.array((call.count() - 2) * 2);
  for (const std::string_view name : call.arguments.subspan(2)) {
    call.reply.bulk(name);
    call.reply.integer(static_cast<std::int64_t>(call.node.pubsub.count(kKind, name)));
  }
}

void pubsub_numpat(Call& call) {
  call.reply.integer(static_cast<std::int64_t>(call.node.pubsub.of(ChannelKind::kPattern).size()));
}

void pubsub_help(Call& call) {
  static constexpr std::array<std::string_view, 11> kLines = {
      "CHANNELS [<pattern>]",
      "    Return the currently active channels matching a <pattern> (default: '*').",
      "NUMPAT",
      "    Return number of subscriptions to patterns.",
      "NUMSUB [<channel> ...]",
      "    Return the number of subscribers for the specified channels, excluding",
      "    pattern subscriptions(default: no channels).",
      "SHARDCHANNELS [<pattern>]",
      "    Return the currently active shard level channels matching a <pattern> (default: '*').",
      "SHARDNUMSUB [<shardchannel> ...]",
      "    Return the number of subscribers for the specified shard level channel(s)"};
  call.help(kLines);
}

constexpr std::uint32_t kSubscribing = kPubsub | kNoscript | kLoading | kStale | kForSubscribers;
constexpr std::uint32_t kPublishing = kPubsub | kLoading | kStale | kFast | kMayReplicate;
constexpr std::uint32_t kAsking = kPubsub | kLoading | kStale;

constexpr KeyRange kShardNames = {.first = 1, .last = -1, .step = 1, .access = kNotKey};

using enum ChannelKind;

constexpr Family row{.group = "pubsub"};  // The category follows from the flag.

constexpr std::array kSubcommands = {
    row("pubsub|channels", -2, kAsking, "Returns the channels that have subscribers.", "2.8.0",
        pubsub_channels<kChannel>)
        .takes("[pattern]")
        .costs("O(N), N: channels with subscribers"),
    row("pubsub|help", 2, kLoading | kStale, "Describes the subcommands.", "6.2.0", pubsub_help).costs("O(1)"),
    row("pubsub|numpat", 2, kAsking, "Counts the patterns that have subscribers.", "2.8.0", pubsub_numpat)
        .costs("O(1)"),
    row("pubsub|numsub", -2, kAsking, "Counts the subscribers of channels.", "2.8.0", pubsub_numsub<kChannel>)
        .takes("[channel...]")
        .costs("O(N), N: channels given"),
    row("pubsub|shardchannels", -2, kAsking, "Returns the shard channels that have subscribers.", "7.0.0",
        pubsub_channels<kShard>)
        .takes("[pattern]")
        .costs("O(N), N: shard channels with subscribers"),
    row("pubsub|shardnumsub", -2, kAsking, "Counts the subscribers of shard channels.", "7.0.0", pubsub_numsub<kShard>)
        .takes("[shardchannel...]")
        .costs("O(N), N: shard channels given"),
};

constexpr std::array kCommands = {
    row("psubscribe", -2, kSubscribing, "Listens to all channels whose names match patterns.", "2.0.0",
        subscribe<kPattern>)
        .takes("(pattern)...")
        .costs("O(N), N: patterns given"),
    row("publish", 3, kPublishing, "Sends a message to a channel; answers how many received it.", "2.0.0", publish)
        .takes("channel message")
        .costs("O(N+M), N: subscribers of the channel, M: patterns with subscribers"),
    row("pubsub", -2, 0, "Tells what is subscribed to.", "2.8.0", nullptr)
        .with_subcommands(kSubcommands)
        .costs("as the subcommand"),
    row("punsubscribe", -1, kSubscribing, "Listens to patterns, or to all of them, no more.", "2.0.0",
        unsubscribe<kPattern>)
        .takes("[pattern...]")
        .costs("O(N), N: patterns given"),
    row("spublish", 3, kPublishing, "Sends a message to a shard channel; answers how many received it.", "7.0.0",
        spublish)
        .on_key(kNotKey)
        .takes("shardchannel message")
        .costs("O(N), N: subscribers of the shard channel"),
    row("ssubscribe", -2, kSubscribing, "Listens to shard channels.", "7.0.0", subscribe<kShard>)
        .on_keys(kShardNames)
        .takes("shardchannel...")
        .costs("O(N), N: shard channels given"),
    row("subscribe", -2, kSubscribing, "Listens to channels.", "2.0.0", subscribe<kChannel>)
        .takes("channel...")
        .costs("O(N), N: channels given"),
    row("sunsubscribe", -1, kSubscribing, "Listens to shard channels, or to all of them, no more.", "7.0.0",
        unsubscribe<kShard>)
        .on_keys(kShardNames)
        .takes("[shardchannel...]")
        .costs("O(N), N: shard channels given"),
    row("unsubscribe", -1, kSubscribing, "Listens to channels, or to all of them, no more.", "2.0.0",
        unsubscribe<kChannel>)
        .takes("[channel...]")
        .costs("O(N), N: channels given"),
};

}  // namespace

std::span<const CommandSpec> pubsub_commands() { return kCommands; }

}  // namespace weir::store
