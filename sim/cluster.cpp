#include "sim/cluster.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "sim/linearizability.h"

namespace weir::sim {

namespace {

constexpr std::size_t kClients = 3;
constexpr std::int64_t kClientTimeoutUs = 1'200'000;

}  // namespace

Cluster::Cluster(const Plan& plan) : plan_(plan), world_(plan.seed, plan.lie, plan.trace) {
  base::Random& random = world_.random;
  const auto nodes = static_cast<std::size_t>(
      random.between(static_cast<std::int64_t>(plan.data_nodes.low), static_cast<std::int64_t>(plan.data_nodes.high)));
  const unsigned most_replicas = static_cast<unsigned>(std::min<std::size_t>(nodes - 1, 4));
  const unsigned replicas = plan.replicas.value_or(static_cast<unsigned>(random.between(2, most_replicas)));
  const unsigned acks = plan.acks.value_or(static_cast<unsigned>(random.between(1, std::min(replicas, 2U))));
  const std::size_t sentinels = plan.sentinels.value_or(random.chance(0.8) ? 3 : 5);
  const bool always = random.chance(0.3);

  // 0 is nobody's operation: the value of a key that was never written.
  operations_.push_back(
      {.kind = Operation::Kind::kWrite, .client = 0, .key = 0, .outcome = Operation::Outcome::kNotRun});
  const auto clock = [&] {
    return LocalClock{.rate = 0.9 + 0.2 * random.unit(), .ahead_us = random.between(1'000'000'000, 2'000'000'000)};
  };
  for (std::size_t i = 0; i < nodes; ++i) {
    const DataNode::Settings settings{
        .address = static_cast<Address>(i), .clock = clock(), .appendfsync_always = always};
    nodes_.push_back(std::make_unique<DataNode>(settings, world_, oracle_, operations_));
  }
  founding_ = {.epoch = 0, .master = nodes_[0]->id(), .roster = {.members = {}, .acks = acks}};
  for (std::size_t i = 0; i <= replicas; ++i) WEIR_ASSERT(founding_.roster.members.add(nodes_[i]->id()));
  const auto reaches = [this](Address from) {
    return [this, from](failover::MemberId member) {
      const Address to = address_of(member);
      return nodes_[to]->is_up() && !paused_[to].is && !world_.blocked(from, to) && !world_.blocked(to, from);
    };
  };
  const std::chrono::milliseconds replace_after(random.between(600, 2'500));
  for (std::size_t i = 0; i < sentinels; ++i) {
    const SentinelNode::Settings settings{.address = static_cast<Address>(nodes + i),
                                          .clock = clock(),
                                          .data_nodes = nodes,
                                          .sentinels = sentinels,
                                          .founding = founding_,
                                          .replace_after = replace_after};
    sentinels_.push_back(std::make_unique<SentinelNode>(settings, world_, oracle_, reaches(settings.address)));
  }
  for (std::size_t i = 0; i < kClients; ++i) clients_.push_back({.aim = 0});
  paused_.resize(nodes + sentinels + kClients);
  WEIR_ASSERT(paused_.size() <= kMaxAddresses);

  for (const auto& node : nodes_) node->start();
  for (const auto& node : sentinels_) node->start();
  for (std::size_t i = 0; i < kClients; ++i) {
    world_.after(500'000 + static_cast<std::int64_t>(random.below(100'000)),
                 {.kind = Event::Kind::kClient, .address = client(i)});
  }
  if (plan_.draw_faults) {
    draw_machines();
    mix_.emplace(random);
    world_.after(700'000 + static_cast<std::int64_t>(random.below(600'000)), {.kind = Event::Kind::kFault});
  }
  world_.trace([&] {
    return fmt::format("{} data nodes, {} sentinels, R = {}, N = {}, appendfsync {}", nodes, sentinels, replicas, acks,
                       always ? "always" : "everysec");
  });
}

