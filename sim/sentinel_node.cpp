#include "sim/sentinel_node.h"

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::sim {

SentinelNode::SentinelNode(const Settings& settings, World& world, Oracle& oracle, Reaches reaches)
    : settings_(settings), world_(world), oracle_(oracle), reaches_(std::move(reaches)) {}

void SentinelNode::start() {
  WEIR_ASSERT(!sentinel_);
  ++incarnation_;
  sentinel::Sentinel::Settings settings{.self = id_at(settings_.address),
                                        .others = {},
                                        .quorum = settings_.sentinels / 2 + 1,
                                        .down_after = std::chrono::milliseconds(500),
                                        .failover_timeout = std::chrono::milliseconds(1000),
                                        .grace = std::chrono::milliseconds(300),
                                        .replace_after = settings_.replace_after};
  for (std::size_t i = 0; i < settings_.sentinels; ++i) {
    const auto other = static_cast<Address>(settings_.data_nodes + i);
    if (other != settings_.address) settings.others.push_back(id_at(other));
  }
  sentinel_.emplace(std::move(settings), disk_record_.record(), base::Random(world_.random()), now());
  sentinel_->found(settings_.founding);
  world_.trace([&] {
    return fmt::format("sentinel {} starts, promised {}, configuration {}", settings_.address,
                       disk_record_.record().promised, disk_record_.record().accepted.epoch);
  });
  world_.after(static_cast<std::int64_t>(world_.random.below(100'000)),
               {.kind = Event::Kind::kTick, .address = settings_.address, .incarnation = incarnation_});
}

void SentinelNode::stop() {
  WEIR_ASSERT(sentinel_);
  world_.trace([&] { return fmt::format("sentinel {} is killed", settings_.address); });
  sentinel_.reset();
  disk_record_.process_ends();
}

void SentinelNode::tick() {
  ++ticks_;
  if (ticks_ % 2 == 0) {
    for (std::size_t i = 0; i < settings_.data_nodes; ++i) {
      world_.send(settings_.address, static_cast<Address>(i), Probe{});
    }
    const failover::Hello hello = sentinel_->hello(now());
    for (std::size_t i = 0; i < settings_.sentinels; ++i) {
      const auto other = static_cast<Address>(settings_.data_nodes + i);
      if (other != settings_.address) world_.send(settings_.address, other, hello);
    }
  }
  sentinel_->tick(now());
  perform();
  world_.after(100'000, {.kind = Event::Kind::kTick, .address = settings_.address, .incarnation = incarnation_});
}

void SentinelNode::stored(std::uint64_t version) {
  disk_record_.written(version);
  sentinel_->stored(version, now());
  perform();
}

void SentinelNode::receive(const Message& message) {
  const base::MonoTime time = now();
  if (const auto* const ask = std::get_if<failover::AskVote>(&message.body)) sentinel_->received(*ask, time);
  if (const auto* const vote = std::get_if<failover::Vote>(&message.body)) sentinel_->received(*vote, time);
  if (const auto* const propose = std::get_if<failover::Propose>(&message.body)) sentinel_->received(*propose, time);
  if (const auto* const accept = std::get_if<failover::Accept>(&message.body)) sentinel_->received(*accept);
  if (const auto* const hello = std::get_if<failover::Hello>(&message.body)) sentinel_->received(*hello, time);
  if (const auto* const report = std::get_if<failover::Report>(&message.body)) sentinel_->received(*report, time);
  if (const auto* const oath = std::get_if<failover::Oath>(&message.body)) sentinel_->received(*oath, time);
  perform();
}

void SentinelNode::perform() {
  for (;;) {
    const std::vector<sentinel::SentinelAction> actions = sentinel_->take_actions();
    if (actions.empty()) break;
    for (const sentinel::SentinelAction& action : actions) perform(action);
  }
  if (const auto epoch = sentinel_->leads()) oracle_.leads({settings_.address, incarnation_}, *epoch);
}

void SentinelNode::perform(const sentinel::SentinelAction& action) {
  if (const auto* const store = std::get_if<sentinel::Store>(&action)) {
    world_.last_bound = settings_.address;
    const bool lies = world_.lie == Lie::kVoteNotSynced;
    disk_record_.write(store->record, store->version, world_, settings_.address, incarnation_, /*slowly=*/lies);
    if (lies) sentinel_->stored(store->version, now());
  } else if (const auto* const to_sentinel = std::get_if<sentinel::ToSentinel>(&action)) {
    const auto to = static_cast<Address>(static_cast<std::uint64_t>(to_sentinel->to) - 1);
    std::visit([&](const auto& body) { world_.send(settings_.address, to, body); }, to_sentinel->message);
  } else if (const auto* const to_member = std::get_if<sentinel::ToMember>(&action)) {
    const auto* const ask = std::get_if<failover::AskOath>(&to_member->message);
    if (ask != nullptr && world_.lie == Lie::kRosterOfAttached && !reaches_(to_member->to)) {
      sentinel_->received(failover::Oath{.member = to_member->to,
                                         .life = {},
                                         .epoch = ask->epoch,
                                         .sworn = true,
                                         .whole = true,
                                         .priority = 100,
                                         .position = {}},
                          now());
      return;
    }
    world_.trace([&] {
      constexpr const char* kWords[] = {"asks for the oath", "confirms", "repoints"};
      return fmt::format("sentinel {} {} node {}", settings_.address, kWords[to_member->message.index()],
                         address_of(to_member->to));
    });
    std::visit(
        [&](const auto& body) { world_.send(settings_.address, address_of(to_member->to), body, to_member->to); },
        to_member->message);
  }
}

}  // namespace weir::sim
