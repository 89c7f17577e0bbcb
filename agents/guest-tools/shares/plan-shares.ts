import type { User } from "../../accounts/find-user.ts";
import { vmhgfsProgram } from "../../hypervisor/known/vmware.ts";
import type { ShareKind } from "../../hypervisor/plan/guest-plan.ts";
import { placeOfName } from "../../settings/options/share-path.ts";
import type { ShareOptions, WantedShare } from "../../settings/options/shares.ts";
import type { OfferedShare } from "./find-shares.ts";

/** What is offered and what is taken already. */
export interface ShareFacts {
  offered: readonly OfferedShare[];
  /** Folders on which something is mounted. */
  mounted: readonly string[];
  /** Whose the files are where the host doesn't say. */
  user: User | undefined;
}

/** One share to be mounted. */
export interface ShareMount {
  kind: ShareKind;
  name: string;
  path: string;
  /** The program that mounts it: one that hangs can be ended, a call of ours could not. */
  argv: readonly string[];
}

/** What is mounted, and what stays away. */
export interface SharePlan {
  mounts: readonly ShareMount[];
  /** One line for each share that stays away, and why. */
  warnings: readonly string[];
}

/** How `podman machine` calls its volumes, which it mounts itself over SSH: the start of a SHA-256. */
const ofPodmanMachine = /^[\da-f]{36}$/;

/** All shares of VMware in one folder, as its own tools do it. */
const allOfVmware: WantedShare = { name: "", path: "/mnt/hgfs", isReadOnly: false };

/**
 * What to mount where: each share that is asked for by name at its path, each other one at the place that its name
 * says. Outer folders come before those that lie in them.
 */
export function planShares(facts: ShareFacts, options: ShareOptions): SharePlan {
  const mounts: ShareMount[] = [];
  const warnings: string[] = [];
  const places = new Map<string, string>();
  const add = (share: OfferedShare, wanted: WantedShare) => {
    const other = places.get(wanted.path);
    if (facts.mounted.includes(wanted.path)) {
      return;
    }
    if (other !== undefined) {
      warnings.push(`${said(share)} is not mounted: ${wanted.path} is used by ${other}`);
      return;
    }
    places.set(wanted.path, said(share));
    mounts.push(mountOf(share, wanted, facts.user));
  };
  for (const wanted of options.wanted) {
    const share = facts.offered.find(({ kind, name }) => kind === "vmhgfs" || name === wanted.name);
    if (share === undefined) {
      warnings.push(notOffered(wanted, facts.offered));
    } else {
      add({ ...share, name: wanted.name }, wanted);
    }
  }
  const named = new Set(options.wanted.map(({ name }) => name));
  const offered = facts.offered.filter(({ name }) => !ofPodmanMachine.test(name));
  for (const share of options.isAutomatic ? offered : []) {
    if (share.kind === "vmhgfs") {
      add({ ...share, name: "" }, allOfVmware);
    } else if (!named.has(share.name)) {
      const place = placeOfName(share.name);
      if ("path" in place) {
        add(share, { name: share.name, path: place.path, isReadOnly: false });
      } else {
        warnings.push(unplaced(share, place.refusal));
      }
    }
  }
  return { mounts: mounts.toSorted((a, b) => depthOf(a.path) - depthOf(b.path)), warnings };
}

function mountOf(share: OfferedShare, wanted: WantedShare, user: User | undefined): ShareMount {
  const { kind } = share;
  const access = wanted.isReadOnly ? "ro" : "rw";
  const owner = user === undefined ? [] : [`uid=${user.uid}`, `gid=${user.gid}`];
  const { name, path } = wanted;
  const mount = (...options: string[]) => [
    ...["mount", "-t", kind, "-o", [access, ...options].join(","), "--", name, path],
  ];
  const argv = {
    virtiofs: () => mount("nosuid", "nodev"),
    // msize is the most that virtio takes; cache=mmap lets programs map files for writing.
    "9p": () =>
      mount("nosuid", "nodev", "trans=virtio", "version=9p2000.L", "msize=512000", "cache=mmap"),
    vboxsf: () => mount("nosuid", "nodev", "nls=utf8", ...owner),
    vmhgfs: () => [
      ...[vmhgfsProgram, `.host:/${name}`, path],
      ...["-o", [access, "allow_other", "nosuid", "nodev", ...owner].join(",")],
    ],
  }[kind]();
  return { kind, name, path, argv };
}

function notOffered(wanted: WantedShare, offered: readonly OfferedShare[]): string {
  const names = offered.map(({ name }) => shown(name)).join(", ") || "none";
  return `share ${shown(wanted.name)} for ${wanted.path} isn't offered by the hypervisor (offered: ${names})`;
}

function unplaced(share: OfferedShare, refusal: string): string {
  return `${said(share)} is not mounted: ${refusal}; boot2podman.share=TAG:/PATH gives it another path`;
}

function said({ kind, name }: OfferedShare): string {
  return `${kind} share ${shown(name)}`;
}

/** A name that may hold anything, safe and short enough for a console. */
function shown(name: string): string {
  const quoted = JSON.stringify(name).replaceAll(/[^\x20-\x7e]/g, "?");
  return quoted.length > 80 ? `${quoted.slice(0, 76)}..."` : quoted;
}

/** How many folders deep a path lies; outer ones come first. */
export function depthOf(path: string): number {
  return path.split("/").length;
}
