#include "store/commands/command_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

constexpr std::uint64_t kLowerCase = 0x2020'2020'2020'2020;

// The first eight bytes with letters in lower case (other bytes may fall together), padded: what nearly every name is
// told by. Two loads that overlap, since a copy of unknown length is a call.
std::uint64_t front_of(std::string_view name) {
  const char* bytes = name.data();
  const std::size_t size = name.size();
  if (size >= 8) return base::load_little_endian<std::uint64_t>(bytes) | kLowerCase;
  if (size >= 4) {
    const std::uint64_t low = base::load_little_endian<std::uint32_t>(bytes);
    const std::uint64_t high = base::load_little_endian<std::uint32_t>(bytes + size - 4);
    return low | high << ((size - 4) * 8) | kLowerCase;
  }
  std::uint64_t front = 0;
  for (std::size_t i = 0; i < size; ++i)
    front |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (i * 8);
  return front | kLowerCase;
}

std::size_t hash_of(std::uint64_t front, std::size_t size) {
  return static_cast<std::size_t>(((front ^ size) * 0x9e37'79b9'7f4a'7c15) >> 32);
}

// Whether a name is told by its front and length alone: eight letters at most. A letter is what no other byte becomes
// in lower case.
bool is_whole(std::string_view name) {
  return name.size() <= 8 && std::ranges::all_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

CommandTable::CommandTable(std::span<const std::span<const CommandSpec>> families) {
  for (const auto family : families) rows_.insert(rows_.end(), family.begin(), family.end());
  const auto give_id = [this](CommandSpec& row) {
    row.id = static_cast<std::uint16_t>(by_id_.size());
    by_id_.push_back(&row);
    auto arguments = parse_syntax(row.syntax);
    WEIR_ASSERT(arguments.has_value());
    arguments_.push_back(std::move(*arguments));
  };
  subcommands_.reserve(rows_.size());
  slots_.resize(std::bit_ceil(rows_.size() * 4));
  mask_ = slots_.size() - 1;
  for (CommandSpec& row : rows_) {
    WEIR_ASSERT(find(row.name) == nullptr);
    give_id(row);
    const std::uint64_t front = front_of(row.name);
    std::size_t slot = hash_of(front, row.name.size()) & mask_;
    while (slots_[slot].row != nullptr) slot = (slot + 1) & mask_;
    slots_[slot] = {
        .front = front, .size = static_cast<std::uint32_t>(row.name.size()), .whole = is_whole(row.name), .row = &row};
    if (row.subcommands.empty()) continue;
    subcommands_.emplace_back(row.subcommands.begin(), row.subcommands.end());
    for (CommandSpec& subcommand : subcommands_.back()) give_id(subcommand);
    row.subcommands = subcommands_.back();
  }
}

const CommandSpec* CommandTable::find(std::string_view name) const {
  const std::uint64_t front = front_of(name);
  for (std::size_t at = hash_of(front, name.size()) & mask_; slots_[at].row != nullptr; at = (at + 1) & mask_) {
    const Slot& slot = slots_[at];
    if (slot.front != front || slot.size != name.size()) continue;
    if (slot.whole || base::equal_ignoring_case(slot.row->name, name)) return slot.row;
  }
  return nullptr;
}

const CommandSpec* CommandTable::find_subcommand(const CommandSpec& parent, std::string_view name) {
  for (const CommandSpec& subcommand : parent.subcommands) {
    if (base::equal_ignoring_case(subcommand.name.substr(parent.name.size() + 1), name)) return &subcommand;
  }
  return nullptr;
}

const CommandSpec* CommandTable::find_full(std::string_view name) const {
  const std::size_t bar = name.find('|');
  const CommandSpec* row = find(name.substr(0, bar));
  if (row == nullptr || bar == std::string_view::npos) return row;
  return find_subcommand(*row, name.substr(bar + 1));
}

const CommandTable& command_table() {
  static const auto kFamilies = std::to_array({
      bitmap_commands(),
      client_commands(),
      config_commands(),
      connection_commands(),
      counter_commands(),
      debug_commands(),
      dump_commands(),
      expiration_commands(),
      geo_commands(),
      geo_search_commands(),
      hash_commands(),
      hyperloglog_commands(),
      introspection_commands(),
      key_commands(),
      lcs_commands(),
      list_commands(),
      list_pop_commands(),
      memory_commands(),
      monitoring_commands(),
      object_commands(),
      persistence_commands(),
      pubsub_commands(),
      replication_commands(),
      scan_commands(),
      server_commands(),
      set_algebra_commands(),
      set_commands(),
      sort_commands(),
      sorted_set_algebra_commands(),
      sorted_set_commands(),
      sorted_set_pop_commands(),
      sorted_set_range_commands(),
      string_commands(),
      transaction_commands(),
  });
  static const CommandTable kTable(kFamilies);
  return kTable;
}

}  // namespace weir::store
