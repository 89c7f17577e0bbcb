import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { Stage } from "../../stage/stage.ts";

/** Version 4 first; 3 without locks, whose daemons aren't here. A server that is away must not hang programs for ever. */
const attempts = [
  { type: "nfs4", options: "vers=4.2" },
  { type: "nfs", options: "vers=3,nolock,proto=tcp,mountproto=tcp" },
];
const common = "nosuid,nodev,soft,timeo=100,retrans=3";

/** mount(2) comes back from a server that doesn't answer after minutes. */
const MOUNT_TIMEOUT_MS = 15_000;

/** The option nfsmount=: folders of NFS servers at /mnt/nfs, /mnt/nfs2, … */
export const nfsStage: Stage = {
  name: "nfs",
  needs: ["network"],
  deadlineMs: 60_000,
  async run({ kernel, options, notes }) {
    await loadModule(kernel);
    const warnings: string[] = [];
    for (const [index, share] of options.nfsMounts.entries()) {
      const target = `/mnt/nfs${index === 0 ? "" : index + 1}`;
      try {
        await mountShare(kernel, share, target);
        notes.done.push(`mount ${share} on ${target}`);
      } catch (error) {
        warnings.push(`${share}: ${oneLine(error)}`);
      }
    }
    const message = [...notes.done, ...warnings].join("; ");
    if (warnings.length > 0) {
      throw new Error(message);
    }
    return { result: "ok", message };
  },
};

async function loadModule(kernel: Kernel): Promise<void> {
  const listed = () => /^nodev\tnfs$/m.test(kernel.readTextIfPresent("/proc/filesystems") ?? "");
  if (listed()) {
    return;
  }
  await kernel.run(["modprobe", "-q", "nfs"]);
  if (!listed()) {
    throw new Error(
      "nfsmount=: this image is without the kernel module nfs; see docs/boot-options.md",
    );
  }
}

async function mountShare(kernel: Kernel, share: string, target: string): Promise<void> {
  const [, host = "", folder] = /^\[?([A-Za-z0-9:][\w.:-]*?)\]?:(\/.*)$/.exec(share) ?? [];
  if (folder === undefined) {
    throw new Error("expected HOST:/FOLDER");
  }
  // Only now: it takes as long to load as the whole start of the agents.
  const { isIP } = await import("node:net");
  const address = isIP(host) === 0 ? await resolve(kernel, host) : host;
  kernel.mkdir(target);
  const refusals: string[] = [];
  for (const { type, options } of attempts) {
    const words = ["-t", type, "-o", `${options},${common},addr=${address}`, share, target];
    // A process of its own: this one must go on while the server is waited for.
    const { exitCode, stderr } = await kernel.run(["mount", ...words], {
      timeoutMs: MOUNT_TIMEOUT_MS,
    });
    if (exitCode === 0) {
      return;
    }
    refusals.push(oneLine(stderr.trim().replace(/^.* failed: /s, "")));
  }
  throw new Error(`version 4: ${refusals[0]}; version 3: ${refusals[1]}`);
}

/** The kernel wants an address. The last one that nslookup prints is the answer; before it stands the server's. */
async function resolve(kernel: Kernel, host: string): Promise<string> {
  const said = await runChecked(kernel, ["nslookup", host], { timeoutMs: 20_000 });
  const answer = said.slice(Math.max(0, said.indexOf("\nName:")));
  const address = /^Address(?: \d+)?:\s*(\S+)/m.exec(answer)?.[1] ?? "";
  const { isIP } = await import("node:net");
  if (isIP(address) === 0) {
    throw new Error(`${host} has no address`);
  }
  return address;
}
