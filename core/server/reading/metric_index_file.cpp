#include "core/server/reading/metric_index_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/base/framed_log.h"
#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::string_view kMagic = "CAIRNMTX";
constexpr std::string_view kEnd = "CAIRNEND";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kTrailer = 3 * 8 + 8;
constexpr std::size_t kBlockBytes = kBlockPoints * sizeof(StepValue);
constexpr std::size_t kEntryBytes = 2 * 8 + 8 * 8;
constexpr std::uint64_t kLongestFooter = std::uint64_t{1} << 30;

class Writer {
 public:
  template <typename Number>
  void number(Number value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    text_.append(bytes, sizeof value);
  }
  void words(std::string_view words) {
    number(static_cast<std::uint32_t>(words.size()));
    text_ += words;
  }
  void summary(const MetricSummary& summary) {
    number(summary.step_min);
    number(summary.step_max);
    for (const double value : {summary.first, summary.last, summary.min, summary.max})
      number(value);
    number(summary.count);
    number(summary.nan);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// After the first thing that is not there everything is empty and good() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <typename Number>
  Number number() {
    Number value{};
    if (!has(sizeof value)) return value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string words() {
    const auto size = number<std::uint32_t>();
    if (!has(size)) return {};
    std::string words(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return words;
  }
  MetricSummary summary() {
    MetricSummary summary;
    summary.step_min = number<std::int64_t>();
    summary.step_max = number<std::int64_t>();
    summary.first = number<double>();
    summary.last = number<double>();
    summary.min = number<double>();
    summary.max = number<double>();
    summary.count = number<std::uint64_t>();
    summary.nan = number<std::uint64_t>();
    return summary;
  }
  // Whether so many things of this size can follow.
  bool has(std::uint64_t count, std::uint64_t size = 1) {
    good_ = good_ && count <= rest_.size() / size;
    return good_;
  }
  void refuse() { good_ = false; }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool over() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

void read_series(Reader& reader, std::uint64_t blocks_end, MetricSeries& series) {
  series.name = reader.words();
  if (!is_valid_utf8(series.name)) reader.refuse();
  series.runtime = reader.number<std::uint8_t>() != 0;
  const auto blocks = reader.number<std::uint64_t>();
  if (!reader.has(blocks, kEntryBytes)) return;
  series.blocks.reserve(blocks);
  for (std::uint64_t i = 0; i < blocks && reader.good(); ++i) {
    BlockPlace place;
    place.position = reader.number<std::uint64_t>();
    place.checksum = reader.number<std::uint64_t>();
    const MetricSummary summary = reader.summary();
    if (place.position < kMetricIndexBegin || place.position > blocks_end ||
        blocks_end - place.position < kBlockBytes || summary.count != kBlockPoints)
      reader.refuse();
    series.add_block(place, summary);
  }
  const auto tail = reader.number<std::uint32_t>();
  if (tail >= kBlockPoints) reader.refuse();
  if (!reader.has(tail, sizeof(StepValue))) return;
  for (std::uint32_t i = 0; i < tail; ++i) {
    const auto step = reader.number<std::int64_t>();
    series.tail.push_back({step, reader.number<double>()});
  }
}

}  // namespace

Result<Fd> open_metric_index(const TaskFolder& task, int attempt) {
  const std::string name = task.attempt(attempt).root.filename().string();
  CAIRN_ASSIGN(const Fd folder, open_task_folder(task, name));
  Fd fd(::openat(folder.get(), kMetricIndexName,
                 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600));
  if (fd.get() < 0) return io_error("open", (task.root / name / kMetricIndexName).string(), errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1)
    return corrupt((task.root / name / kMetricIndexName).string() + " is no file of its own");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return conflict("another process has " + (task.root / name / kMetricIndexName).string());
  return fd;
}

Result<Fd> open_nameless(const fs::path& folder) {
  Fd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() >= 0) return fd;
  // Not every file system has files without names.
  std::string name = (folder / "index-XXXXXX").string();
  Fd named(::mkostemp(name.data(), O_CLOEXEC));
  if (named.get() < 0) return io_error("make a file in", folder.string(), errno);
  (void)::unlink(name.c_str());
  return named;
}

Result<void> begin_metric_index(int fd) {
  if (::ftruncate(fd, 0) != 0) return io_error("empty", kMetricIndexName, errno);
  Writer header;
  header.number(kVersion);
  header.number(static_cast<std::uint32_t>(kBlockPoints));
  std::string bytes = std::string(kMagic) + header.text();
  bytes.resize(kMetricIndexBegin, '\0');
  return write_at(fd, 0, bytes);
}

Result<void> write_footer(int fd, std::uint64_t blocks_end, const KeptMetrics& kept) {
  Writer footer;
  footer.number(kept.counted);
  footer.number(kept.left_out);
  footer.words(kept.guard);
  footer.number(static_cast<std::uint32_t>(kept.series.size()));
  for (const MetricSeries& series : kept.series) {
    footer.words(series.name);
    footer.number(static_cast<std::uint8_t>(series.runtime ? 1 : 0));
    footer.number(static_cast<std::uint64_t>(series.blocks.size()));
    for (std::size_t i = 0; i < series.blocks.size(); ++i) {
      footer.number(series.blocks[i].position);
      footer.number(series.blocks[i].checksum);
      footer.summary(series.levels[0][i]);
    }
    footer.number(static_cast<std::uint32_t>(series.tail.size()));
    for (const StepValue& point : series.tail) {
      footer.number(point.step);
      footer.number(point.value);
    }
  }
  Writer trailer;
  trailer.number(blocks_end);
  trailer.number(static_cast<std::uint64_t>(footer.text().size()));
  trailer.number(static_cast<std::uint64_t>(crc32c(footer.text())));
  if (::ftruncate(fd, static_cast<off_t>(blocks_end)) != 0)
    return io_error("cut", kMetricIndexName, errno);
  return write_at(fd, blocks_end, footer.text() + trailer.text() + std::string(kEnd));
}

Result<std::optional<LoadedMetrics>> load_metric_index(int fd) {
  const std::optional<LoadedMetrics> none;
  struct stat status {};
  if (::fstat(fd, &status) != 0) return io_error("inspect", kMetricIndexName, errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < kMetricIndexBegin + kTrailer) return none;
  CAIRN_ASSIGN(const std::string header, read_range(fd, 0, kMagic.size() + 8));
  CAIRN_ASSIGN(const std::string end, read_range(fd, size - kTrailer, kTrailer));
  if (!header.starts_with(kMagic) || !end.ends_with(kEnd) || end.size() != kTrailer) return none;
  Reader versions(std::string_view(header).substr(kMagic.size()));
  if (versions.number<std::uint32_t>() != kVersion ||
      versions.number<std::uint32_t>() != kBlockPoints)
    return none;
  Reader trailer(end);
  LoadedMetrics loaded;
  loaded.blocks_end = trailer.number<std::uint64_t>();
  const auto length = trailer.number<std::uint64_t>();
  const auto checksum = trailer.number<std::uint64_t>();
  if (length > kLongestFooter || loaded.blocks_end < kMetricIndexBegin ||
      loaded.blocks_end > size || size - loaded.blocks_end != length + kTrailer)
    return none;
  CAIRN_ASSIGN(const std::string footer, read_range(fd, loaded.blocks_end, length));
  if (footer.size() != length || crc32c(footer) != checksum) return none;
  Reader reader(footer);
  loaded.kept.counted = reader.number<std::uint64_t>();
  loaded.kept.left_out = reader.number<std::uint64_t>();
  loaded.kept.guard = reader.words();
  const auto count = reader.number<std::uint32_t>();
  if (count > MetricIndex::kMostSeries || loaded.kept.guard.size() > loaded.kept.counted)
    return none;
  for (std::uint32_t i = 0; i < count && reader.good(); ++i)
    read_series(reader, loaded.blocks_end, loaded.kept.series.emplace_back());
  if (!reader.good() || !reader.over()) return none;
  return std::optional(std::move(loaded));
}

}  // namespace cairn
