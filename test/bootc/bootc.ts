// npm run bootc [-- NAME…]: bootc images as machines, from a stand-in of one that is booted for real. As root; without
// KVM it takes half an hour. With names: only those parts.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "../vm/harness/eventually.ts";
import { type Result, run } from "../vm/harness/run.ts";
import { standInArchive, standInFolder } from "./stand-in.ts";

const program = path.resolve(import.meta.dirname, "../../machine/podman-machine");
const image = "localhost/stand-in:1";
const patienceMs = 3_600_000;
const asked = process.argv.slice(2);

const archive = await standInArchive();
const folder = await mkdtemp(path.join(tmpdir(), "bootc-"));
const store = path.join(folder, "store");
const cache = path.join(folder, "cache", "podman-bootc");
const env = {
  ...process.env,
  HOME: folder,
  XDG_CACHE_HOME: path.join(folder, "cache"),
  MACHINE_STORAGE_PATH: store,
  PODMAN_MACHINE_NAME: "",
};
let failed = 0;

function check(holds: boolean, what: string, seen: string): void {
  console.log(`${holds ? "ok    " : "FAILED"} ${what}${holds ? "" : `:\n${seen}`}`);
  failed += holds ? 0 : 1;
}

function machine(...words: string[]): Promise<Result> {
  return run([program, ...words], { env, timeoutMs: patienceMs });
}

function bootc(...words: string[]): Promise<Result> {
  return machine("bootc", ...words);
}

/** In the machine that builds, as root. */
async function builds(script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await machine("ssh", "-l", "root", "box", script);
  if (exitCode !== 0) {
    throw new Error(`in the machine that builds: ${script}\n${stderr}`);
  }
  return stdout.trim();
}

function told(result: Result): string {
  return `status ${result.exitCode}\n${result.stdout}\n${result.stderr}`;
}

/** Prints how long something took until SSH answered, as the command says. */
function showTime(what: string, { stderr }: Result): void {
  const seconds = /answers on SSH, after ([\d.]+) s/.exec(stderr)?.[1];
  console.log(`       ${what}: SSH after ${seconds ?? "?"} s`);
}

async function idOf(name: string): Promise<string> {
  return builds(`podman image inspect -f '{{.Id}}' ${name}`);
}

/** The files and, as a layer of its own, what stands in for bootc. */
async function importImage(): Promise<void> {
  await machine("create", "--no-connection", "--memory", "1536", "box");
  const ssh = `${program} ssh -l root box`;
  const base = "localhost/stand-in:base";
  const file = `FROM ${base}\\nLABEL containers.bootc=1\\nCMD /sbin/init\\nCOPY bootc /usr/bin/bootc\\n`;
  const words = [
    `${ssh} 'podman import -q - ${base}' <${archive}`,
    `tar -C ${standInFolder} -cf - bootc | ${ssh} 'mkdir /tmp/os && tar -C /tmp/os -xf - && printf "${file}" >/tmp/os/Containerfile && podman build -q -t ${image} /tmp/os'`,
  ];
  const imported = await run(["sh", "-c", words.join(" && ")], { env, timeoutMs: patienceMs });
  check(imported.exitCode === 0, "the stand-in is in the machine's podman", told(imported));
}

async function images(): Promise<void> {
  const listed = await bootc("images");
  const [header = "", line = ""] = listed.stdout.split("\n");
  check(
    /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/.test(header) &&
      /^localhost\/stand-in +1 +[0-9a-f]{12} .* ago +\d+ MB$/.test(line),
    "images has the columns of podman-bootc's",
    told(listed),
  );
}

async function ephemeral(): Promise<void> {
  const shown = [
    "systemctl is-system-running --wait",
    "cat /proc/cmdline",
    "findmnt -no FSTYPE,LABEL /",
    "cat /root/.ssh/authorized_keys",
    "exit 7",
  ].join("; ");
  const first = await bootc("run", "--ephemeral", image, shown);
  showTime("ephemeral, disk made", first);
  check(first.exitCode === 7, "run exits with the status of the command", told(first));
  check(/^running$/m.test(first.stdout), "systemd is up, with no failed unit", told(first));
  check(
    /^ext4 +bootc-root$/m.test(first.stdout) && /root=LABEL=bootc-root/.test(first.stdout),
    "the image's own kernel runs from its own files",
    told(first),
  );
  check(/^ssh-ed25519 /m.test(first.stdout), "the key came as a credential", told(first));
  const again = await bootc("run", "--ephemeral", image, "true");
  showTime("ephemeral, disk known", again);
  check(again.exitCode === 0, "it boots again from the same disk", told(again));
  const listed = await bootc("list");
  check(/ false +\d+$/m.test(listed.stdout), "it ended with its command", told(listed));
}

