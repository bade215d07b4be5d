#include "core/cli/completion_words.h"

#include <algorithm>

namespace cairn {
namespace {

// An option of the command or of one above it.
const CLI::Option* find_option(const CLI::App* command, const std::string& name) {
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options(nullptr)) {
      if (!option->get_positional() && option->check_name(name)) return option;
    }
  }
  return nullptr;
}

const CLI::App* find_command(const CLI::App& command, const std::string& name) {
  for (const CLI::App* next : command.get_subcommands(nullptr)) {
    if (next->get_name() == name) return next;
  }
  return nullptr;
}

bool takes_value(const CLI::Option& option) {
  return option.get_type_size_max() > 0 && option.get_items_expected_max() > 0;
}

std::vector<const CLI::Option*> positionals(const CLI::App& command) {
  std::vector<const CLI::Option*> found;
  for (const CLI::Option* option : command.get_options(nullptr)) {
    if (option->get_positional()) found.push_back(option);
  }
  return found;
}

std::vector<std::string> words_of_value(const CLI::Option& option) {
  if (option.check_name("--output")) return {"table", "json", "name"};
  if (option.check_name("--role")) return {"viewer", "admin"};
  return {};
}

std::string subject_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  return option.get_type_name();
}

}  // namespace

Completion complete(const CLI::App& app, const std::vector<std::string>& line) {
  const CLI::App* command = &app;
  const CLI::Option* value_of = nullptr;
  std::size_t given = 0;  // positionals of the command
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    const std::string& word = line[i];
    if (value_of != nullptr) {
      value_of = nullptr;
    } else if (word.starts_with("-")) {
      const CLI::Option* option = find_option(command, word);
      if (option != nullptr && takes_value(*option)) value_of = option;
    } else if (const CLI::App* next = find_command(*command, word); next != nullptr) {
      command = next;
      given = 0;
    } else {
      ++given;
    }
  }
  const std::string at_cursor = line.empty() ? "" : line.back();
  Completion completion;
  std::vector<std::string> candidates;
  if (value_of != nullptr) {
    candidates = words_of_value(*value_of);
    completion.subject = candidates.empty() ? subject_of(*value_of) : "";
  } else if (at_cursor.starts_with("-")) {
    for (const CLI::App* level = command; level != nullptr; level = level->get_parent()) {
      for (const CLI::Option* option : level->get_options(nullptr)) {
        for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
      }
    }
  } else {
    for (const CLI::App* next : command->get_subcommands(nullptr)) {
      if (!next->get_name().starts_with("_")) candidates.push_back(next->get_name());
    }
    const auto arguments = positionals(*command);
    if (given < arguments.size()) completion.subject = subject_of(*arguments[given]);
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  for (std::string& word : candidates) {
    if (word.starts_with(at_cursor)) completion.words.push_back(std::move(word));
  }
  return completion;
}

}  // namespace cairn
