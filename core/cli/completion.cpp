// cairn completion SHELL, and cairn __complete, which the shells ask
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/completion_words.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/engine/load.h"
#include "core/server/security/tokens.h"

namespace cairn {
namespace {

// Runs are many; the newest are meant.
constexpr std::uint32_t kRunsOffered = 50;

// __complete prints a word a line. A first line ":files" means that files may stand there, too.
constexpr const char* kBash = R"(_cairn() {
  local words line
  COMPREPLY=()
  mapfile -t words < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  for line in "${words[@]}"; do
    if [[ $line == :files ]]; then
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
      compopt -o filenames 2>/dev/null
    else
      COMPREPLY+=("$line")
    fi
  done
}
complete -F _cairn cairn
)";

constexpr const char* kZsh = R"(#compdef cairn
_cairn() {
  local -a words_found
  words_found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${words_found[1]} == :files ]]; then
    shift words_found
    _files
  fi
  [[ -n ${words_found[1]} ]] && compadd -Q -- "${words_found[@]}"
}
# In a folder of $fpath this file is the function's body; sourced, it tells what the function is for.
if [[ ${funcstack[1]} == _cairn ]]; then
  _cairn "$@"
else
  compdef _cairn cairn
fi
)";

constexpr const char* kFish = R"(function __cairn_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c cairn -f -a '(__cairn_complete)'
)";

std::vector<std::string> runs_beginning(RunSource& runs, const std::string& prefix) {
  std::vector<std::string> names;
  v1::ListRequest request;
  request.set_limit(kRunsOffered);
  const auto rows = runs.list(request);
  if (!rows.ok()) return names;
  for (const auto& row : *rows) {
    const std::string id = text_of(row.as_object(), "id");
    if (id.starts_with(prefix)) names.push_back(id);
  }
  if (std::string("@latest").starts_with(prefix) && !rows->empty()) names.emplace_back("@latest");
  return names;
}

std::vector<std::string> stages_beginning(RunSource& runs, const std::string& run,
                                          const std::string& before, const std::string& prefix) {
  std::vector<std::string> names;
  const auto document = runs.get(run);
  if (!document.ok()) return names;
  for (const auto& stage : document->at("stages").as_array()) {
    const std::string name = text_of(stage.as_object(), "name");
    if (name.starts_with(prefix)) names.push_back(before + name);
  }
  return names;
}

std::vector<std::string> token_ids(const Cli& cli, const std::string& prefix) {
  std::vector<std::string> ids;
  const auto tokens = AccessTokens::open(cli.options.state_dir, system_clock());
  if (!tokens.ok()) return ids;
  for (const TokenEntry& entry : (*tokens)->list().value_or({})) {
    if (entry.id.starts_with(prefix)) ids.push_back(entry.id);
  }
  return ids;
}

// Runs, stages and tokens, where the argument is one. `line` is that of complete().
std::vector<std::string> words_of(const Cli& cli, const std::string& subject,
                                  const std::vector<std::string>& line) {
  if (subject == "TOKEN_ID") return token_ids(cli, line.back());
  const bool run = subject.find("RUN") != std::string::npos || subject == "OTHER";
  const bool stage = subject.starts_with("STAGE");
  if (!run && !stage) return {};
  auto runs = open_runs(cli);
  if (!runs.ok()) return {};
  const std::string& word = line.back();
  if (stage) {
    // The run stands before it: `approve RUN STAGE`, `resume RUN --from STAGE`.
    for (std::size_t i = line.size() - 1; i-- > 1;) {
      if (!line[i].starts_with("-") && runs->source().get(line[i]).ok())
        return stages_beginning(runs->source(), line[i], "", word);
    }
    return {};
  }
  const std::size_t slash = word.find('/');
  if (slash == std::string::npos || subject.find('/') == std::string::npos)
    return runs_beginning(runs->source(), word);
  return stages_beginning(runs->source(), word.substr(0, slash), word.substr(0, slash + 1),
                          word.substr(slash + 1));
}

ExitCode complete_line(const Cli& cli, const std::vector<std::string>& line) {
  Completion completion;
  std::vector<std::string> words = line;
  if (words.empty()) words.emplace_back();
  visit_app([&](const CLI::App& app) { completion = complete(app, words); });
  if (completion.subject == "FILE" || completion.subject == "DIR" ||
      completion.subject == "FOLDER" || completion.subject == "DESTINATION")
    *cli.out << ":files\n";
  for (const std::string& word : completion.words) *cli.out << word << "\n";
  for (const std::string& word : words_of(cli, completion.subject, words)) *cli.out << word << "\n";
  return ExitCode::kDone;
}

ExitCode print_script(const Cli& cli, const std::string& shell) {
  if (shell == "bash") {
    *cli.out << kBash;
  } else if (shell == "zsh") {
    *cli.out << kZsh;
  } else if (shell == "fish") {
    *cli.out << kFish;
  } else {
    return fail(cli, invalid_argument("there is no completion for the shell '" + shell + "'",
                                      "bash, zsh and fish have one"));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_completion(CLI::App& app, Cli& cli) {
  auto* command =
      app.add_subcommand("completion", "Print what a shell needs to complete commands and runs");
  command->footer(
      "bash: source <(cairn completion bash)\n"
      "zsh:  source <(cairn completion zsh)\n"
      "fish: cairn completion fish | source");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required();
  command->callback(
      [&cli, shell] { cli.action = [&cli, shell] { return print_script(cli, *shell); }; });

  // The line it completes is not read as options.
  auto* ask = app.add_subcommand("__complete", "");
  ask->group("");
  ask->prefix_command();
  ask->fallthrough(false);
  ask->callback([&cli, ask] {
    cli.action = [&cli, line = ask->remaining()] { return complete_line(cli, line); };
  });
}

}  // namespace cairn
