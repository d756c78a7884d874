#include "runtime/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "base/assert.h"
#include "runtime/socket.h"

namespace weir::runtime {

using base::Error;
using base::ErrorKind;
using base::Result;

namespace {

Error failure(std::string_view doing, const std::string& path, int error_number) {
  ErrorKind kind = ErrorKind::kFatal;
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM: kind = ErrorKind::kRetry; break;
    case ENOENT:
    case EEXIST:
    case ENOTDIR:
    case EISDIR:
    case EWOULDBLOCK: kind = ErrorKind::kReject; break;
    default: break;
  }
  return base::system_error(kind, fmt::format("{} {}", doing, path), error_number);
}

class RealFile final : public File {
 public:
  RealFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got =
          ::pread(descriptor_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got > 0) {
        done += static_cast<std::size_t>(got);
      } else if (errno != EINTR) {
        return failure("read", path_, errno);
      }
    }
    return done;
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t put =
          ::pwrite(descriptor_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      if (put >= 0) {
        done += static_cast<std::size_t>(put);
      } else if (errno != EINTR) {
        return failure("write", path_, errno);
      }
    }
    return {};
  }

  Result<void> append(std::string_view bytes) override {
    const auto end = size();
    if (!end) return end.error();
    return write(*end, bytes);
  }

  Result<void> sync() override {
    if (::fdatasync(descriptor_.get()) != 0) {
      return base::system_error(ErrorKind::kFatal, fmt::format("sync {}", path_), errno);
    }
    return {};
  }

  Result<void> truncate(std::uint64_t size_bytes) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size_bytes)) != 0) return failure("truncate", path_, errno);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat status;
    if (::fstat(descriptor_.get(), &status) != 0) return failure("look at", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> fill_to(std::uint64_t size_bytes) override {
    auto end = size();
    if (!end) return end.error();
    const std::string zeros(256 * 1024, '\0');
    for (std::uint64_t at = *end; at < size_bytes;) {
      const std::size_t count = std::min<std::uint64_t>(zeros.size(), size_bytes - at);
      if (auto written = write(at, std::string_view(zeros).substr(0, count)); !written) return written;
      at += count;
    }
    return {};
  }

 private:
  Descriptor descriptor_;
  std::string path_;
};

class RealLock final : public FileLock {
 public:
  explicit RealLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kReadWrite: return O_RDWR;
    case OpenMode::kCreate: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kReplace: return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

}  // namespace

Result<std::unique_ptr<File>> RealFiles::open(const std::string& path, OpenMode mode) {
  Descriptor descriptor(::open(path.c_str(), flags_of(mode) | O_CLOEXEC, 0644));
  if (!descriptor) return failure(mode == OpenMode::kCreate ? "create" : "open", path, errno);
  return std::make_unique<RealFile>(std::move(descriptor), path);
}

Result<bool> RealFiles::exists(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return failure("look at", path, errno);
}

Result<void> RealFiles::rename(const std::string& from, const std::string& to) {
  WEIR_ASSERT(directory_of(from) == directory_of(to));
  if (::rename(from.c_str(), to.c_str()) != 0) return failure("rename", fmt::format("{} to {}", from, to), errno);
  return {};
}

Result<void> RealFiles::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return failure("link", fmt::format("{} as {}", from, to), errno);
  return {};
}

Result<void> RealFiles::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failure("remove", path, errno);
  return {};
}

Result<void> RealFiles::create_directory(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) return failure("create directory", path, code.value());
  return {};
}

Result<std::vector<std::string>> RealFiles::list(const std::string& directory) {
  std::error_code code;
  std::vector<std::string> names;
  std::filesystem::directory_iterator at(directory, code);
  for (; !code && at != std::filesystem::directory_iterator(); at.increment(code)) {
    names.push_back(at->path().filename().string());
  }
  if (code) return failure("list", directory, code.value());
  std::ranges::sort(names);
  return names;
}

Result<void> RealFiles::sync_directory(const std::string& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor) return failure("open", directory, errno);
  if (::fsync(descriptor.get()) != 0) {
    return base::system_error(ErrorKind::kFatal, fmt::format("sync {}", directory), errno);
  }
  return {};
}

Result<std::unique_ptr<FileLock>> RealFiles::lock(const std::string& path) {
  Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!descriptor) return failure("open", path, errno);
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return base::reject(fmt::format("lock {}: another process holds it", path));
    return failure("lock", path, errno);
  }
  return std::make_unique<RealLock>(std::move(descriptor));
}

Result<std::uint64_t> RealFiles::free_bytes(const std::string& directory) {
  struct statvfs status;
  if (::statvfs(directory.c_str(), &status) != 0) return failure("look at", directory, errno);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

Result<std::string> read_whole(Files& files, const std::string& path, std::uint64_t limit_bytes) {
  auto file = files.open(path, OpenMode::kRead);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size > limit_bytes) {
    return base::reject(fmt::format("read {}: it has {} bytes, more than {}", path, *size, limit_bytes));
  }
  std::string bytes(*size, '\0');
  const auto got = (*file)->read(0, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

Result<void> replace_whole(Files& files, const std::string& path, std::string_view bytes) {
  const std::string fresh = path + ".new";
  auto file = files.open(fresh, OpenMode::kReplace);
  if (!file) return file.error();
  // The order matters: the bytes are durable before the name points at them.
  if (auto written = (*file)->write(0, bytes); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto renamed = files.rename(fresh, path); !renamed) return renamed;
  return files.sync_directory(directory_of(path));
}

Result<void> move_file(Files& files, const std::string& from, const std::string& to) {
  if (auto linked = files.link(from, to); !linked) return linked;
  if (auto synced = files.sync_directory(directory_of(to)); !synced) return synced;
  if (auto removed = files.remove(from); !removed) return removed;
  return files.sync_directory(directory_of(from));
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace weir::runtime