Result Cluster::run() {
  Event event{};
  while (oracle_.violation().empty() && world_.next(event)) {
    ++result_.events;
    happen(event);
    if (!healed_ && world_.now_us() >= plan_.faults_until_us) end_faults();
    if (!healed_ || event.kind != Event::Kind::kTick || event.address != 0) continue;
    if (converged()) break;
    if (world_.now_us() >= healed_us_ + plan_.converge_within_us) {
      oracle_.violate("all faults ended, but the cluster does not converge");
    }
  }
  if (oracle_.violation().empty()) check_histories();
  for (const Operation& operation : operations_) {
    const bool done = operation.outcome == Operation::Outcome::kDone;
    if (done && operation.kind == Operation::Kind::kWrite) ++result_.writes_done;
    if (done && operation.kind == Operation::Kind::kStrictRead) ++result_.strict_reads_done;
    if (operation.outcome == Operation::Outcome::kUnknown) ++result_.unknown;
  }
  result_.epochs = oracle_.last_confirmed().epoch;
  result_.excused = oracle_.excused();
  result_.violation = oracle_.violation();
  if (!result_.violation.empty()) world_.trace([&] { return "VIOLATION: " + result_.violation; });
  return result_;
}

bool Cluster::run_for(std::int64_t us) {
  const std::int64_t until_us = world_.now_us() + us;
  Event event{};
  while (oracle_.violation().empty() && world_.now_us() < until_us && world_.next(event)) happen(event);
  return oracle_.violation().empty();
}

// What happens.

bool Cluster::is_current(const Event& event) const {
  if (event.address < nodes_.size()) {
    const DataNode& node = *nodes_[event.address];
    return node.is_up() && node.incarnation() == event.incarnation;
  }
  const SentinelNode& node = *sentinels_[event.address - nodes_.size()];
  return node.is_up() && node.incarnation() == event.incarnation;
}

void Cluster::happen(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kDeliver: deliver(world_.take(event.value)); break;
    case Event::Kind::kTick:
    case Event::Kind::kStored: {
      if (!is_current(event)) break;
      if (paused_[event.address].is) {
        paused_[event.address].events.push_back(event);
        break;
      }
      const bool is_tick = event.kind == Event::Kind::kTick;
      if (is_sentinel(event.address)) {
        SentinelNode& node = *sentinels_[event.address - nodes_.size()];
        is_tick ? node.tick() : node.stored(event.value);
      } else {
        DataNode& node = *nodes_[event.address];
        is_tick ? node.tick() : node.stored(event.value);
      }
      break;
    }
    case Event::Kind::kRestart: restart(event.address); break;
    case Event::Kind::kContinue: {
      Paused paused = std::exchange(paused_[event.address], {});
      if (!paused.is) break;
      world_.trace([&] { return fmt::format("{} continues", event.address); });
      for (const Event& held : paused.events) happen(held);
      for (Message& message : paused.messages) deliver(std::move(message));
      break;
    }
    case Event::Kind::kClient: next_operation(event.address); break;
    case Event::Kind::kTimeout: {
      Client& client = clients_[event.address - this->client(0)];
      if (client.waiting_for != event.value) break;
      answered({.operation = client.waiting_for, .kind = Response::Kind::kUnknown, .value = 0});
      break;
    }
    case Event::Kind::kFault: fault(); break;
  }
}

void Cluster::deliver(Message message) {
  if (paused_[message.to].is) {
    paused_[message.to].messages.push_back(std::move(message));
  } else if (message.to >= client(0)) {
    answered(std::get<Response>(message.body));
  } else if (is_sentinel(message.to)) {
    SentinelNode& node = *sentinels_[message.to - nodes_.size()];
    if (node.is_up()) node.receive(message);
  } else if (nodes_[message.to]->is_up()) {
    nodes_[message.to]->receive(std::move(message));
  }
}

// Clients. Each has one operation at a time under way.

