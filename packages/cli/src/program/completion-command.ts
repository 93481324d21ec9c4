import { Argument, type Command } from "commander";
import { SHELLS, type Shell } from "../completion/shells.ts";
import { withExamples } from "./examples.ts";

/** `a3s-box completion`, and what the scripts that it prints ask. */
export function addCompletion(program: Command): void {
  withExamples(
    program
      .command("completion")
      .description("print what a shell reads to complete commands, flags and names")
      .addArgument(new Argument("<shell>").choices(SHELLS))
      .action(async (shell: Shell) => {
        const { SHELL_SCRIPTS } = await import("../completion/shell-scripts.ts");
        process.stdout.write(SHELL_SCRIPTS[shell]);
      }),
    "source <(a3s-box completion bash)     # in ~/.bashrc",
    "source <(a3s-box completion zsh)      # in ~/.zshrc, after compinit",
    "a3s-box completion fish > ~/.config/fish/completions/a3s-box.fish",
  );
  program
    .command("__complete", { hidden: true })
    .argument("[word...]")
    .option("--line <line>")
    .option("--breaks <characters>")
    .action(async (words: string[], options: { line?: string; breaks?: string }) => {
      await (await import("../completion/complete.ts")).complete(program, { words, ...options });
    });
}
