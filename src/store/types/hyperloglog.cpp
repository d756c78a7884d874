#include "store/types/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::store::hyperloglog {

namespace {

constexpr std::string_view kMagic = "HYLL";
constexpr std::size_t kEncodingAt = 4;
constexpr std::size_t kCountAt = 8;
constexpr std::size_t kOutdatedAt = 15;
constexpr char kDense = 0;
constexpr char kSparse = 1;
constexpr unsigned char kOutdated = 0x80;

constexpr unsigned kIndexBits = 14;
constexpr unsigned kRankBits = 64 - kIndexBits;
constexpr std::size_t kShortZeros = 64;
constexpr std::size_t kLongestValueRun = 4;
constexpr unsigned kLargestRunValue = 32;

// MurmurHash64A (Appleby, public domain) with Redis's seed.
std::uint64_t murmur(std::string_view bytes) {
  constexpr std::uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr int kShift = 47;
  std::uint64_t hash = 0xadc83b19 ^ (bytes.size() * kMultiplier);
  const char* at = bytes.data();
  for (std::size_t words = bytes.size() / 8; words > 0; --words, at += 8) {
    std::uint64_t word = base::load_little_endian<std::uint64_t>(at) * kMultiplier;
    word = (word ^ word >> kShift) * kMultiplier;
    hash = (hash ^ word) * kMultiplier;
  }
  if (const std::size_t left = bytes.size() % 8; left > 0) {
    std::uint64_t rest = 0;
    for (std::size_t i = left; i-- > 0;) rest = rest << 8 | static_cast<unsigned char>(at[i]);
    hash = (hash ^ rest) * kMultiplier;
  }
  hash = (hash ^ hash >> kShift) * kMultiplier;
  return hash ^ hash >> kShift;
}

// Which register an element belongs to, and what it raises it to.
struct Register {
  explicit Register(std::string_view element) {
    const std::uint64_t hash = murmur(element);
    index = hash % kRegisters;
    value = static_cast<unsigned>(std::countr_zero(hash >> kIndexBits | std::uint64_t{1} << kRankBits)) + 1;
  }
  Register(std::size_t at, unsigned raised_to) : index(at), value(raised_to) {}

  std::size_t index;
  unsigned value;
};

void mark_outdated(std::span<char> value) {
  value[kOutdatedAt] = static_cast<char>(static_cast<unsigned char>(value[kOutdatedAt]) | kOutdated);
}

// ---- Dense: four registers in three bytes, the first in the lowest bits ----

class DenseRegisters {
 public:
  // Of a value, its header included.
  explicit DenseRegisters(std::span<char> value) : bytes_(value.subspan(kHeaderBytes)) {
    WEIR_ASSERT(value.size() == kDenseBytes);
  }

  bool raise(const Register& to) {
    const std::size_t group = to.index / 4 * 3;
    const unsigned shift = static_cast<unsigned>(to.index % 4) * 6;
    const std::uint32_t registers = load(bytes_.data() + group);
    if ((registers >> shift & 63) >= to.value) return false;
    store(group, (registers & ~(63u << shift)) | to.value << shift);
    return true;
  }

  static std::uint32_t load(const char* group) {
    const auto byte = [group](int at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(group[at])); };
    return byte(0) | byte(1) << 8 | byte(2) << 16;
  }

 private:
  void store(std::size_t group, std::uint32_t registers) {
    for (std::size_t i = 0; i < 3; ++i) bytes_[group + i] = static_cast<char>(registers >> (8 * i));
  }

  std::span<char> bytes_;
};

// ---- Sparse: runs ----

struct Run {
  unsigned value;      // 0 for zeros.
  std::size_t length;  // In registers.
  std::size_t bytes;
};

// Nothing when the string ends within the run.
std::optional<Run> run_at(std::string_view value, std::size_t at) {
  if (at >= value.size()) return std::nullopt;
  const auto first = static_cast<unsigned char>(value[at]);
  if ((first & 0x80) != 0) return Run{(first >> 2 & 31u) + 1, (first & 3u) + 1, 1};
  if ((first & 0x40) == 0) return Run{0, (first & 63u) + 1, 1};
  if (at + 1 == value.size()) return std::nullopt;
  return Run{0, ((first & 63u) << 8 | static_cast<unsigned char>(value[at + 1])) + 1, 2};
}

