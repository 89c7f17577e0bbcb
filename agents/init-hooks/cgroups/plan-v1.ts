import type { Step } from "../../steps/step.ts";
import { cgroupRoot } from "./plan-cgroups.ts";

/** What a plan for cgroup v1 hangs on, as in cgroupfs-mount. */
export interface V1Facts {
  /** /proc/cgroups: name, hierarchy, number of groups, enabled. */
  controllers: string;
  /** /etc/fstab, by which somebody may have decided otherwise. */
  fstab: string;
  /** Where something is mounted already. */
  mounted: readonly string[];
}

/** One folder and its mount; each may fail for itself, where the kernel no longer has that controller. */
export interface V1Mount {
  name: string;
  steps: readonly Step[];
}

/** The mounts of cgroup v1. */
export interface V1Plan {
  /** The tmpfs that holds the folders. */
  base: readonly Step[];
  mounts: readonly V1Mount[];
}

/** The mounts of cgroup v1 as Debian's cgroupfs-mount makes them; what is mounted already is left as it is. */
export function planV1({ controllers, fstab, mounted }: V1Facts): V1Plan {
  if (/^[^#]*cgroup/m.test(fstab)) {
    return { base: [], mounts: [] };
  }
  const base: Step = {
    do: "mount",
    source: "cgroup",
    target: cgroupRoot,
    type: "tmpfs",
    flags: ["nosuid", "nodev", "noexec"],
    options: "uid=0,gid=0,mode=0755",
  };
  const mountOf = (name: string, source: string, options: string): V1Mount => {
    const target = `${cgroupRoot}/${name}`;
    return {
      name,
      steps: [
        { do: "folder", path: target },
        {
          do: "mount",
          source,
          target,
          type: "cgroup",
          flags: ["nosuid", "nodev", "noexec"],
          options,
        },
      ],
    };
  };
  const all = [
    ...enabledControllers(controllers).map((name) => mountOf(name, "cgroup", name)),
    // Where systemd keeps its groups; runtimes look for it.
    mountOf("systemd", "none", "none,name=systemd"),
  ];
  return {
    base: mounted.includes(cgroupRoot) ? [] : [base],
    mounts: all.filter(({ name }) => !mounted.includes(`${cgroupRoot}/${name}`)),
  };
}

function enabledControllers(table: string): string[] {
  return table.split("\n").flatMap((line) => {
    const [name = "", , , enabled] = line.split(/\s+/);
    return name !== "" && !name.startsWith("#") && enabled === "1" ? [name] : [];
  });
}
