// For tests: a Sink that writes down what it is given, one line an event, and notices members and keys that come twice.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/persist/rdb/packed_check.h"
#include "store/persist/rdb/sink.h"
#include "store/types/intset.h"
#include "store/types/listpack.h"

namespace weir::store::rdb {

class RecordingSink final : public Sink {
 public:
  std::vector<std::string> events;
  std::uint64_t databases = 16;

  void aux(std::string_view name, std::string_view value) override { add("aux {}={}", shown(name), shown(value)); }
  bool select_database(std::uint64_t number) override {
    database_ = number;
    add("database {}", number);
    return number < databases;
  }
  void resize(std::uint64_t keys, std::uint64_t with_expiry) override { add("resize {} {}", keys, with_expiry); }
  void function(std::string_view library) override { add("function {}", shown(library)); }

  bool string(const Record& record, const Element& value) override {
    add("string {} {}", shown(record), shown(value));
    return is_new(record);
  }
  bool packed(const Record& record, Packed form, std::string_view blob) override {
    std::string line;
    if (form == Packed::kIntset) {
      const IntsetView set(blob);
      for (std::size_t i = 0; i < set.size(); ++i) line += fmt::format(" {}", set.at(i));
    } else {
      for (const Element& element : ListpackView(blob)) line += " " + shown(element);
    }
    static constexpr const char* kNames[] = {"hash listpack", "zset listpack", "intset"};
    add("{} {}{}", kNames[static_cast<int>(form)], shown(record), line);
    return is_new(record);
  }

  bool begin(const Record& record, Shape shape, std::uint64_t expected) override {
    static constexpr const char* kNames[] = {"list", "set", "zset", "hash", "stream"};
    add("{} {} of {}", kNames[static_cast<int>(shape)], shown(record), expected);
    members_.clear();
    stream_bytes_.clear();
    return is_new(record);
  }
  void list_element(const Element& element) override { add("  {}", shown(element)); }
  void list_node(std::string_view listpack) override {
    std::string line;
    for (const Element& element : ListpackView(listpack)) line += " " + shown(element);
    add("  node{}", line);
  }
  bool set_member(const Element& member) override {
    add("  {}", shown(member));
    return members_.insert(shown(member)).second;
  }
  bool zset_member(const Element& member, double score) override {
    add("  {} {}", shown(member), score);
    return members_.insert(shown(member)).second;
  }
  bool hash_field(const Element& field, const Element& value, std::uint64_t expires_at_ms) override {
    add("  {}={}{}", shown(field), shown(value), expires_at_ms == 0 ? "" : fmt::format(" until {}", expires_at_ms));
    return members_.insert(shown(field)).second;
  }
  void stream_bytes(std::uint8_t, std::string_view bytes) override { stream_bytes_ += bytes; }
  void end() override {
    if (!stream_bytes_.empty()) add("  {} bytes", stream_bytes_.size());
    add("end");
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    events.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  static std::string shown(std::string_view bytes) { return base::printable(bytes, 40); }
  static std::string shown(const Element& element) {
    Element::Digits digits;
    return shown(element.text(digits));
  }
  static std::string shown(const Record& record) {
    std::string text = shown(record.key);
    if (record.expires_at_ms) text += fmt::format(" until {}", *record.expires_at_ms);
    if (record.idle_seconds) text += fmt::format(" idle {}", *record.idle_seconds);
    if (record.frequency) text += fmt::format(" used {}", *record.frequency);
    return text;
  }
  bool is_new(const Record& record) { return keys_.emplace(database_, record.key).second; }

  std::uint64_t database_ = 0;
  std::set<std::pair<std::uint64_t, std::string>> keys_;
  std::set<std::string> members_;
  std::string stream_bytes_;
};

}  // namespace weir::store::rdb
