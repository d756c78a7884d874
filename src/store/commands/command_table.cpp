#include "store/commands/command_table.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "store/commands/families.h"

namespace weir::store {

namespace {

// Of the first eight bytes without their case, and the length: enough to tell most names apart.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t front = 0;
  std::memcpy(&front, name.data(), std::min(name.size(), sizeof front));
  front |= 0x2020'2020'2020'2020;
  return ((front ^ name.size()) * 0x9e37'79b9'7f4a'7c15) >> 32;
}

}  // namespace

CommandTable::CommandTable(std::span<const std::span<const CommandSpec>> families) {
  for (const auto family : families) rows_.insert(rows_.end(), family.begin(), family.end());
  const auto give_id = [this](CommandSpec& row) {
    row.id = static_cast<std::uint16_t>(by_id_.size());
    by_id_.push_back(&row);
  };
  subcommands_.reserve(rows_.size());
  slots_.resize(std::bit_ceil(rows_.size() * 4));
  mask_ = slots_.size() - 1;
  for (CommandSpec& row : rows_) {
    WEIR_ASSERT(find(row.name) == nullptr);
    give_id(row);
    std::size_t slot = hash_of(row.name) & mask_;
    while (slots_[slot] != nullptr) slot = (slot + 1) & mask_;
    slots_[slot] = &row;
    if (row.subcommands.empty()) continue;
    subcommands_.emplace_back(row.subcommands.begin(), row.subcommands.end());
    for (CommandSpec& subcommand : subcommands_.back()) give_id(subcommand);
    row.subcommands = subcommands_.back();
  }
}

const CommandSpec* CommandTable::find(std::string_view name) const {
  for (std::size_t slot = hash_of(name) & mask_; slots_[slot] != nullptr; slot = (slot + 1) & mask_) {
    if (base::equal_ignoring_case(slots_[slot]->name, name)) return slots_[slot];
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
  static const auto kFamilies =
      std::to_array({bitmap_commands(), client_commands(), config_commands(), connection_commands(), debug_commands(),
                     hyperloglog_commands(), introspection_commands(), key_commands(), monitoring_commands(),
                     pubsub_commands(), server_commands(), string_commands(), transaction_commands()});
  static const CommandTable kTable(kFamilies);
  return kTable;
}

}  // namespace weir::store
