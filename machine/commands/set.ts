import { type Command, Option } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { type Change, changeMachine } from "../life/change.ts";
import { diskMinMib, memoryMinMib, type Settings } from "../store/driver-config.ts";
import { defaultName } from "../store/name.ts";
import { collect, mebibytes, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { parsePublish, parseVolume } from "./volumes.ts";

interface Flags {
  memory?: number;
  cpus?: number;
  diskSize?: number;
  volume?: string[];
  volumes: boolean;
  publish?: string[];
  published: boolean;
  append?: string;
  accelerator?: Settings<"qemu">["Accelerator"];
  rootful?: boolean;
  label?: string[];
}

/** `set`: changes what a stopped machine has. */
export function addSet(program: Command, context: Context): void {
  program
    .command("set")
    .description("Change what a stopped machine has")
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .option("--memory <MiB>", "memory", mebibytes(memoryMinMib))
    .option("--cpus <count>", "processors", wholeNumber(1, 255))
    .option(
      "--disk-size <MiB>",
      "size of the data disk, which can only grow",
      mebibytes(diskMinMib),
    )
    .option(
      "--volume <host:guest[:ro]>",
      "the folders that are shared, from now on; repeatable",
      again,
    )
    .option("--no-volumes", "share no folders")
    .option("-p, --publish <port:port>", "the ports that lead to the guest; repeatable", again)
    .option("--no-published", "publish no ports")
    .option("--append <words>", "more words for the kernel command line")
    .addOption(new Option("--accelerator <how>", "how it is run").choices(["auto", "kvm", "tcg"]))
    .option("--rootful", "env and the connection lead to root's podman")
    .option("--no-rootful", "they lead to the user's")
    .option("--label <key=value>", "the labels, from now on; repeatable", again)
    .action(async (name: string | undefined, flags: Flags) => {
      const change = changeOf(flags);
      const { settings, rootful, labels } = change;
      if (Object.keys(settings).length === 0 && rootful === undefined && labels === undefined) {
        throw new UsageError("Nothing to change was named: --help lists what can be set.");
      }
      for (const line of await changeMachine(context.host(), name ?? defaultName, change)) {
        context.terminal.out(line);
      }
    });
}

function again(value: string, before: string[] | undefined): string[] {
  return collect(value, before ?? []);
}

function changeOf(flags: Flags): Change {
  const shares = flags.volumes ? flags.volume?.map(parseVolume) : [];
  const publish = flags.published ? flags.publish?.map(parsePublish) : [];
  return {
    settings: {
      ...(flags.memory === undefined ? {} : { Memory: flags.memory }),
      ...(flags.cpus === undefined ? {} : { CPU: flags.cpus }),
      ...(flags.diskSize === undefined ? {} : { DiskSize: flags.diskSize }),
      ...(shares === undefined ? {} : { Shares: shares }),
      ...(publish === undefined ? {} : { Publish: publish }),
      ...(flags.append === undefined ? {} : { KernelArguments: flags.append }),
      ...(flags.accelerator === undefined ? {} : { Accelerator: flags.accelerator }),
    },
    rootful: flags.rootful,
    labels: flags.label,
  };
}
