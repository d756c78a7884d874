#include "store/commands/pubsub.h"

#include <algorithm>

#include "base/assert.h"
#include "store/commands/glob.h"

namespace weir::store {

namespace {

// As an array of RESP2; a push of RESP3 differs in its first byte.
std::string message_of(std::initializer_list<std::string_view> words) {
  std::string bytes;
  wire::resp::ReplyWriter writer(bytes, wire::resp::Protocol::kResp2);
  writer.array(words.size());
  for (const std::string_view word : words) writer.bulk(word);
  return bytes;
}

std::size_t deliver(std::string& message, const std::vector<Session*>& sessions) {
  for (Session* session : sessions) {
    message[0] = session->protocol == wire::resp::Protocol::kResp3 ? '>' : '*';
    session->port->output() += message;
  }
  return sessions.size();
}

std::size_t deliver(const PubSub::Subscribers& subscribers, std::string_view kind, std::string_view channel,
                    std::string_view message) {
  const auto found = subscribers.find(channel);
  if (found == subscribers.end()) return 0;
  std::string bytes = message_of({kind, channel, message});
  return deliver(bytes, found->second);
}

}  // namespace

Names& PubSub::names(Session& session, ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kChannel: return session.channels;
    case ChannelKind::kPattern: return session.patterns;
    case ChannelKind::kShard: break;
  }
  return session.shard_channels;
}

bool PubSub::subscribe(Session& session, ChannelKind kind, std::string_view name) {
  if (!names(session, kind).emplace(name).second) return false;
  session.held_bytes += name.size() + kNameOverheadBytes;
  subscribers_[static_cast<std::size_t>(kind)][std::string(name)].push_back(&session);
  return true;
}

bool PubSub::unsubscribe(Session& session, ChannelKind kind, std::string_view name) {
  Names& mine = names(session, kind);
  const auto found = mine.find(name);
  if (found == mine.end()) return false;
  Subscribers& subscribers = subscribers_[static_cast<std::size_t>(kind)];
  const auto row = subscribers.find(name);
  WEIR_ASSERT(row != subscribers.end());
  std::erase(row->second, &session);
  if (row->second.empty()) subscribers.erase(row);
  session.held_bytes -= name.size() + kNameOverheadBytes;
  mine.erase(found);
  return true;
}

void PubSub::forget(Session& session) {
  for (const ChannelKind kind : {ChannelKind::kChannel, ChannelKind::kPattern, ChannelKind::kShard}) {
    const Names mine = names(session, kind);
    for (const std::string& name : mine) unsubscribe(session, kind, name);
  }
}

std::size_t PubSub::publish(std::string_view channel, std::string_view message) {
  std::size_t receivers = deliver(of(ChannelKind::kChannel), "message", channel, message);
  for (const auto& [pattern, sessions] : of(ChannelKind::kPattern)) {
    if (!matches_glob(pattern, channel)) continue;
    std::string bytes = message_of({"pmessage", pattern, channel, message});
    receivers += deliver(bytes, sessions);
  }
  return receivers;
}

std::size_t PubSub::publish_to_shard(std::string_view channel, std::string_view message) {
  return deliver(of(ChannelKind::kShard), "smessage", channel, message);
}

std::size_t PubSub::count(ChannelKind kind, std::string_view name) const {
  const auto found = of(kind).find(name);
  return found == of(kind).end() ? 0 : found->second.size();
}

}  // namespace weir::store
