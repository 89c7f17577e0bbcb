import { Argument, type Command, Option } from "commander";
import { definitionOf } from "../completion/definition.ts";
import { completionScript } from "../completion/shells.ts";
import { bootcContext } from "./bootc-host.ts";
import { addImages, addToDisk } from "./bootc-images.ts";
import { addKnown } from "./bootc-known.ts";
import { addRun, addStart } from "./bootc-run.ts";
import { addWatch } from "./bootc-watch.ts";
import type { Context } from "./context.ts";

/** The name under which these commands stand alone, as scripts know them. */
export const bootcProgram = "podman-bootc";

/** `bootc`: machines of bootc images, with podman-bootc's commands. */
export function addBootc(program: Command, context: Context): void {
  const bootc = program
    .command("bootc")
    .description("Boot bootc images as machines; also as the program podman-bootc")
    .option("--machine <name>", "the machine whose podman has the images (default: the active one)")
    .addOption(new Option("--log-level <level>", "accepted for compatibility").hideHelp())
    .enablePositionalOptions();
  const own = bootcContext(context, bootc);
  addRun(bootc, own);
  addStart(bootc, own);
  addKnown(bootc, own);
  addImages(bootc, own);
  addToDisk(bootc, own);
  addWatch(bootc, own);
  bootc
    .command("completion")
    .description("Print the script that completes podman-bootc's commands and options in a shell")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices(["bash", "zsh", "fish"]))
    .action((shell: "bash" | "zsh" | "fish") => {
      const definition = { ...definitionOf(bootc), name: bootcProgram };
      context.terminal.write(completionScript(shell, definition));
    });
}