async function cloudInit(): Promise<void> {
  const seed = path.join(folder, "seed");
  const shared = path.join(folder, "shared");
  await mkdir(seed, { recursive: true });
  await mkdir(shared, { recursive: true });
  await writeFile(path.join(seed, "meta-data"), "instance-id: stand-in-1\n");
  await writeFile(
    path.join(seed, "user-data"),
    "#cloud-config\nwrite_files:\n  - path: /etc/given\n    content: |\n      by cloud-init\n",
  );
  const id = await idOf(image);
  const started = await bootc(
    ...["run", "--ephemeral", "-B", "--cloudinit", seed, "--memory", "1500M", "--cpus", "1"],
    ...["-v", `${shared}:/mnt/shared`, image],
  );
  check(started.stdout.trim() === id, "run -B prints the machine's ID", told(started));
  const listed = await bootc("list");
  check(
    /^ID +REPO +SIZE +CREATED +RUNNING +SSH PORT$/m.test(listed.stdout) &&
      new RegExp(`^${id.slice(0, 12)} +${image} +10\\.7GB .* ago +true +\\d+$`, "m").test(
        listed.stdout,
      ),
    "list has the columns of podman-bootc's",
    told(listed),
  );
  const refused = await bootc("rm", id.slice(0, 12));
  check(
    refused.stderr.trim() === "VM is currently running. Stop it first or use the -f flag.",
    "rm refuses one that runs",
    told(refused),
  );
  // Its kernel has no 9p, and this host may have no virtiofsd: that its system is told of the share has to do.
  const script =
    "cloud-init status --wait >/dev/null; cat /etc/given; systemctl cat mnt-shared.mount | grep ^What; nproc";
  let seen: Result | undefined;
  await eventually(
    async () => {
      seen = await bootc("ssh", id.slice(0, 6), script);
      return seen.exitCode;
    },
    (status) => status !== 255,
  );
  check(
    seen?.stdout === "by cloud-init\nWhat=share0\n1\n",
    "--cloudinit, --volume and --cpus reach the machine",
    seen === undefined ? "" : told(seen),
  );
  const logs = await bootc("logs", id.slice(0, 12));
  check(/login:|Linux version|systemd/.test(logs.stdout), "logs has the console", told(logs));
  const stopped = await bootc("stop", id.slice(0, 12));
  check(stopped.exitCode === 0, "stop shuts it down", told(stopped));
  const gone = await bootc("ssh", id.slice(0, 12), "true");
  check(/is not running/.test(gone.stderr), "ssh says that it is stopped", told(gone));
}

async function rebuilt(): Promise<void> {
  const file = `printf 'FROM ${image}\\nRUN echo second >/etc/edition\\n' >/tmp/Containerfile`;
  await builds(`${file} && podman build -q -f /tmp/Containerfile -t localhost/stand-in:2 /tmp`);
  const seen = await bootc("run", "--ephemeral", "localhost/stand-in:2", "cat /etc/edition");
  showTime("ephemeral, after podman build", seen);
  check(seen.stdout === "second\n", "a rebuilt image shows its change", told(seen));
}

async function disk(): Promise<void> {
  const id = await idOf(image);
  const short = id.slice(0, 12);
  const shown =
    "systemctl is-system-running --wait; ls -d /sys/firmware/efi; cat /proc/cmdline; echo kept >/root/note; sync";
  const first = await bootc("run", image, shown);
  showTime("from a disk that was installed first", first);
  check(first.exitCode === 0, "an installed disk boots", told(first));
  check(
    /^running$/m.test(first.stdout) && /^\/sys\/firmware\/efi$/m.test(first.stdout),
    "by UEFI, with systemd up",
    told(first),
  );
  check(/root=UUID=/.test(first.stdout), "by the disk's own boot loader", told(first));
  const kept = await bootc(
    "run",
    "--disk-size",
    "12G",
    id,
    "cat /root/note; df -k --output=size / | tail -n 1",
  );
  showTime("from the same disk, grown", kept);
  const [note, size] = kept.stdout.split("\n");
  check(note === "kept", "what was written is kept", told(kept));
  check(Number(size) > 10.5 * 2 ** 20, "the disk and its filesystem have grown", told(kept));
  const direct = await bootc(
    ...["run", "--rm", "--firmware", "direct", id],
    "ls -d /sys/firmware/efi 2>&1; cat /root/note; rm /root/note; sync",
  );
  showTime("from the same disk, without firmware", direct);
  check(
    /No such file/.test(direct.stdout) && /^kept$/m.test(direct.stdout),
    "--firmware direct boots its kernel without UEFI",
    told(direct),
  );
  const started = await bootc("start", short);
  const still = await bootc("ssh", short, "cat /root/note");
  showTime("start", started);
  check(still.stdout === "kept\n", "--rm kept nothing of what was written", told(still));
  const removed = await bootc("rm", "-f", short);
  check(
    removed.exitCode === 0 && !existsSync(path.join(cache, id)),
    "rm -f removes it while it runs",
    told(removed),
  );
}

