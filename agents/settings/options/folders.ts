import type { BootOptionKind } from "../boot-option-table.ts";
import type { BootOptions } from "../boot-options.ts";
import { beforeDisks } from "../sources.ts";
import { list, text } from "./option-kinds.ts";

const partition = /^(?:(?:\/dev\/)?[a-z][a-z0-9]{1,30}|(?:LABEL|UUID)=[\x21-\x7e]{1,36})$/;

/** Folders that lie elsewhere than in RAM. */
export const folderOptions: readonly BootOptionKind[] = [
  place("home", (options, value) => {
    options.homePartition = value;
  }),
  place("opt", (options, value) => {
    options.optPartition = value;
  }),
  list(
    "nfsmount",
    "HOST:/FOLDER[,HOST:/FOLDER…]",
    "folders of NFS servers, mounted at /mnt/nfs, /mnt/nfs2, …; for images with the module nfs",
    beforeDisks,
    {
      expected: "HOST:/FOLDER, with commas between",
      get: (options) => options.nfsMounts,
      set: (options, values) => {
        options.nfsMounts = values;
      },
    },
  ),
];

function place(name: "home" | "opt", set: (options: BootOptions, value: string) => void) {
  const help = `/${name} is the folder ${name} of that partition (sda1, LABEL=x, UUID=x)`;
  return text(name, "PARTITION", help, beforeDisks, {
    matches: partition,
    expected: "sda1, /dev/sda1, LABEL=x or UUID=x",
    set,
  });
}
