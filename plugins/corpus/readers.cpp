#include <algorithm>

#include "plugins/corpus/reader.h"

namespace cairn::corpus {

const std::vector<std::string>& reader_names() {
  static const std::vector<std::string> names = {"control", "json",   "delimited",
                                                 "csv",     "python", "text"};
  return names;
}

std::unique_ptr<Reader> make_reader(std::string_view name) {
  if (name == "control") return control_reader();
  if (name == "json") return json_reader();
  if (name == "delimited") return delimited_reader();
  if (name == "csv") return csv_reader();
  if (name == "python") return python_reader();
  if (name == "text") return text_reader();
  return nullptr;
}

}  // namespace cairn::corpus
