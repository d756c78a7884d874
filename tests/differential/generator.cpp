#include "tests/differential/generator.h"

#include <algorithm>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::differential {

namespace {

// Of all commands: how many are meant to succeed.
constexpr double kValid = 0.75;
// Of all commands: how many are drawn for an outcome that is still missing.
constexpr double kAimed = 0.3;
constexpr double kOtherConnection = 0.08;

Intent intent_for(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk: return Intent::kValid;
    case Outcome::kNil: return Intent::kNil;
    case Outcome::kWrongType: return Intent::kWrongType;
    case Outcome::kSyntax: return Intent::kSyntax;
    case Outcome::kArity: return Intent::kArity;
    case Outcome::kOtherError: return Intent::kOtherError;
  }
  return Intent::kValid;
}

}  // namespace

Generator::Generator(GeneratorSettings settings, std::uint64_t seed) : settings_(std::move(settings)), random_(seed) {
  WEIR_ASSERT(!settings_.rows.empty());
  double sum = 0;
  for (const Row* row : settings_.rows) {
    shapes_.emplace(row, parse_shape(row->shape));
    sum += row->weight;
    weights_up_to_.push_back(sum);
    const bool wakes =
        row->family == Family::kList || row->family == Family::kSortedSet || row->family == Family::kKeys;
    if (wakes && row->compare == Compare::kExact && !row->blocks) wakers_.push_back(row);
    // The subcommands of a container stand in no order.
    if (!row->name.contains(' ')) plain_commands_.push_back(row->command_name());
  }
}

const Row& Generator::pick_row() {
  const double at = random_.unit() * weights_up_to_.back();
  const auto found = std::ranges::upper_bound(weights_up_to_, at);
  return *settings_.rows[std::min<std::size_t>(static_cast<std::size_t>(found - weights_up_to_.begin()),
                                               settings_.rows.size() - 1)];
}

const Row* Generator::used_row(std::string_view name) const {
  const auto found = std::ranges::find(settings_.rows, name, &Row::name);
  return found == settings_.rows.end() ? nullptr : *found;
}

std::string Generator::some_plain_command() {
  if (plain_commands_.empty()) return "nosuch";
  return plain_commands_[random_.below(plain_commands_.size())];
}

std::vector<std::string> Generator::some_words() {
  while (true) {
    const Row& row = pick_row();
    // Not itself again; and a server alone in its rows would find nothing else.
    if (row.family == Family::kServer && random_.chance(0.9)) continue;
    if (row.name.starts_with("COMMAND")) return {"PING"};
    return draw_words(row, random_.chance(0.8) ? Intent::kValid : Intent::kArity, false).draft.words;
  }
}

void Generator::draw(std::vector<Operation>& to, std::span<const Outcomes::Cell> missing) {
  const Row* row = nullptr;
  Intent intent = Intent::kValid;
  if (!missing.empty() && random_.chance(kAimed)) {
    const Outcomes::Cell& cell = missing[random_.below(missing.size())];
    row = cell.row;
    intent = intent_for(cell.outcome);
  } else {
    row = &pick_row();
    if (!random_.chance(kValid)) intent = intent_for(kOutcomes[1 + random_.below(kOutcomes.size() - 1)]);
    // Without its arguments such a command may answer what differs from server to server.
    if (intent == Intent::kArity && !row->possible(Outcome::kArity)) intent = Intent::kValid;
  }

  Operation operation{.row = row};
  operation.blocked = row->blocks && settings_.blocked && intent == Intent::kValid && random_.chance(0.5);
  Drawn drawn = draw_words(*row, intent, operation.blocked);
  operation.words = std::move(drawn.draft.words);
  operation.connection = random_.chance(kOtherConnection) ? 1 : 0;
  if (operation.blocked) {
    operation.waits_for = drawn.draft.keys;
    std::ranges::sort(operation.waits_for);
    operation.waits_for.erase(std::ranges::unique(operation.waits_for).begin(), operation.waits_for.end());
    operation.database = static_cast<unsigned>(random_.below(kDatabases));
    add_meanwhile(operation);
  }
  const unsigned connection = operation.connection;
  const std::string key = drawn.draft.keys.empty() ? "" : drawn.draft.keys.front();
  const auto add = [&](std::string_view name, std::vector<std::string> words) {
    const Row* const other = used_row(name);
    if (other != nullptr) to.push_back({.row = other, .connection = connection, .words = std::move(words)});
  };

  // Half of the large keys begin with members of one kind, so that an intset grows to its limit.
  if (drawn.many && random_.chance(0.5)) add("DEL", {"DEL", key});
  to.push_back(std::move(operation));
  if (drawn.many) add("OBJECT ENCODING", {"OBJECT", "ENCODING", key});
  // The key is there and expired; whoever counts keys next would count it or not. Looking at it takes it
  // away.
  if (drawn.draft.expires_at_once) {
    const std::string_view look = used_row("EXISTS") != nullptr ? "EXISTS" : "GET";
    add(look, {std::string(look), key});
  }
  // A broken HyperLogLog is soon overwritten; PFADD is to say that it is one.
  if (row->name == "SET" && row->family == Family::kHyperLogLog) add("PFADD", {"PFADD", key, "a"});
  // An empty database does not stay so for long.
  if (row->name.starts_with("FLUSH")) add("RANDOMKEY", {"RANDOMKEY"});
  if (row->name == "RESET" && settings_.protocol == 3) add("HELLO", {"HELLO", "3"});
}

