#include "tests/differential/shrink.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/differential/comparison.h"

namespace weir::differential {

namespace {

// A word longer than this is tried shorter. Numbers, which may be times, never are.
constexpr std::size_t kLongWord = 24;

class Search {
 public:
  Search(const Trial& trial, std::size_t max_trials) : trial_(trial), left_(max_trials) {}

  // Whether it still fails; then it is the best so far.
  bool fails(std::vector<Operation> candidate) {
    if (left_ == 0) return false;
    --left_;
    std::optional<Difference> difference = trial_(candidate);
    if (!difference) return false;
    // What came after the difference did not matter.
    if (difference->operation + 1 < candidate.size()) candidate.resize(difference->operation + 1);
    best_ = {std::move(candidate), std::move(*difference), 0};
    return true;
  }

  Shrunk& best() { return best_; }
  std::size_t left() const { return left_; }

  // The state that matters was mostly written a moment ago: a short end of the sequence often does.
  void keep_end() {
    for (std::size_t size = 4; size < best_.operations.size(); size *= 4) {
      if (fails({best_.operations.end() - static_cast<std::ptrdiff_t>(size), best_.operations.end()})) return;
    }
  }

  // Leaves out ever smaller pieces until no single operation can be spared.
  void drop_operations() {
    for (std::size_t piece = std::max<std::size_t>(best_.operations.size() / 2, 1); left_ > 0; piece /= 2) {
      bool dropped = false;
      for (std::size_t at = 0; at < best_.operations.size() && left_ > 0;) {
        std::vector<Operation> candidate = best_.operations;
        const auto from = candidate.begin() + static_cast<std::ptrdiff_t>(at);
        const auto size = static_cast<std::ptrdiff_t>(std::min(piece, candidate.size() - at));
        candidate.erase(from, from + size);
        if (!candidate.empty() && fails(std::move(candidate))) {
          dropped = true;
        } else {
          at += piece;
        }
      }
      if (piece == 1) {
        if (!dropped) return;
        piece = 2;  // Once more by ones.
      }
    }
  }

  void simplify_words() {
    for (std::size_t i = 0; i < best_.operations.size(); ++i) {
      const auto change = [&](const auto& edit) {
        std::vector<Operation> candidate = best_.operations;
        edit(candidate[i]);
        return fails(std::move(candidate));
      };
      for (std::size_t at = best_.operations[i].meanwhile.size(); at-- > 0;) {
        change([&](Operation& operation) {
          operation.meanwhile.erase(operation.meanwhile.begin() + static_cast<std::ptrdiff_t>(at));
        });
        if (i >= best_.operations.size()) return;
      }
      // A blocked command keeps its words: without its keys nothing would wake it.
      if (best_.operations[i].blocked) continue;
      for (std::size_t piece = best_.operations[i].words.size() / 2; piece > 0; piece /= 2) {
        for (std::size_t at = 1; i < best_.operations.size() && at < best_.operations[i].words.size();) {
          const std::size_t size = std::min(piece, best_.operations[i].words.size() - at);
          const bool dropped = change([&](Operation& operation) {
            const auto from = operation.words.begin() + static_cast<std::ptrdiff_t>(at);
            operation.words.erase(from, from + static_cast<std::ptrdiff_t>(size));
          });
          if (!dropped) at += piece;
        }
      }
      for (std::size_t at = 1; i < best_.operations.size() && at < best_.operations[i].words.size(); ++at) {
        while (best_.operations[i].words[at].size() > kLongWord) {
          const bool shorter = change([&](Operation& operation) {
            operation.words[at].resize(std::max(kLongWord, operation.words[at].size() / 2));
          });
          if (!shorter) break;
        }
      }
    }
  }

 private:
  const Trial& trial_;
  std::size_t left_;
  Shrunk best_{};
};

}  // namespace

std::optional<Shrunk> shrink(std::vector<Operation> operations, const Trial& trial, std::size_t max_trials) {
  Search search(trial, max_trials);
  if (!search.fails(std::move(operations))) return std::nullopt;
  search.keep_end();
  search.drop_operations();
  search.simplify_words();
  search.drop_operations();
  Shrunk shrunk = std::move(search.best());
  shrunk.trials = max_trials - search.left();
  return shrunk;
}

std::string as_script(std::span<const Operation> operations) {
  std::string text;
  for (const Operation& operation : operations) {
    text += quoted(operation.words);
    if (operation.connection == 1) text += "    # on a second connection";
    if (operation.blocked) text += fmt::format("    # on a third connection, in database {}", operation.database);
    text += '\n';
    for (const Operation& other : operation.meanwhile) {
      text += "  " + quoted(other.words) + "    # meanwhile, on a fourth\n";
    }
    for (const std::string& key : operation.waits_for) {
      const bool list = operation.row != nullptr && operation.row->family == Family::kList;
      text += fmt::format("  {}    # on the fourth, to wake the third\n  {}\n", quoted({"DEL", key}),
                          list ? quoted({"RPUSH", key, "released"}) : quoted({"ZADD", key, "1", "released"}));
    }
  }
  return text;
}

}  // namespace weir::differential
