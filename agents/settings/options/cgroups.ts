import type { BootOptionKind } from "../boot-option-table.ts";
import { beforeDisks } from "../sources.ts";

export const cgroupOptions: readonly BootOptionKind[] = [
  {
    name: "cgroup",
    value: "v1|v2",
    help: "version of the control groups, default v2; v1 has only what the kernel still has of it",
    sources: beforeDisks,
    read(options, value) {
      if (value !== "v1" && value !== "v2") {
        return "v1 or v2";
      }
      options.cgroup = value;
      return undefined;
    },
  },
];
