#include "ops/up/running.h"

#include <fmt/format.h>

#include "base/toml.h"
#include "ops/up/system.h"
#include "runtime/file.h"

namespace weir::ops {

using base::Result;

Result<RunningSystem> find_running(const std::string& data) {
  runtime::RealFiles files;
  const base::Error nothing = base::retry(fmt::format("nothing runs on the data directory {}", data));
  const Result<bool> exists = files.exists(up_file_path(data));
  if (!exists || !*exists) return nothing;
  // Whoever runs holds the lock; a file that was left behind by a killed supervisor means nothing.
  if (files.lock(lock_path(data))) return nothing;
  const Result<std::string> text = runtime::read_whole(files, up_file_path(data), 1 << 20);
  if (!text) return nothing;
  const Result<base::Toml> toml = base::Toml::parse(up_file_path(data), *text);
  if (!toml) return toml.error();
  base::TomlTable root = toml->root();
  RunningSystem running{.pid = root.integer("pid", 0, 1, INT64_MAX),
                        .gateway = root.required_text("gateway"),
                        .status = root.required_text("status")};
  if (Result<void> finished = toml->finish(); !finished) return finished.error();
  return running;
}

}  // namespace weir::ops
