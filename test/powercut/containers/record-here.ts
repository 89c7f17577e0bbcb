import { statSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { mke2fsCommand } from "../../../agents/automount/apply/mke2fs.ts";
import { mountData } from "../../../agents/automount/apply/mount-data.ts";
import { layoutOf } from "../../../agents/automount/disk/layout.ts";
import { keepFlushed } from "../../../agents/containers/keep-flushed.ts";
import type { Kernel } from "../../../agents/kernel/kernel.ts";
import { linuxKernel } from "../../../agents/kernel/linux/linux-kernel.ts";
import { stateFolder } from "../../../agents/kernel/state-folder.ts";
import { mebibyte } from "../../../agents/units/bytes.ts";
import { runOk } from "../../vm/harness/run.ts";
import { SparseDisk } from "../sparse-disk.ts";
import { readWriteLog } from "../write-log.ts";
import { asUser, type ImageRoot, layUser } from "./image-root.ts";
import { LoggedLoop } from "./logged-loop.ts";
import { type Operation, operations } from "./operations.ts";
import { type ContainerRecording, startOfLog } from "./record-containers.ts";

const sizeBytes = 512 * mebibyte;
/** Those that need no registry, and take seconds. */
const selected: readonly Operation["name"][] = [
  "import",
  "run",
  "commit",
  "volume, network and secret",
  "the user's import and run",
];
/** The journal's own commit comes every five seconds. */
const afterwardsSeconds = 6;

/**
 * As recordContainers, in less than a minute: on this host's kernel, with the image's Podman, a filesystem that is made
 * and mounted as the agent does it, and the agent's flushes. `without` takes the mend away.
 */
export async function recordHere(
  name: string,
  imageRoot: ImageRoot,
  { without }: { without: boolean },
): Promise<ContainerRecording> {
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-here-"));
  const [file, log] = [path.join(folder, "disk.raw"), path.join(folder, "log")];
  const done = operations.filter((one) => selected.includes(one.name));
  try {
    const layout = layoutOf({ sizeBytes, sectorBytes: 512 });
    await writeFile(log, "");
    await writeFile(file, "");
    await runOk(["truncate", "-s", String(sizeBytes), file]);
    await runOk(mke2fsCommand(file, layout, "data"));
    const start = await diskOf(file);
    const loop = await LoggedLoop.attach(file, log, layout.startBytes);
    let marks: { name: string; bytes: number }[];
    try {
      marks = await work(imageRoot, loop.node, done, { without, log });
    } finally {
      await loop.detach();
    }
    const whole = await readFile(log);
    const ended = marks.map(({ name: what, bytes }) => ({
      name: what,
      entries: readWriteLog(startOfLog(log, bytes)).length,
    }));
    // What comes later is the end of the namespaces, and the filesystem's.
    const entries = readWriteLog(whole).slice(0, ended.at(-1)?.entries);
    const firstEntry = ended[0]?.entries ?? 0;
    const dataOffsetBytes = layout.startBytes;
    return { name, start, entries, firstEntry, dataOffsetBytes, ended, operations: done };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has all operations done on the mounted disk; gives how long the log was when each had ended. */
async function work(
  imageRoot: ImageRoot,
  node: string,
  done: readonly Operation[],
  { without, log }: { without: boolean; log: string },
): Promise<{ name: string; bytes: number }[]> {
  const { disk } = imageRoot;
  mountAsAgent(node, disk, without);
  const kernel: Kernel = {
    ...linuxKernel,
    run: (argv, options) =>
      linuxKernel.run(
        argv.map((word) => (word === stateFolder ? disk : word)),
        options,
      ),
  };
  const stores = ["var/lib/containers", "local/share/containers"];
  try {
    await runOk(["mkdir", "-p", ...stores.map((store) => path.join(disk, store))]);
    await runOk(["chown", "-R", "1000:50", path.join(disk, "local")]);
    const owner = { name: "root", uid: 0, gid: 0, home: "/root" };
    const watched = stores.map((store) => ({ owner, folder: `${disk}/${store}/storage` }));
    const flushes = without ? undefined : keepFlushed(kernel, watched);
    const marks: { name: string; bytes: number }[] = [];
    const onStdout = (soFar: string) => {
      for (const name of [...soFar.matchAll(/^MARK (.*)\n/gm)].slice(marks.length)) {
        marks.push({ name: name[1] ?? "", bytes: statSync(log).size });
      }
    };
    try {
      const { stdout, stderr } = await imageRoot.run(scriptOf(done), [], { onStdout });
      if (!stdout.endsWith("MARK end\n")) {
        throw new Error(`the recording was not finished: ${stdout}\n${stderr}`);
      }
    } finally {
      flushes?.close();
    }
    return marks;
  } finally {
    await runOk(["umount", disk]);
  }
}

/** With the agent's own flags and options, but elsewhere. */
function mountAsAgent(node: string, disk: string, without: boolean): void {
  const kernel: Kernel = {
    ...linuxKernel,
    mkdir: () => undefined,
    mount: (request) => {
      const { options = "" } = request;
      const left = without ? options.replace("nodelalloc", "delalloc") : options;
      linuxKernel.mount({ ...request, target: disk, options: left });
    },
  };
  const wish = { readOnly: false, damaged: false, discard: false };
  const { refusal } = mountData(kernel, node, wish);
  if (refusal !== undefined) {
    throw new Error(`${node} could not be mounted for writing: ${refusal}`);
  }
}

/** Each operation as its user, and a line when it has ended. */
function scriptOf(done: readonly Operation[]): string {
  const steps = done.map(({ name, user, script }, index) => {
    const file = `/tmp/step${index}`;
    const start = user === "root" ? `sh ${file}` : `su -s /bin/sh tc -c "${asUser} sh ${file}"`;
    return `cat > ${file} <<'STEP'
${script}
STEP
${start} > /tmp/said 2>&1 || { cat /tmp/said; exit 1; }
echo "MARK ${name}"
`;
  });
  return `chmod 1777 /tmp
${layUser}
echo "MARK start"
${steps.join("")}
sleep ${afterwardsSeconds}
sync -f /mnt/data
echo "MARK end"
`;
}

async function diskOf(file: string): Promise<SparseDisk> {
  const disk = new SparseDisk(sizeBytes);
  const handle = await open(file);
  try {
    const part = Buffer.alloc(16 * mebibyte);
    for (let at = 0; at < sizeBytes; at += part.length) {
      const { bytesRead } = await handle.read(part, 0, part.length, at);
      disk.write(at, part.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  return disk;
}
