import { list, text } from "./option-forms.ts";
import { beforeDisks } from "./sources.ts";

/** A partition that has a folder, as people name it. */
const partition = {
  value: "PARTITION",
  sources: beforeDisks,
  default: undefined,
  matches: /^(?:(?:\/dev\/)?[a-z][a-z0-9]{1,30}|(?:LABEL|UUID)=[\x21-\x7e]{1,36})$/,
  expected: "sda1, /dev/sda1, LABEL=x or UUID=x",
} as const;

/** Folders that lie elsewhere than in RAM. */
export const folderOptions = [
  text({
    ...partition,
    name: "home",
    help: "/home is the folder home of that partition (sda1, LABEL=x, UUID=x)",
    sets: "homePartition",
  }),
  text({
    ...partition,
    name: "opt",
    help: "/opt is the folder opt of that partition (sda1, LABEL=x, UUID=x)",
    sets: "optPartition",
  }),
  list({
    name: "nfsmount",
    value: "HOST:/FOLDER[,HOST:/FOLDER…]",
    help: "folders of NFS servers, mounted at /mnt/nfs, /mnt/nfs2, …; for images with the module nfs",
    sources: beforeDisks,
    sets: "nfsMounts",
    expected: "HOST:/FOLDER, with commas between",
  }),
];