// A run in as few bytes as it takes; nothing for one without registers. Requires: it fits one run.
void append_run(std::string& to, unsigned value, std::size_t length) {
  if (length == 0) return;
  const auto extra = static_cast<unsigned>(length - 1);
  if (value > 0) {
    to.push_back(static_cast<char>(0x80 | (value - 1) << 2 | extra));
  } else if (length <= kShortZeros) {
    to.push_back(static_cast<char>(extra));
  } else {
    to.push_back(static_cast<char>(0x40 | extra >> 8));
    to.push_back(static_cast<char>(extra & 0xff));
  }
}

// Calls `use(first register, run)` for every run; false when they do not cover all registers exactly.
template <typename Use>
bool for_each_run(std::string_view value, const Use& use) {
  std::size_t index = 0;
  for (std::size_t at = kHeaderBytes; at < value.size();) {
    const std::optional<Run> run = run_at(value, at);
    if (!run || index + run->length > kRegisters) return false;
    use(index, *run);
    index += run->length;
    at += run->bytes;
  }
  return index == kRegisters;
}

// Joins neighbouring runs of one value, where Redis looks for them: in five steps from `at` on, each of them one run
// further or one join.
void join_runs(std::string& value, std::size_t at) {
  for (int steps = 5; steps > 0; --steps) {
    const std::optional<Run> run = run_at(value, at);
    if (!run) return;
    const std::optional<Run> next = run_at(value, at + run->bytes);
    if (run->value > 0 && next && next->value == run->value && run->length + next->length <= kLongestValueRun) {
      std::string joined;
      append_run(joined, run->value, run->length + next->length);
      value.replace(at, run->bytes + next->bytes, joined);
    } else {
      at += run->bytes;
    }
  }
}

Outcome raise_after_making_dense(std::string& value, const Register& to) {
  if (!make_dense(value)) return Outcome::kCorrupt;
  if (!DenseRegisters(value).raise(to)) return Outcome::kUnchanged;
  mark_outdated(value);
  return Outcome::kChanged;
}

Outcome raise_sparse(std::string& value, const Register& to, std::size_t sparse_max_bytes) {
  if (to.value > kLargestRunValue) return raise_after_making_dense(value, to);

  // The run that holds the register.
  std::size_t at = kHeaderBytes, previous = kHeaderBytes, first = 0;
  std::optional<Run> run;
  while (true) {
    run = run_at(value, at);
    if (!run) return Outcome::kCorrupt;
    if (to.index < first + run->length) break;
    previous = at;
    first += run->length;
    at += run->bytes;
  }
  if (run->value >= to.value) return Outcome::kUnchanged;

  // It becomes what is before the register, the register, and what is behind it.
  std::string parts;
  append_run(parts, run->value, to.index - first);
  append_run(parts, to.value, 1);
  append_run(parts, run->value, first + run->length - to.index - 1);
  if (parts.size() > run->bytes && value.size() + parts.size() - run->bytes > sparse_max_bytes) {
    return raise_after_making_dense(value, to);
  }
  value.replace(at, run->bytes, parts);
  join_runs(value, previous);
  mark_outdated(value);
  return Outcome::kChanged;
}

Outcome raise(std::string& value, const Register& to, std::size_t sparse_max_bytes) {
  if (!is_dense(value)) return raise_sparse(value, to, sparse_max_bytes);
  if (!DenseRegisters(value).raise(to)) return Outcome::kUnchanged;
  mark_outdated(value);
  return Outcome::kChanged;
}

// ---- The estimator: Ertl's sigma and tau, series that are summed until they stand still ----

// x + sum of 2^(k-1) x^(2^k), k from 1 on.
double sigma(double x) {
  if (x == 1) return INFINITY;
  double sum = x, weight = 1;
  for (double before = -1; sum != before; weight *= 2) {
    x *= x;
    before = sum;
    sum += x * weight;
  }
  return sum;
}