void Cluster::next_operation(Address address) {
  Client& client = clients_[address - this->client(0)];
  if (client.waiting_for != 0) return;
  using enum Operation::Kind;
  // One does everything, one rather writes, one rather reads.
  constexpr Operation::Kind kKinds[kClients][4] = {{kWrite, kWrite, kRead, kStrictRead},
                                                   {kWrite, kWrite, kWrite, kStrictRead},
                                                   {kWrite, kRead, kStrictRead, kStrictRead}};
  const auto number = static_cast<std::uint32_t>(operations_.size());
  const Operation::Kind kind = kKinds[address - this->client(0)][world_.random.below(4)];
  operations_.push_back({.kind = kind,
                         .client = address,
                         .key = static_cast<std::uint8_t>(world_.random.below(kKeys)),
                         .begin_us = world_.now_us(),
                         .value = kind == Operation::Kind::kWrite ? number : 0});
  client.waiting_for = number;
  world_.send(address, client.aim, Request{number});
  world_.after(kClientTimeoutUs, {.kind = Event::Kind::kTimeout, .address = address, .value = number});
}

void Cluster::answered(const Response& response) {
  Operation& operation = operations_[response.operation];
  Client& client = clients_[operation.client - this->client(0)];
  if (client.waiting_for != response.operation) return;
  client.waiting_for = 0;
  operation.end_us = world_.now_us();
  constexpr Operation::Outcome kOutcomes[] = {Operation::Outcome::kDone, Operation::Outcome::kUnknown,
                                              Operation::Outcome::kNotRun};
  operation.outcome = kOutcomes[static_cast<std::size_t>(response.kind)];
  if (operation.outcome == Operation::Outcome::kDone) {
    if (operation.kind != Operation::Kind::kWrite) operation.value = response.value;
    if (healed_ && operation.kind == Operation::Kind::kWrite && operation.begin_us >= healed_us_) ++done_since_healed_;
  } else {
    aim_anew(client);
  }
  world_.trace([&] {
    constexpr const char* kKindNames[] = {"write", "read", "strict read"};
    constexpr const char* kOutcomeNames[] = {"pending", "done", "unknown", "not run"};
    return fmt::format("client {}: {} {} of key {} {}, value {}", operation.client,
                       kKindNames[static_cast<std::size_t>(operation.kind)], response.operation, operation.key,
                       kOutcomeNames[static_cast<std::size_t>(operation.outcome)], operation.value);
  });
  const std::int64_t pause_us = mix_ ? mix_->client_pause_us() : 100'000;
  world_.after(world_.random.between(0, pause_us), {.kind = Event::Kind::kClient, .address = operation.client});
}

// As clients do: they ask some sentinel, or try their luck.
void Cluster::aim_anew(Client& client) {
  const auto index = static_cast<std::size_t>(world_.random.below(sentinels_.size()));
  const SentinelNode& asked = *sentinels_[index];
  const Address self = this->client(static_cast<std::size_t>(&client - clients_.data()));
  const bool answers = asked.is_up() && !paused_[sentinel(index)].is && !world_.blocked(self, sentinel(index)) &&
                       !world_.blocked(sentinel(index), self);
  if (world_.random.chance(0.8) && answers && asked.record().accepted.epoch > 0) {
    client.aim = address_of(asked.record().accepted.master);
  } else {
    client.aim = static_cast<Address>(world_.random.below(nodes_.size()));
  }
}

// Faults.

void Cluster::stop(Address address, DataNode::Death death) {
  paused_[address] = {};
  if (is_sentinel(address)) {
    sentinels_[address - nodes_.size()]->stop();
    return;
  }
  nodes_[address]->stop(death);
  if (death == DataNode::Death::kKilled) return;
  // Who may still be asked for what was acknowledged.
  std::vector<const Log*> held;
  for (const auto& node : nodes_) {
    if (oracle_.counts(node->id())) held.push_back(&node->log());
  }
  oracle_.lost(held);
}

void Cluster::restart(Address address) {
  if (is_sentinel(address)) {
    SentinelNode& node = *sentinels_[address - nodes_.size()];
    if (!node.is_up()) node.start();
  } else if (!nodes_[address]->is_up()) {
    nodes_[address]->start();
  }
}