async function toDisk(): Promise<void> {
  const file = path.join(folder, "disk.qcow2");
  const made = await bootc("to-disk", "--format", "qcow2", "--quiet", image, file);
  check(made.exitCode === 0, "to-disk --format qcow2", told(made));
  const looked = await run(["qemu-img", "check", "-f", "qcow2", file]);
  check(looked.exitCode === 0, "the file is sound", told(looked));
  await rm(file, { force: true });
}

/** Ends a command as a power cut of this host would, once something is there. */
async function killWhen(words: string[], isThere: () => Promise<boolean>): Promise<void> {
  const child: ChildProcess = spawn(
    path.resolve(import.meta.dirname, "../../node_modules/.bin/bun"),
    [path.resolve(import.meta.dirname, "../../machine/podman-machine.ts"), "bootc", ...words],
    { env, stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await eventually(async () => child.exitCode !== null || (await isThere()), Boolean);
  child.kill("SIGKILL");
  await ended;
}

async function kills(): Promise<void> {
  const id = await idOf(image);
  const place = path.join(cache, id);
  const isPlugged = async () => (await builds("cat /sys/block/*/serial")).includes("bootc-");
  await bootc("rm", "-f", id);
  const moments: [string, string[], () => Promise<boolean>][] = [
    [
      "before the disk is plugged in",
      ["run", "--ephemeral", image, "true"],
      async () => existsSync(path.join(place, "ephemeral.new")),
    ],
    ["while its files are written", ["run", "--ephemeral", image, "true"], isPlugged],
    ["while it is installed", ["run", "--quiet", image, "true"], isPlugged],
    [
      "when its QEMU has just started",
      ["run", "--ephemeral", image, "true"],
      async () => existsSync(path.join(place, "run.pid")),
    ],
  ];
  for (const [moment, words, isThere] of moments) {
    await killWhen(words, isThere);
    const named = existsSync(place) ? await readdir(place) : [];
    check(
      !named.includes("disk.raw"),
      `killed ${moment}: nothing half-made has its name`,
      named.join("\n"),
    );
  }
  const listed = await bootc("rm", "-f", id.slice(0, 12));
  check(listed.exitCode === 0, "what a killed command started can be removed", told(listed));
  const after = await bootc("run", "--ephemeral", image, "systemctl is-system-running --wait");
  check(after.stdout === "running\n", "the next one boots", told(after));
  const left = (await readdir(place)).filter((name) => name.includes(".new"));
  check(left.length === 0 && !(await isPlugged()), "and nothing is left over", left.join("\n"));
}

/** Two editions of a folder, the second while the first runs. */
async function watch(): Promise<void> {
  const project = path.join(folder, "project");
  await mkdir(project, { recursive: true });
  await writeFile(
    path.join(project, "Containerfile"),
    `FROM ${image}\nCOPY edition /etc/edition\n`,
  );
  await writeFile(path.join(project, "edition"), "first\n");
  const child = spawn(program, ["bootc", "watch", project], { env });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      said += text;
    });
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const reached = async (times: number) => {
    await eventually(
      async () => [...said.matchAll(/^From the change to SSH: .* ssh ([0-9a-f]+)$/gm)],
      (found) => found.length >= times || child.exitCode !== null,
      patienceMs,
    );
    const lines = [...said.matchAll(/^From the change to SSH: (.*) s\. .* ssh ([0-9a-f]+)$/gm)];
    console.log(`       watch: SSH ${lines.at(-1)?.[1] ?? "?"} s after the change`);
    return bootc("ssh", lines.at(-1)?.[2] ?? "none", "cat /etc/edition");
  };
  const first = await reached(1);
  check(first.stdout === "first\n", "watch boots what a folder builds", `${told(first)}\n${said}`);
  await writeFile(path.join(project, "edition"), "second\n");
  const second = await reached(2);
  check(
    second.stdout === "second\n",
    "and what it builds after a change",
    `${told(second)}\n${said}`,
  );
  child.kill("SIGINT");
  await ended;
  const listed = await bootc("list");
  check(!listed.stdout.includes("watch-project"), "^C removes the machine", told(listed));
}

async function byItself(): Promise<void> {
  await machine("stop", "box");
  const listed = await bootc("images");
  const state = await machine("status", "box");
  check(
    listed.stdout.includes("localhost/stand-in") && /Stopped/.test(state.stdout),
    "the machine that builds is started when it is needed, and stopped again",
    `${told(listed)}\n${told(state)}`,
  );
  const known = await bootc("run", "--ephemeral", image, "true");
  check(known.exitCode === 0, "and for a run", told(known));
  await machine("start", "box");
}

const parts = { images, ephemeral, cloudInit, rebuilt, disk, toDisk, kills, watch, byItself };
try {
  await importImage();
  for (const [name, part] of Object.entries(parts)) {
    if (asked.length === 0 || asked.includes(name)) {
      console.log(`${name}:`);
      await part();
    }
  }
} finally {
  await bootc("rm", "--all", "--force");
  await machine("rm", "-y", "-f", "box");
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
console.log(failed === 0 ? "bootc: all of it holds" : `bootc: ${failed} checks failed`);
process.exitCode = failed === 0 ? 0 : 1;
