// PubSub: who is subscribed to what, and the delivery of messages.
//
// Three kinds of names, apart from one another: channels, patterns over channels, and shard channels (which without a
// cluster differ from channels in name only). A message goes to the subscribers of its channel in the order in which
// they subscribed, then to those of each pattern that matches, in the order of the patterns' bytes. It is written once
// and copied to each; what a slow subscriber may pile up is bounded by client-output-buffer-limit pubsub.
// A core, on the data thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/commands/session.h"

namespace weir::store {

enum class ChannelKind : unsigned char { kChannel, kPattern, kShard };

class PubSub {
 public:
  using Subscribers = std::map<std::string, std::vector<Session*>, std::less<>>;

  // False: it was subscribed, or not subscribed, already.
  bool subscribe(Session& session, ChannelKind kind, std::string_view name);
  bool unsubscribe(Session& session, ChannelKind kind, std::string_view name);
  // Of all kinds, saying nothing to the client: it is gone, or was reset.
  void forget(Session& session);

  // Returns how many received it; one that is subscribed in several ways counts and receives as often.
  std::size_t publish(std::string_view channel, std::string_view message);
  std::size_t publish_to_shard(std::string_view channel, std::string_view message);

  const Subscribers& of(ChannelKind kind) const { return subscribers_[static_cast<std::size_t>(kind)]; }
  std::size_t count(ChannelKind kind, std::string_view name) const;
  // Whether publish() could reach anybody.
  bool listened_to() const { return !of(ChannelKind::kChannel).empty() || !of(ChannelKind::kPattern).empty(); }

  static Names& names(Session& session, ChannelKind kind);

 private:
  Subscribers subscribers_[3];
};

}  // namespace weir::store
