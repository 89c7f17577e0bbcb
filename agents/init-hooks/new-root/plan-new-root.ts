import type { Owner } from "../../kernel/files.ts";
import type { Step } from "../../steps/step.ts";
import { mebibyte } from "../../units/bytes.ts";

/** What a plan for the root hangs on. */
export interface NewRootFacts {
  mode: "noembed" | "embed";
  /** Where the new root is prepared; not looked at for embed. */
  newRoot: string;
  /** The kernel's MemAvailable: what the image in RAM has left. */
  availableBytes: number;
  /** Entries of /usr that the root links to. */
  usrEntries: readonly string[];
}

/** How the root is made. */
export interface NewRootPlan {
  /** Path of the root that PID 1 goes to: "/" for embed. */
  root: string;
  steps: readonly Step[];
}

/** Content of the fresh root, kept in the image. */
export const skeleton = "/usr/share/boot2podman/root";

const smallestRootBytes = 32 * mebibyte;
const reserveBytes = 96 * mebibyte;
const staff: Owner = { uid: 0, gid: 50 };

/**
 * How large the root may grow. What it takes is taken from the programs, so 96 MiB, or a fifth of a larger
 * machine, stay out of its reach: a full root is an error message, and not the end of the machine.
 */
export function rootSizeBytes(availableBytes: number): number {
  const reserve = Math.max(reserveBytes, availableBytes / 5);
  const size = Math.max(smallestRootBytes, availableBytes - reserve);
  return Math.floor(size / mebibyte) * mebibyte;
}

/**
 * The steps to a root that PID 1 can start in. All of them are done below `newRoot`, or in the rootfs itself
 * for embed.
 */
export function planNewRoot(facts: NewRootFacts): NewRootPlan {
  const isEmbedded = facts.mode === "embed";
  const root = isEmbedded ? "" : facts.newRoot;
  const merged = ["bin", "sbin", "lib", "lib64"].filter((name) => facts.usrEntries.includes(name));
  const steps: Step[] = [
    ...(isEmbedded ? [] : freshRoot(facts)),
    { do: "copyTree", from: skeleton, to: `${root}/` },
    ...standardFolders(root),
    // The kernel's rootfs has no limit: what anybody may fill gets one.
    ...(isEmbedded ? [limitedTmp] : []),
    ...merged.map((name): Step => ({ do: "link", path: `${root}/${name}`, target: `usr/${name}` })),
    { do: "link", path: `${root}/var/run`, target: "../run" },
    { do: "link", path: `${root}/var/lock`, target: "../run/lock" },
    ...(isEmbedded ? [] : boundMounts(root)),
    {
      do: "mount",
      source: "run",
      target: `${root}/run`,
      type: "tmpfs",
      flags: ["nosuid", "nodev"],
      options: "mode=755,size=5%",
    },
    { do: "folder", path: `${root}/run/boot2podman` },
    { do: "folder", path: `${root}/run/lock`, mode: 0o1777 },
    // Containers see mounts that come later, as on a machine with systemd (podman: mount propagation).
    { do: "mount", source: "none", target: root === "" ? "/" : root, flags: ["rec", "shared"] },
  ];
  return { root: isEmbedded ? "/" : facts.newRoot, steps };
}

const limitedTmp: Step = {
  do: "mount",
  source: "tmp",
  target: "/tmp",
  type: "tmpfs",
  flags: ["nosuid", "nodev"],
  options: "mode=1777,size=30%",
};

function freshRoot({ newRoot, availableBytes }: NewRootFacts): Step[] {
  const options = `mode=755,size=${rootSizeBytes(availableBytes)}`;
  return [
    { do: "folder", path: newRoot },
    // What has setuid lies in /usr, devices in /dev: both are mounts of their own.
    {
      do: "mount",
      source: "root",
      target: newRoot,
      type: "tmpfs",
      flags: ["nosuid", "nodev"],
      options,
    },
  ];
}

function standardFolders(root: string): Step[] {
  const folder = (path: string, mode?: number): Step => ({
    do: "folder",
    path: `${root}/${path}`,
    ...(mode === undefined ? {} : { mode }),
  });
  return [
    ...["dev", "etc", "home", "media", "mnt", "proc", "run", "srv", "sys", "usr"].map((name) =>
      folder(name),
    ),
    folder("var/empty"),
    folder("var/lib"),
    folder("var/log"),
    folder("root", 0o700),
    folder("tmp", 0o1777),
    folder("var/tmp", 0o1777),
    { do: "folder", path: `${root}/opt`, mode: 0o775, owner: staff },
  ];
}

/**
 * Bound and not moved: PID 1's shell, and the modules that it may be loading meanwhile, still need them where
 * they are. switch_root covers the old ones. With what is mounted below: busybox in /usr.
 */
function boundMounts(root: string): Step[] {
  return ["usr", "proc", "sys", "dev"].map((name) => ({
    do: "mount",
    source: `/${name}`,
    target: `${root}/${name}`,
    flags: ["bind", "rec"],
  }));
}