// (1 - x - sum of 2^-k (1 - x^(2^-k))^2, k from 1 on) / 3.
double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x, weight = 1;
  for (double before = -1; sum != before;) {
    x = std::sqrt(x);
    weight /= 2;
    before = sum;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

bool has_valid_header(std::string_view value) {
  if (value.size() < kHeaderBytes || !value.starts_with(kMagic)) return false;
  return value[kEncodingAt] == kSparse || (value[kEncodingAt] == kDense && value.size() == kDenseBytes);
}

bool is_dense(std::string_view value) { return value[kEncodingAt] == kDense; }

std::string create() {
  std::string value(kMagic);
  value.push_back(kSparse);
  value.resize(kHeaderBytes);
  append_run(value, 0, kRegisters);
  mark_outdated(value);
  return value;
}

Outcome add(std::string& value, std::string_view element, std::size_t sparse_max_bytes) {
  return raise(value, Register(element), sparse_max_bytes);
}

Outcome add_dense(std::span<char> value, std::string_view element) {
  if (!DenseRegisters(value).raise(Register(element))) return Outcome::kUnchanged;
  mark_outdated(value);
  return Outcome::kChanged;
}

bool make_dense(std::string& value) {
  if (is_dense(value)) return true;
  std::string dense = value.substr(0, kHeaderBytes);
  dense[kEncodingAt] = kDense;
  dense.resize(kDenseBytes);
  DenseRegisters registers(dense);
  const bool whole = for_each_run(value, [&registers](std::size_t index, const Run& run) {
    if (run.value == 0) return;
    for (std::size_t i = 0; i < run.length; ++i) registers.raise({index + i, run.value});
  });
  if (whole) value = std::move(dense);
  return whole;
}

std::optional<std::uint64_t> cached_count(std::string_view value) {
  if ((static_cast<unsigned char>(value[kOutdatedAt]) & kOutdated) != 0) return std::nullopt;
  return base::load_little_endian<std::uint64_t>(value.data() + kCountAt);
}

void cache_count(std::span<char> value, std::uint64_t count) {
  for (std::size_t i = 0; i < 8; ++i) value[kCountAt + i] = static_cast<char>(count >> (8 * i));
}

std::optional<std::uint64_t> count(std::string_view value) {
  Union only;
  if (!only.add(value)) return std::nullopt;
  return only.count();
}

bool Union::add(std::string_view value) {
  if (is_dense(value)) {
    any_dense_ = true;
    const char* group = value.data() + kHeaderBytes;
    for (std::size_t i = 0; i < kRegisters; i += 4, group += 3) {
      const std::uint32_t registers = DenseRegisters::load(group);
      for (unsigned k = 0; k < 4; ++k) {
        registers_[i + k] = std::max(registers_[i + k], static_cast<std::uint8_t>(registers >> (6 * k) & 63));
      }
    }
    return true;
  }
  return for_each_run(value, [this](std::size_t index, const Run& run) {
    for (std::size_t i = index; run.value > 0 && i < index + run.length; ++i) {
      registers_[i] = std::max(registers_[i], static_cast<std::uint8_t>(run.value));
    }
  });
}

std::uint64_t Union::count() const {
  std::array<int, 64> histogram{};
  for (const std::uint8_t value : registers_) ++histogram[value];
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  constexpr auto kAll = static_cast<double>(kRegisters);
  double z = kAll * tau((kAll - histogram[kRankBits + 1]) / kAll);
  for (unsigned value = kRankBits; value >= 1; --value) z = (z + histogram[value]) * 0.5;
  z += kAll * sigma(histogram[0] / kAll);
  return static_cast<std::uint64_t>(std::llround(kAlpha * kAll * kAll / z));
}

bool Union::store_in(std::string& value, std::size_t sparse_max_bytes) const {
  if (any_dense_ && !make_dense(value)) return false;
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (registers_[i] == 0) continue;
    if (raise(value, {i, registers_[i]}, sparse_max_bytes) == Outcome::kCorrupt) return false;
  }
  mark_outdated(value);
  return true;
}

}  // namespace weir::store::hyperloglog
