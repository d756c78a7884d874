// Manifest: which files make up the append-only file, as Redis 7 writes it down, to the byte:
//
//   file appendonly.aof.2.base.rdb seq 2 type b      the data at one moment; at most one
//   file appendonly.aof.1.incr.aof seq 1 type h      history: of no use any more, about to be deleted
//   file appendonly.aof.2.incr.aof seq 2 type i      the commands since, one file after the other; the last grows
//
// The text stands in PREFIX.manifest beside those files, and is replaced whole. A name with blanks or quotes is quoted.
// A core: text in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace weir::store::aof {

struct ManifestFile {
  std::string name;
  std::int64_t sequence = 0;

  friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

struct Manifest {
  std::optional<ManifestFile> base;
  std::vector<ManifestFile> history;
  std::vector<ManifestFile> increments;  // In the order of their sequence.
  // The highest sequence so far. Numbers are not used again.
  std::int64_t base_sequence = 0;
  std::int64_t increment_sequence = 0;

  bool empty() const { return !base && increments.empty(); }
  std::string to_text() const;

  // The next number with its name; `prefix` is the directive appendfilename.
  ManifestFile next_base(std::string_view prefix) const;
  ManifestFile next_increment(std::string_view prefix) const;
  void add_increment(ManifestFile file);
  // The base that a rewrite has made takes the place of everything before; of the increments the last `kept` stay.
  void replace_base(ManifestFile file, std::size_t kept);

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string manifest_name(std::string_view prefix);

// Refuses what Redis refuses. The error names the line.
base::Result<Manifest> parse_manifest(std::string_view text);

}  // namespace weir::store::aof
