import { Argument, type Command } from "commander";
import { definitionOf } from "../completion/definition.ts";
import { manualPage } from "../completion/manual.ts";
import { completionScript } from "../completion/shells.ts";
import type { Context } from "./context.ts";
import { ownVersion } from "./version.ts";

/** `completion` and `man`: made of the same definitions as the commands themselves. */
export function addCompletion(program: Command, context: Context): void {
  program
    .command("completion")
    .description("Print the script that completes this program's commands and options in a shell")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices(["bash", "zsh", "fish"]))
    .action((shell: "bash" | "zsh" | "fish") => {
      context.terminal.write(completionScript(shell, definitionOf(program)));
    });
  program
    .command("man")
    .description("Print the manual page; to read it: podman-machine man | man -l -")
    .action(() => context.terminal.write(manualPage(definitionOf(program), ownVersion)));
}
