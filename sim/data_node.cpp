#include "sim/data_node.h"

#include <fmt/format.h>

#include <ranges>

#include "base/assert.h"

namespace weir::sim {

using failover::MemberId;
using store::replica::Attachment;
using store::replica::History;
using store::replica::Member;

namespace {

constexpr std::int64_t kSyncPeriodUs = 1'000'000;
constexpr std::int64_t kHeartbeatUs = 200'000;

// `unmarked`: an epoch whose mark is passed over, for a lie.
History history_of(const Log& log, failover::Epoch unmarked = 0) {
  History history;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i].is_mark && log[i].id != unmarked) {
      history.begin(log[i].id, i + 1);
    } else {
      history.advance(i + 1);
    }
  }
  return history;
}

std::string addresses_of(const failover::Roster& roster) {
  std::string text;
  for (const MemberId member : roster.members) text += fmt::format("{}{}", text.empty() ? "" : " ", address_of(member));
  return text;
}

}  // namespace

DataNode::DataNode(const Settings& settings, World& world, Oracle& oracle, std::vector<Operation>& operations)
    : settings_(settings), world_(world), oracle_(oracle), operations_(operations) {
  disk_record_.replace() = {.id = member_id(settings_.address, disk_), .boot = boot_};
}

void DataNode::start() {
  WEIR_ASSERT(!member_);
  ++incarnation_;
  const std::uint64_t boot = world_.lie == Lie::kForgottenIsWhole ? disk_record_.record().boot : boot_;
  const Member::Start start{
      .life = failover::Life{incarnation_}, .boot = boot, .acknowledges_synced = settings_.appendfsync_always};
  const Member::Settings settings{.max_lag = std::chrono::milliseconds(1500),
                                  .attach_retry = std::chrono::milliseconds(300)};
  const bool resumes =
      world_.lie == Lie::kEpochReused && last_confirmed_ && last_confirmed_->epoch == disk_record_.record().sworn;
  member_.emplace(settings, start, disk_record_.record(), history_of(log_, resumes ? disk_record_.record().sworn : 0));
  values_ = {};
  for (const Entry& entry : log_) {
    if (!entry.is_mark) values_[entry.key] = entry.id;
  }
  world_.trace([&] {
    const failover::Position position = member_->history().position();
    return fmt::format("node {} starts at ({}, {}), sworn {}{}", settings_.address, position.epoch, position.offset,
                       disk_record_.record().sworn, member_->whole() ? "" : ", not whole");
  });
  perform();
  if (resumes) {
    confirming_ = *last_confirmed_;
    member_->confirmed(
        {.configuration = *last_confirmed_, .position = member_->history().position(), .life = start.life});
    perform();
  }
  world_.after(static_cast<std::int64_t>(world_.random.below(100'000)),
               {.kind = Event::Kind::kTick, .address = settings_.address, .incarnation = incarnation_});
}

void DataNode::stop(Death death) {
  WEIR_ASSERT(member_);
  world_.trace([&] {
    constexpr const char* kWords[] = {"is killed", "loses its power", "loses its disk"};
    return fmt::format("node {} {}", settings_.address, kWords[static_cast<std::size_t>(death)]);
  });
  member_.reset();
  disk_record_.process_ends();
  peers_.clear();
  confirming_.reset();
  if (death == Death::kKilled) return;
  ++boot_;
  if (death == Death::kWiped) {
    disk_record_.replace() = {.id = member_id(settings_.address, ++disk_), .boot = boot_};
    last_confirmed_.reset();
    log_.clear();
  } else if (replaced_) {
    log_ = synced_log_;
  } else {
    log_.resize(synced_ + world_.random.below(log_.size() - synced_ + 1));
  }
  synced_log_ = {};
  synced_ = log_.size();
  replaced_ = false;
}

void DataNode::sync() {
  synced_ = log_.size();
  synced_log_ = {};
  replaced_ = false;
}

void DataNode::append(const Entry& entry) {
  log_.push_back(entry);
  if (!entry.is_mark) values_[entry.key] = entry.id;
}

void DataNode::tick() {
  member_->tick(now());
  if (world_.now_us() >= next_sync_us_) {
    next_sync_us_ = world_.now_us() + kSyncPeriodUs;
    sync();
  }
  if (world_.now_us() >= next_heartbeat_us_ && member_->role() == failover::Role::kMaster) {
    next_heartbeat_us_ = world_.now_us() + kHeartbeatUs;
    for (Peer& peer : peers_) stream_to(peer, true);
  }
  perform();
  world_.after(100'000, {.kind = Event::Kind::kTick, .address = settings_.address, .incarnation = incarnation_});
}

void DataNode::stored(std::uint64_t version) {
  disk_record_.written(version);
  member_->stored(version);
  perform();
}

void DataNode::receive(Message message) {
  if (message.member != MemberId::kNobody && message.member != disk_record_.record().id) return;
  const base::MonoTime time = now();
  const auto sentinel = [&] { return failover::SentinelId{message.from + 1U}; };
  if (const auto* const probe = std::get_if<Probe>(&message.body); probe != nullptr) {
    world_.send(settings_.address, message.from, member_->report(time));
  } else if (const auto* const oath = std::get_if<failover::AskOath>(&message.body)) {
    member_->asked_oath(sentinel(), oath->epoch);
  } else if (auto* const confirm = std::get_if<failover::Confirm>(&message.body)) {
    if (world_.lie == Lie::kOffsetIgnored) confirm->position = member_->history().position();
    confirming_ = confirm->configuration;
    member_->confirmed(*confirm);
  } else if (const auto* const follow = std::get_if<failover::Follow>(&message.body)) {
    member_->told_to_follow(*follow, time);
  } else if (const auto* const attach = std::get_if<AttachRequest>(&message.body)) {
    member_->attach_asked(attach->attachment, attach->position, time);
  } else if (const auto* const resume = std::get_if<Resume>(&message.body)) {
    member_->resumed(resume->attachment, resume->from, resume->reached);
  } else if (auto* const snapshot = std::get_if<Snapshot>(&message.body)) {
    if (member_->snapshot_loaded(snapshot->attachment, snapshot->history)) {
      if (!replaced_) {
        synced_log_.assign(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(synced_));
        replaced_ = true;
      }
      log_.clear();
      values_ = {};
      for (const Entry& entry : snapshot->log) append(entry);
      if (settings_.appendfsync_always) sync();
    }
  } else if (const auto* const stream = std::get_if<Stream>(&message.body)) {
    apply(*stream);
  } else if (const auto* const acknowledge = std::get_if<Acknowledge>(&message.body)) {
    member_->acknowledged(acknowledge->replica, acknowledge->epoch, acknowledge->acknowledged, time);
    if (world_.lie == Lie::kAckCountedTwice) {
      for (const Peer& peer : peers_) {
        member_->acknowledged(peer.attachment.replica, acknowledge->epoch, acknowledge->acknowledged, time);
      }
    }
  } else if (const auto* const request = std::get_if<Request>(&message.body)) {
    run(message.from, *request);
  }
  perform();
}

void DataNode::apply(const Stream& stream) {
  // What is known already came twice, or was sent before we attached anew.
  const failover::Offset offset = member_->history().offset();
  const std::size_t known = stream.from < offset ? offset - stream.from : 0;
  if (known > stream.entries.size() || !member_->takes_stream(stream.epoch, stream.from + known)) return;
  for (std::size_t i = known; i < stream.entries.size(); ++i) {
    const Entry& entry = stream.entries[i];
    append(entry);
    if (entry.is_mark) {
      member_->mark_applied(entry.id, log_.size());
    } else {
      member_->effects_applied(log_.size());
    }
  }
  if (settings_.appendfsync_always) sync();
  member_->stream_applied(stream.round, now());
}

void DataNode::run(Address client, const Request& request) {
  Operation& operation = operations_[request.operation];
  const bool writes = operation.kind == Operation::Kind::kWrite;
  const store::replica::Admission admission = writes ? member_->admit_write(now()) : member_->admit_read();
  if (admission != store::replica::Admission::kAdmitted) {
    world_.send(settings_.address, client, Response{request.operation, Response::Kind::kNotRun, 0});
    return;
  }
  if (writes) {
    append({.id = request.operation, .key = operation.key, .is_mark = false});
    if (settings_.appendfsync_always) sync();
    member_->effects_appended(log_.size());
  } else {
    operation.value = values_[operation.key];
  }
  operation.seen = log_.size();
  if (world_.lie == Lie::kAnswerBeforeAcked) return respond(request.operation, Response::Kind::kDone);
  member_->hold({.token = request.operation,
                 .reads = operation.kind == Operation::Kind::kStrictRead && world_.lie != Lie::kReadWithoutRound,
                 .deadline = now() + settings_.ack_timeout});
}

void DataNode::respond(std::uint64_t number, Response::Kind kind) {
  const Operation& operation = operations_[number];
  if (kind == Response::Kind::kDone) {
    WEIR_ASSERT(operation.seen <= log_.size());
    oracle_.acknowledged(member_->epoch(), std::span(log_).first(operation.seen));
  }
  world_.send(settings_.address, operation.client, Response{static_cast<std::uint32_t>(number), kind, operation.value});
}

void DataNode::perform() {
  member_->turn_ended();
  for (;;) {
    const std::vector<store::replica::MemberAction> actions = member_->take_actions();
    if (actions.empty()) break;
    for (const store::replica::MemberAction& action : actions) perform(action);
  }
  if (member_->role() == failover::Role::kMaster) {
    for (Peer& peer : peers_) stream_to(peer, false);
  } else {
    peers_.clear();
  }
  for (const store::replica::ReplyGate::Release& release : member_->take_released()) {
    const bool known = release.outcome == store::replica::Outcome::kSend;
    respond(release.token, known ? Response::Kind::kDone : Response::Kind::kUnknown);
  }
}

void DataNode::perform(const store::replica::MemberAction& action) {
  using namespace store::replica;
  if (const auto* const store = std::get_if<Store>(&action)) {
    const bool lies = world_.lie == Lie::kOathNotSynced;
    disk_record_.write(store->record, store->version, world_, settings_.address, incarnation_, /*slowly=*/lies);
    if (lies) member_->stored(store->version);
  } else if (const auto* const oath = std::get_if<SendOath>(&action)) {
    failover::Oath said = oath->oath;
    if (world_.lie == Lie::kOffsetIgnored) said.position = {};
    world_.last_bound = settings_.address;
    world_.trace([&] {
      return fmt::format("node {} {} epoch {} at ({}, {}){}", settings_.address, said.sworn ? "swears" : "has sworn",
                         said.epoch, said.position.epoch, said.position.offset, said.whole ? "" : ", not whole");
    });
    world_.send(settings_.address, static_cast<Address>(static_cast<std::uint64_t>(oath->to) - 1), said);
  } else if (const auto* const begin = std::get_if<BeginEpoch>(&action)) {
    WEIR_ASSERT(confirming_ && confirming_->epoch == begin->epoch);
    world_.trace([&] {
      return fmt::format("node {} is master of epoch {} from offset {}, N = {} of [{}], before [{}]", settings_.address,
                         begin->epoch, log_.size(), confirming_->roster.acks, addresses_of(confirming_->roster),
                         fmt::join(confirming_->earlier | std::views::transform(addresses_of), "] ["));
    });
    oracle_.confirmed({settings_.address, incarnation_}, *confirming_, log_);
    last_confirmed_ = confirming_;
    append({.id = begin->epoch, .key = 0, .is_mark = true});
    if (settings_.appendfsync_always) sync();
    peers_.clear();
    member_->begun(begin->epoch, log_.size());
  } else if (const auto* const attach = std::get_if<SendAttach>(&action)) {
    send(attach->to, AttachRequest{attach->attachment, attach->position});
  } else if (const auto* const resume = std::get_if<SendResume>(&action)) {
    send(resume->attachment.replica, Resume{resume->attachment, resume->from, resume->reached});
    std::erase_if(peers_, [&](const Peer& peer) { return peer.attachment.replica == resume->attachment.replica; });
    peers_.push_back({resume->attachment, resume->from});
  } else if (const auto* const snapshot = std::get_if<SendSnapshot>(&action)) {
    send(snapshot->attachment.replica, Snapshot{snapshot->attachment, member_->history(), log_});
    std::erase_if(peers_, [&](const Peer& peer) { return peer.attachment.replica == snapshot->attachment.replica; });
    peers_.push_back({snapshot->attachment, log_.size()});
  } else if (const auto* const acknowledgement = std::get_if<SendAcknowledgement>(&action)) {
    send(acknowledgement->to,
         Acknowledge{disk_record_.record().id, acknowledgement->epoch, acknowledgement->acknowledged});
  } else if (std::holds_alternative<AskRound>(action)) {
    for (Peer& peer : peers_) stream_to(peer, true);
  }
}

void DataNode::send(MemberId to, Body body) { world_.send(settings_.address, address_of(to), std::move(body), to); }

void DataNode::stream_to(Peer& peer, bool always) {
  if (peer.sent == log_.size() && !always) return;
  Stream stream{.epoch = member_->epoch(), .from = peer.sent, .round = member_->round(), .entries = {}};
  stream.entries.assign(log_.begin() + static_cast<std::ptrdiff_t>(peer.sent), log_.end());
  peer.sent = log_.size();
  send(peer.attachment.replica, std::move(stream));
}

}  // namespace weir::sim