void Cluster::pause(Address address, std::int64_t for_us) {
  world_.trace([&] { return fmt::format("{} is stopped for {} ms", address, for_us / 1000); });
  paused_[address].is = true;
  world_.after(for_us, {.kind = Event::Kind::kContinue, .address = address});
}

void Cluster::isolate(const std::vector<Address>& side) {
  const auto is_inside = [&](Address address) { return std::ranges::find(side, address) != side.end(); };
  for (Address from = 0; from < paused_.size(); ++from) {
    for (Address to = 0; to < paused_.size(); ++to) {
      if (is_inside(from) != is_inside(to)) world_.block(from, to);
    }
  }
  world_.trace([&] { return fmt::format("cut off from the others: {}", fmt::join(side, " ")); });
}

void Cluster::heal() {
  world_.unblock_all();
  world_.trace([] { return "the network is whole"; });
}

std::optional<Address> Cluster::master() const {
  std::optional<Address> found;
  failover::Epoch highest = 0;
  for (Address address = 0; address < nodes_.size(); ++address) {
    const DataNode& node = *nodes_[address];
    if (!node.is_up() || node.member().role() != failover::Role::kMaster || node.member().epoch() <= highest) continue;
    found = address;
    highest = node.member().epoch();
  }
  return found;
}

void Cluster::draw_machines() {
  base::Random& random = world_.random;
  NetworkSettings& network = world_.network;
  if (random.chance(0.5)) network.max_delay_us = random.between(1'000, 30'000);
  if (random.chance(0.3)) world_.max_sync_us = random.between(8'000, 400'000);
  if (random.chance(0.4)) network.loss = 0.1 * random.unit();
  if (random.chance(0.4)) network.repeat = 0.1 * random.unit();
  if (random.chance(0.4)) {
    network.slow = 0.1 * random.unit();
    network.slow_us = random.between(10'000, 1'500'000);
  }
}

void Cluster::draw_partition() {
  base::Random& random = world_.random;
  const auto addresses = static_cast<Address>(paused_.size());
  if (random.chance(0.5)) world_.unblock_all();
  if (random.chance(0.3)) {
    // One way, between one and some of the others.
    const auto one = static_cast<Address>(random.below(addresses));
    const bool outward = random.chance(0.5);
    for (Address other = 0; other < addresses; ++other) {
      if (random.chance(0.6)) outward ? world_.block(one, other) : world_.block(other, one);
    }
    world_.trace([&] { return fmt::format("{} is deaf or dumb to some", one); });
    return;
  }
  std::vector<Address> side;
  if (!side_.empty() && random.chance(0.4)) {
    // As before, but one or two have changed sides.
    side = side_;
    for (std::uint64_t moves = 1 + random.below(2); moves > 0; --moves) {
      const auto any = static_cast<Address>(random.below(addresses));
      const Address one = mix_->aims_at_bound(random) ? world_.last_bound : any;
      if (std::erase(side, one) == 0) side.push_back(one);
    }
    world_.unblock_all();
  } else {
    // Any two sides; or the master with clients, few members and less than half of the sentinels: the others will not
    // wait.
    const std::optional<Address> leading = master();
    const bool is_forsaken = leading && random.chance(0.5);
    const double share = is_forsaken ? 0.25 : random.unit();
    std::size_t sentinels_left = is_forsaken ? (sentinels_.size() - 1) / 2 : sentinels_.size();
    for (Address address = 0; address < addresses; ++address) {
      double chance = address >= client(0) ? 0.5 : share;
      if (is_forsaken && address == leading) chance = 1;
      if (is_sentinel(address) && sentinels_left == 0) chance = 0;
      if (!random.chance(chance)) continue;
      if (is_sentinel(address)) --sentinels_left;
      side.push_back(address);
    }
  }
  isolate(side);
  side_ = side;
}

void Cluster::fault() {
  if (healed_) return;
  ++result_.faults;
  base::Random& random = world_.random;
  world_.after(mix_->pause_us(random), {.kind = Event::Kind::kFault});
  const auto any = static_cast<Address>(random.below(client(0)));
  const Address process = mix_->aims_at_bound(random) ? world_.last_bound : any;
  const Address victim = mix_->aims_at_master(random) ? master().value_or(process) : process;
  switch (mix_->pick(random)) {
    case Fault::kPartition: draw_partition(); break;
    case Fault::kHeal: heal(); break;
    case Fault::kPause:
      if (!paused_[victim].is) pause(victim, random.between(100'000, 3'000'000));
      break;
    case Fault::kKill: fell(victim, DataNode::Death::kKilled); break;
    case Fault::kPower: fell(victim, DataNode::Death::kPower); break;
    case Fault::kRack:
      for (Address address = 0; address < client(0); ++address) {
        if (random.chance(0.5)) fell(address, DataNode::Death::kPower);
      }
      break;
    case Fault::kMove:
      if (std::erase(side_, process) == 0) side_.push_back(process);
      world_.unblock_all();
      isolate(side_);
      fell(process, DataNode::Death::kKilled);
      break;
    case Fault::kDisk:
      // Of the members that are to found the group none may be missing.
      if (is_sentinel(victim) || disk_was_lost_ || oracle_.last_confirmed().epoch == 0) break;
      // Nor may there be no room for the roster that does without it.
      if (oracle_.last_confirmed().earlier.size() > 0) break;
      disk_was_lost_ = nodes_[victim]->is_up();
      fell(victim, DataNode::Death::kWiped);
      break;
  }
}

// Stops what is up, and has it restarted: at once, as a supervisor does, or later.
void Cluster::fell(Address address, DataNode::Death death) {
  const bool is_up = is_sentinel(address) ? sentinels_[address - nodes_.size()]->is_up() : nodes_[address]->is_up();
  if (!is_up) return;
  stop(address, death);
  world_.after(mix_->restart_us(world_.random), {.kind = Event::Kind::kRestart, .address = address});
}

void Cluster::end_faults() {
  healed_ = true;
  healed_us_ = world_.now_us();
  world_.unblock_all();
  world_.network = {};
  world_.max_sync_us = 8'000;
  for (Address address = 0; address < client(0); ++address) {
    if (paused_[address].is) happen({.kind = Event::Kind::kContinue, .address = address});
    restart(address);
  }
  world_.trace([] { return "all faults end"; });
}

// The end.

bool Cluster::converged() const {
  if (done_since_healed_ < 2) return false;
  const std::optional<Address> at = master();
  if (!at) return false;
  const DataNode& leading = *nodes_[*at];
  const failover::Epoch epoch = leading.member().epoch();
  const bool sentinels_agree = std::ranges::all_of(sentinels_, [&](const auto& node) {
    return node->record().accepted.epoch == epoch && node->record().open && !node->is_changing();
  });
  return sentinels_agree && std::ranges::all_of(nodes_, [&](const auto& node) {
           return node->member().epoch() == epoch && node->member().whole() && node->log() == leading.log();
         });
}

void Cluster::check_histories() {
  const Log& log = nodes_[master().value_or(0)]->log();
  const Log& acknowledged = oracle_.acknowledged();
  if (log.size() < acknowledged.size() || !std::equal(acknowledged.begin(), acknowledged.end(), log.begin())) {
    oracle_.violate("the last master's history is not the one that was acknowledged");
  }
  // What all have lost may have been read before.
  if (oracle_.excused()) return;
  for (Operation& operation : operations_) {
    if (operation.outcome == Operation::Outcome::kPending) operation.outcome = Operation::Outcome::kUnknown;
  }
  for (std::uint8_t key = 0; key < kKeys; ++key) {
    const std::string violation = linearizability_violation(operations_, key);
    if (!violation.empty()) oracle_.violate("not linearizable: " + violation);
  }
}

}  // namespace weir::sim