void Generator::add_meanwhile(Operation& operation) {
  if (wakers_.empty()) return;
  const std::size_t count = 1 + random_.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    const Row& row = *wakers_[random_.below(wakers_.size())];
    operation.meanwhile.push_back({.row = &row, .words = draw_words(row, Intent::kValid, false).draft.words});
  }
}

Generator::Drawn Generator::draw_words(const Row& row, Intent intent, bool blocked) {
  Drawn drawn{.draft = {.random = random_,
                        .generator = *this,
                        .family = row.family,
                        .intent = intent,
                        .blocked = blocked,
                        .words = {},
                        .keys = {}},
              .origins = {},
              .contradict = intent == Intent::kSyntax && random_.chance(0.4)};
  std::string_view name = row.name;
  while (!name.empty()) {
    const std::size_t size = std::min(name.find(' '), name.size());
    drawn.draft.add(name.substr(0, size));
    name.remove_prefix(std::min(size + 1, name.size()));
  }
  const std::size_t name_words = drawn.draft.words.size();
  drawn.origins.resize(name_words);
  many_numbers_ = random_.chance(0.5);
  emit(shapes_.at(&row), drawn);
  spoil(drawn, name_words);
  if (random_.chance(0.1)) {
    for (std::size_t i = 0; i < drawn.draft.words.size() && i < drawn.origins.size(); ++i) {
      const bool literal =
          i < name_words || (drawn.origins[i] != nullptr && drawn.origins[i]->form == Shape::Form::kWord);
      if (literal) drawn.draft.words[i] = base::to_lower(drawn.draft.words[i]);
    }
  }
  return drawn;
}

void Generator::emit(const Shape& shape, Drawn& drawn) {
  if (shape.repeat == Shape::Repeat::kOnce) return emit_once(shape, drawn);
  std::size_t times = 1 + random_.below(4);
  const bool outer = drawing_many_;
  if (shape.repeat == Shape::Repeat::kMany && random_.chance(0.04)) {
    drawing_many_ = drawn.many = true;
    times = random_.chance(0.3) ? 420 + random_.below(200) : 20 + random_.below(140);
  }
  for (std::size_t i = 0; i < times; ++i) emit_once(shape, drawn);
  drawing_many_ = outer;
}

void Generator::emit_once(const Shape& shape, Drawn& drawn) {
  switch (shape.form) {
    case Shape::Form::kWord:
      drawn.draft.add(shape.text);
      drawn.origins.push_back(&shape);
      return;
    case Shape::Form::kKind:
      drawn.origins.push_back(&shape);
      shape.kind->draw(drawn.draft);
      drawn.origins.resize(drawn.draft.words.size());
      return;
    case Shape::Form::kSequence:
      for (const Shape& part : shape.parts) emit(part, drawn);
      return;
    case Shape::Form::kOptional:
    case Shape::Form::kChoice: {
      const bool optional = shape.form == Shape::Form::kOptional;
      if (optional && !random_.chance(drawn.contradict ? 0.8 : 0.35)) return;
      emit(shape.parts[random_.below(shape.parts.size())], drawn);
      if (optional && drawn.contradict && random_.chance(0.5)) {
        emit(shape.parts[random_.below(shape.parts.size())], drawn);
      }
      return;
    }
    case Shape::Form::kAnyOrder: {
      std::vector<const Shape*> parts;
      for (const Shape& part : shape.parts) parts.push_back(&part);
      for (std::size_t left = parts.size(); left > 0; --left) {
        const std::size_t next = random_.below(left);
        emit(*parts[next], drawn);
        std::swap(parts[next], parts[left - 1]);
      }
      return;
    }
  }
}

// Makes of a valid command one that is wrong in the way intended. Words move to no other place, since a number may
// stand for a time in the one and for an offset in the other.
void Generator::spoil(Drawn& drawn, std::size_t name_words) {
  std::vector<std::string>& words = drawn.draft.words;
  const auto add_junk = [&] {
    words.emplace_back("JUNK");
    drawn.origins.push_back(nullptr);
  };
  const auto cut_to = [&](std::size_t size) {
    words.resize(size);
    drawn.origins.resize(size);
  };
  switch (drawn.draft.intent) {
    case Intent::kArity:
      if (words.size() > name_words && random_.chance(0.6)) {
        cut_to(name_words + random_.below(words.size() - name_words));
      } else {
        add_junk();
        if (random_.chance(0.5)) add_junk();
      }
      return;
    case Intent::kSyntax: {
      std::vector<std::size_t> literals;
      for (std::size_t i = name_words; i < words.size(); ++i) {
        if (drawn.origins[i] != nullptr && drawn.origins[i]->form == Shape::Form::kWord) literals.push_back(i);
      }
      if (drawn.contradict) return;
      if (!literals.empty() && random_.chance(0.6)) {
        words[literals[random_.below(literals.size())]] = "JUNK";
      } else if (words.size() > name_words + 1 && random_.chance(0.4)) {
        cut_to(words.size() - 1);
      } else {
        add_junk();
      }
      return;
    }
    case Intent::kOtherError: {
      std::vector<std::size_t> kinds;
      for (std::size_t i = name_words; i < words.size(); ++i) {
        const Shape* const origin = drawn.origins[i];
        if (origin != nullptr && origin->kind != nullptr && !origin->kind->wrong.empty()) kinds.push_back(i);
      }
      if (kinds.empty()) return add_junk();
      const std::size_t at = kinds[random_.below(kinds.size())];
      words[at] = drawn.draft.pick(drawn.origins[at]->kind->wrong);
      return;
    }
    case Intent::kValid:
    case Intent::kNil:
    case Intent::kWrongType: return;
  }
}

}  // namespace weir::differential
