#include "core/server/reading/task_folders.h"

#include <algorithm>
#include <tuple>

#include "core/server/reading/whole_number.h"

namespace cairn {

std::optional<TaskPlace> parse_task_folder(const fs::path& folder) {
  TaskPlace place;
  place.name = folder.filename().string();
  place.folder.root = folder;
  std::string_view rest = place.name;
  const std::size_t at = rest.find('@');
  const std::size_t dot = rest.find('.', at == std::string_view::npos ? 0 : at);
  if (dot != std::string_view::npos) {
    const auto generation = number_in<std::uint32_t>(rest.substr(dot + 1));
    if (!generation) return std::nullopt;
    place.generation = *generation;
    rest = rest.substr(0, dot);
  }
  if (at != std::string_view::npos) {
    place.cell = number_in<std::uint32_t>(rest.substr(at + 1));
    if (!place.cell) return std::nullopt;
    rest = rest.substr(0, at);
  }
  place.stage = rest;
  return place.stage.empty() ? std::nullopt : std::optional(place);
}

std::vector<TaskPlace> find_tasks(const fs::path& run_folder,
                                  const std::vector<std::string>& stages,
                                  const TaskChoice& wanted) {
  std::vector<std::pair<std::size_t, TaskPlace>> found;
  std::error_code error;
  for (fs::directory_iterator it(run_folder, error), end; !error && it != end;
       it.increment(error)) {
    auto place = parse_task_folder(it->path());
    if (!place || (!wanted.stage.empty() && place->stage != wanted.stage)) continue;
    if (wanted.cell && place->cell != wanted.cell) continue;
    const auto order = std::find(stages.begin(), stages.end(), place->stage) - stages.begin();
    found.emplace_back(static_cast<std::size_t>(order), std::move(*place));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.first, a.second.cell, a.second.generation) <
           std::tuple(b.first, b.second.cell, b.second.generation);
  });
  std::vector<TaskPlace> tasks;
  for (auto& [order, place] : found) tasks.push_back(std::move(place));
  return tasks;
}

std::vector<int> attempts_of(const TaskPlace& task) {
  constexpr std::string_view kPrefix = "attempt-";
  std::vector<int> numbers;
  std::error_code error;
  for (fs::directory_iterator it(task.folder.root, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    if (const auto number = number_in<int>(std::string_view(name).substr(kPrefix.size())))
      numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace cairn
