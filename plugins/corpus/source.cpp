#include "plugins/corpus/source.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <numeric>

#include "core/base/digest.h"
#include "core/base/text.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

const std::vector<std::string> kDomains = {"code", "academic", "professional", "general",
                                           "dialogue"};

Result<std::vector<std::string>> strings(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  CAIRN_ASSIGN(const json::array* array, get_array(object, key));
  for (const json::value& value : *array) {
    if (!value.is_string()) {
      return invalid_argument("'" + std::string(key) + "' holds something other than strings");
    }
    out.emplace_back(value.as_string());
  }
  return out;
}

Result<void> read_key(const json::object& object, std::string_view key, Source& source) {
  const std::map<std::string_view, std::string*> texts = {
      {"reader", &source.reader}, {"package", &source.package}, {"path", &source.path},
      {"domain", &source.domain}, {"array", &source.array},     {"separator", &source.separator},
      {"id", &source.id},         {"only", &source.only}};
  const std::map<std::string_view, std::vector<std::string>*> lists = {
      {"columns", &source.columns},
      {"fields", &source.fields},
      {"links", &source.links},
      {"named_by", &source.named_by}};
  const std::map<std::string_view, std::int64_t*> numbers = {{"limit", &source.limit},
                                                             {"rows", &source.rows}};
  if (const auto text = texts.find(key); text != texts.end()) {
    CAIRN_ASSIGN(*text->second, get_string(object, key));
  } else if (const auto list = lists.find(key); list != lists.end()) {
    CAIRN_ASSIGN(*list->second, strings(object, key));
  } else if (const auto number = numbers.find(key); number != numbers.end()) {
    CAIRN_ASSIGN(*number->second, get_int(object, key));
    if (*number->second < 0) return invalid_argument("'" + std::string(key) + "' is negative");
  } else {
    return invalid_argument("'" + std::string(key) + "' is no key of a source");
  }
  return {};
}

Result<Source> parse_source(const json::value& value) {
  if (!value.is_object()) return invalid_argument("it is no object");
  Source source;
  for (const auto& [key, unused] : value.as_object()) {
    CAIRN_TRY(read_key(value.as_object(), key, source));
  }
  if (make_reader(source.reader) == nullptr) {
    return invalid_argument("'" + source.reader + "' is no reader",
                            "readers are: " + join(reader_names(), ", "));
  }
  if (source.path.empty()) return invalid_argument("it has no 'path'");
  if (source.separator.size() != 1) return invalid_argument("'separator' is not one character");
  if (std::find(kDomains.begin(), kDomains.end(), source.domain) == kDomains.end()) {
    return invalid_argument("'" + source.domain + "' is no domain",
                            "domains are: " + join(kDomains, ", "));
  }
  return source;
}

}  // namespace

Result<std::vector<Source>> parse_sources(const json::value& list) {
  if (!list.is_array() || list.as_array().empty()) {
    return invalid_argument("'sources' is no list of sources",
                            "give a list of {reader, package, path, domain, ...}");
  }
  std::vector<Source> sources;
  for (const json::value& value : list.as_array()) {
    auto source = parse_source(value);
    if (!source.ok()) {
      return with_context(std::move(source).error(),
                          "sources[" + std::to_string(sources.size()) + "]");
    }
    sources.push_back(std::move(source).value());
  }
  return sources;
}

Result<std::vector<fs::path>> files_of(const Source& source, const fs::path& packages,
                                       std::string_view extension) {
  const fs::path path = packages / source.package / source.path;
  if (path.is_relative()) {
    return invalid_argument("source " + source.path + " has no folder to start from",
                            "set 'packages', or give the source's whole path");
  }
  std::error_code error;
  std::vector<fs::path> files;
  if (fs::is_regular_file(path, error)) return std::vector<fs::path>{path};
  if (!fs::is_directory(path, error)) {
    return not_found("there is no " + path.string() + " to read documents from",
                     "run deploy/setup, which unpacks the packages of the demo, or set 'packages' "
                     "to the folder where they are unpacked");
  }
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    const bool wanted = extension.empty() || it->path().extension() == extension;
    if (wanted && fs::is_regular_file(it->symlink_status())) files.push_back(it->path());
  }
  if (error) return io_error("list", path.string(), error.value());
  std::sort(files.begin(), files.end());
  return files;
}

Origin origin_of(const Source& source, const fs::path& packages) {
  Origin origin{source.package, {}};
  std::ifstream control(packages / source.package / "control");
  for (std::string line; !source.package.empty() && std::getline(control, line);) {
    const std::string_view view = line;
    if (view.starts_with("Version:")) origin.version = trim(view.substr(8));
    if (view.starts_with("Source:")) {
      const std::string_view name = trim(view.substr(7));
      origin.package = name.substr(0, name.find(' '));
    }
  }
  return origin;
}

std::vector<bool> within_limit(const Source& source, const std::vector<Draft>& drafts) {
  const std::size_t limit =
      source.limit > 0 ? static_cast<std::size_t>(source.limit) : drafts.size();
  std::vector<bool> kept(drafts.size(), false);
  std::vector<std::string> keys;
  std::map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    keys.push_back(digest_of(drafts[i].document.id));
    for (const std::string& name : drafts[i].names) by_name.emplace(name, i);
  }
  std::vector<std::size_t> order(drafts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  std::size_t count = 0;
  for (const std::size_t start : order) {
    for (std::vector<std::size_t> queue{start}; !queue.empty() && count < limit;) {
      const std::size_t i = queue.back();
      queue.pop_back();
      if (kept[i]) continue;
      kept[i] = true;
      ++count;
      for (const std::string& link : drafts[i].links) {
        if (const auto found = by_name.find(link); found != by_name.end()) {
          queue.push_back(found->second);
        }
      }
    }
  }
  return kept;
}

}  // namespace cairn::corpus
