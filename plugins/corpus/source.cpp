#include "plugins/corpus/source.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <numeric>

#include "core/base/digest.h"
#include "core/base/text.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {
Result<std::vector<Source>> parse_sources(const json::value& list) {
  ParamDecl decl = ParamTraits<std::vector<Source>>::decl();
  decl.name = "sources";
  CAIRN_ASSIGN(const json::value canonical, canonical_param(decl, list));
  return ParamTraits<std::vector<Source>>::read(canonical);
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
