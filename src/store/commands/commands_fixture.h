// For tests of commands: runs lines as a client would, and collects what they do beside their replies: effects, events,
// how much has changed, and what a client that waits receives.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/commands/command_table.h"
#include "store/commands/dispatch.h"
#include "store/commands/node.h"
#include "wire/resp/request.h"

namespace weir::store {

// Each effect as a line, those of one group separated by commas.
struct Notes final : EffectSink {
  void on_effects(std::span<const Effect> group, bool) override {
    std::string line;
    for (const Effect& effect : group) {
      wire::resp::RequestParser parser;
      EXPECT_EQ(parser.parse(effect.bytes).consumed, effect.bytes.size());
      std::string_view before = line.empty() ? "" : ", ";
      for (const std::string_view word : parser.arguments()) line.append(std::exchange(before, " ")).append(word);
    }
    lines.push_back(line);
  }

  std::vector<std::string> lines;
};

struct TestClient final : ClientPort {
  TestClient(Node& node, std::uint64_t id) : its_node(node) {
    session.id = id;
    session.port = this;
    session.address = "127.0.0.1:" + std::to_string(id);
    node.sessions.emplace(id, &session);
  }
  ~TestClient() {
    if (!gone) leave(session, its_node);
  }

  std::string& output() override { return received; }
  void resume() override { ++resumed; }
  void close() override { closed = true; }
  void close_after_flush() override { closed = true; }
  bool congested() override { return false; }
  ConnectionFacts facts() const override { return {}; }

  // What came since the last call.
  std::string take_received() { return std::exchange(received, {}); }

  Node& its_node;
  Session session;
  std::string received;
  int resumed = 0;
  bool closed = false;
  bool gone = false;  // The test has let it leave.
};

class CommandsFixture : public testing::Test {
 protected:
  explicit CommandsFixture(const CommandTable& table = command_table()) : node_(Settings(), table) {}

  // A line with Redis's quoting, at `now_`.
  std::string run(TestClient& client, std::string_view line) {
    std::string bytes;
    std::vector<std::size_t> sizes;
    EXPECT_TRUE(wire::resp::split_words(line, bytes, sizes));
    std::vector<std::string_view> words;
    for (std::size_t at = 0; const std::size_t size : sizes) {
      words.push_back(std::string_view(bytes).substr(at, size));
      at += size;
    }
    const std::size_t before = client.received.size();
    execute(words, client.session, node_, now_, client.received);
    return client.received.substr(before);
  }
  std::string run(std::string_view line) { return run(client_, line); }
  // Runs it and returns what it has for effects.
  std::vector<std::string> effects_of(std::string_view line) {
    Notes notes;
    node_.effects.attach(notes);
    run(line);
    node_.effects.detach(notes);
    return notes.lines;
  }
  // Runs it and returns the names of its events, each with its key.
  std::vector<std::string> events_of(std::string_view line) {
    run(subscriber_, "PSUBSCRIBE __keyevent@0__:*");
    node_.settings.notify_keyspace_events = *parse_event_classes("EA");
    subscriber_.received.clear();
    run(line);
    node_.settings.notify_keyspace_events = 0;
    std::vector<std::string> events;
    std::vector<std::string_view> lines;
    for (std::size_t at = 0, end = 0; (end = subscriber_.received.find("\r\n", at)) != std::string::npos;
         at = end + 2) {
      lines.push_back(std::string_view(subscriber_.received).substr(at, end - at));
    }
    // *4 $n pmessage $n pattern $n channel $n message
    for (std::size_t i = 0; i + 8 < lines.size(); i += 9) {
      events.push_back(std::string(lines[i + 6].substr(lines[i + 6].find(':') + 1)) + " " + std::string(lines[i + 8]));
    }
    return events;
  }
  std::uint64_t changes_of(std::string_view line) {
    const std::uint64_t before = node_.effects.changes_since_save();
    run(line);
    return node_.effects.changes_since_save() - before;
  }

  UnixMs now_ = 1'700'000'000'000;
  Node node_;
  TestClient client_{node_, 1};
  TestClient other_{node_, 2};
  TestClient subscriber_{node_, 3};
};

}  // namespace weir::store
