// Generator: draws operations from the table of rows. The same seed, rows and outcomes so far give the same operations.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/differential/kinds.h"
#include "tests/differential/outcomes.h"
#include "tests/differential/row.h"
#include "tests/differential/shape.h"

namespace weir::differential {

struct GeneratorSettings {
  std::vector<const Row*> rows;  // In use: what the subject implements of the families wanted.
  std::vector<Directive> directives;
  unsigned protocol = 2;
  bool blocked = true;  // Whether commands may be left blocked: the subject has what it takes to wake them.
};

class Generator {
 public:
  // Requires: at least one row.
  Generator(GeneratorSettings settings, std::uint64_t seed);

  // Appends one operation, with others before and after it where it makes sense only so: what an expired key leaves
  // behind is taken away, and a key that becomes large is looked at while it is. With `missing` cells
  // some of them are aimed at.
  void draw(std::vector<Operation>& to, std::span<const Outcomes::Cell> missing);

  // For kinds.
  bool drawing_many() const { return drawing_many_; }
  bool many_numbers() const { return many_numbers_; }
  unsigned protocol() const { return settings_.protocol; }
  std::span<const Directive> directives() const { return settings_.directives; }
  std::string some_plain_command();
  std::vector<std::string> some_words();

 private:
  struct Drawn {
    Draft draft;
    std::vector<const Shape*> origins;  // Of each word; null: of no single part.
    bool contradict = false;            // Options may be given twice.
    bool many = false;                  // A part was repeated very often.
  };

  const Row& pick_row();
  // The first of that name that is in use; null if there is none.
  const Row* used_row(std::string_view name) const;
  Drawn draw_words(const Row& row, Intent intent, bool blocked);
  void emit(const Shape& shape, Drawn& drawn);
  void emit_once(const Shape& shape, Drawn& drawn);
  void spoil(Drawn& drawn, std::size_t name_words);
  void add_meanwhile(Operation& operation);

  const GeneratorSettings settings_;
  base::Random random_;
  std::map<const Row*, Shape> shapes_;
  std::vector<double> weights_up_to_;  // Running sums, parallel to settings_.rows.
  std::vector<const Row*> wakers_;
  std::vector<std::string> plain_commands_;
  bool drawing_many_ = false;
  bool many_numbers_ = false;
};

}  // namespace weir::differential
