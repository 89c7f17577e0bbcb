import { type Command, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { bootOptionsText } from "../settings/boot-option-table.ts";
import { parseBootOptions } from "../settings/parse-boot-options.ts";

const help = `init-hooks runs the boot and the shutdown. It is called by /init and by init's inittab.

  init-hooks early       prepares the root below --new-root, and ends
  init-hooks boot        runs the stages of the boot, then serves podman's socket and new devices
    --from-initramfs       prepares the root first and changes to it (early, in the same process)
  init-hooks watch       only serves podman's socket and new devices, after the process of the boot has ended
  init-hooks shutdown    stops containers, runs shutdown.sh, unmounts shares and disks; exit status 4 when the
                         server of a share is gone, for which init would wait for ever
  init-hooks options     lists the boot options

  --new-root=FOLDER      the folder that becomes the root, default /newroot
  --ready-fifo=FIFO      receives "ready ROOT" when PID 1 may change to the root
  --head-start=FILE      appears in /dev when the modules that /init is loading are loaded
  --help                 this text`;

/** The command `init-hooks`: the boot, the resident agent, the shutdown, and the table of options. */
export const initHooksCommand: Command = {
  name: "init-hooks",
  help,
  async run(words, kernel, terminal) {
    const { flags, values, operands } = parseWords(words, {
      "from-initramfs": "flag",
      "new-root": "value",
      "ready-fifo": "value",
      "head-start": "value",
    });
    const [operand, ...more] = operands;
    if (more.length > 0) {
      throw new UsageError(`unexpected argument "${more.join(" ")}"`);
    }
    const newRoot = values.get("new-root") ?? "/newroot";
    switch (operand) {
      case "early":
        await early(kernel, newRoot);
        return 0;
      case "boot": {
        const { boot } = await import("./boot.ts");
        const initramfs = { newRoot, readyFifo: values.get("ready-fifo") };
        const headStart = values.get("head-start");
        return await boot(kernel, {
          ...(flags.has("from-initramfs") ? { initramfs } : {}),
          ...(headStart === undefined ? {} : { headStart }),
        });
      }
      case "watch": {
        const { watch } = await import("./watch/watch.ts");
        return await watch(kernel);
      }
      case "shutdown": {
        const { shutDown } = await import("./shutdown/shutdown.ts");
        const { readSettings } = await import("../settings/settings.ts");
        const { options } = await readSettings(kernel);
        const { warnings, deadShares } = await shutDown(kernel, options.graceMs);
        for (const warning of warnings) {
          kernel.tellConsole(warning);
        }
        return deadShares.length === 0 ? 0 : 4;
      }
      case "options": {
        terminal.out(bootOptionsText());
        return 0;
      }
      case undefined:
        throw new UsageError("expected early, boot, watch, shutdown or options");
      default:
        throw new UsageError(
          `"${operand}" is unknown; expected early, boot, watch, shutdown or options`,
        );
    }
  },
};

/** The root with shut gates, for a PID 1 that starts "init-hooks boot" there by itself. */
async function early(kernel: Kernel, newRoot: string): Promise<void> {
  const { prepareNewRoot } = await import("./new-root/prepare-new-root.ts");
  const { layGates } = await import("./services/gates.ts");
  const { writeRecord } = await import("../record/stages/recorder.ts");
  const { options } = parseBootOptions(kernel.readText("/proc/cmdline"));
  const { root, record } = prepareNewRoot(kernel, options, newRoot);
  const prefix = root === "/" ? "" : root;
  layGates(kernel, prefix);
  writeRecord(kernel, record, prefix);
}
