import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../vm/harness/eventually.ts";
import { freePort } from "../vm/harness/ports.ts";
import type { Result } from "../vm/harness/run.ts";
import { type Laboratory, oneProcessor, standIn, told } from "./laboratory.ts";

/** One machine in the background, from its start to its removal, by all commands for such a machine. */
export async function session(lab: Laboratory): Promise<void> {
  const shared = path.join(lab.folder, "shared");
  await mkdir(shared, { recursive: true });
  await writeFile(path.join(shared, "from-host"), "written here\n");
  const port = await freePort();
  const id = await lab.idOf(standIn);
  const short = id.slice(0, 12);
  await lab.machine("stop", "box");
  const started = await lab.bootc(
    ...["run", "--ephemeral", "-B", "--cloudinit", await cloudInitFolder(lab)],
    ...["--memory", "1500M", ...oneProcessor],
    ...["-v", `${shared}:/mnt/shared`, "-p", `${port}:8080`, standIn],
  );
  lab.check(started.stdout.trim() === id, "run -B prints the machine's ID", told(started));
  const state = await lab.machine("status", "box");
  lab.check(
    /Stopped/.test(state.stdout),
    "the machine that builds is started for a run, and stopped before the image boots",
    told(state),
  );
  const left = (await readdir(lab.placeOf(id))).filter((name) => name.includes(".new"));
  lab.check(left.length === 0, "nothing unfinished is left of it", left.join("\n"));
  await listed(lab, short);
  await follows(lab, short);
  await inside(lab, short);
  await folder(lab, short, shared);
  await published(lab, short, port);
  await serial(lab, short);
  await withoutConfig(lab, id);
  await ends(lab, id);
}

async function cloudInitFolder(lab: Laboratory): Promise<string> {
  const seed = path.join(lab.folder, "seed");
  await mkdir(seed, { recursive: true });
  await writeFile(path.join(seed, "meta-data"), "instance-id: stand-in-1\n");
  await writeFile(
    path.join(seed, "user-data"),
    "#cloud-config\nwrite_files:\n  - path: /etc/given\n    content: |\n      by cloud-init\n",
  );
  return seed;
}

async function listed(lab: Laboratory, short: string): Promise<void> {
  const list = await lab.bootc("list");
  lab.check(
    /^ID +REPO +SIZE +CREATED +RUNNING +SSH PORT$/m.test(list.stdout) &&
      new RegExp(`^${short} +${standIn} +10\\.7GB .* ago +true +\\d+$`, "m").test(list.stdout),
    "list has the columns of podman-bootc's",
    told(list),
  );
  const refused = await lab.bootc("rm", short);
  lab.check(
    refused.stderr.trim() === "VM is currently running. Stop it first or use the -f flag.",
    "rm refuses one that runs",
    told(refused),
  );
}

async function follows(lab: Laboratory, short: string): Promise<void> {
  const following = lab.going("logs", "-f", short);
  await following.says(/ login: /);
  lab.check(true, "logs -f shows the boot up to the login", "");
  await following.end("SIGINT");
  const logs = await lab.bootc("logs", short);
  lab.check(
    /Linux version/.test(logs.stdout) && / login: /.test(logs.stdout),
    "logs has all that the console printed",
    told(logs),
  );
}

async function inside(lab: Laboratory, short: string): Promise<void> {
  let seen: Result | undefined;
  await eventually(
    async () => {
      seen = await lab.bootc(
        ...["ssh", short.slice(0, 6)],
        "cloud-init status --wait >/dev/null; cat /etc/given; nproc; exit 3",
      );
      return seen.exitCode;
    },
    (status) => status !== 255,
    3_600_000,
  );
  lab.check(
    seen?.stdout === "by cloud-init\n1\n" && seen.exitCode === 3,
    "ssh runs a command and passes its status on; --cloudinit and --cpus reached the machine",
    seen === undefined ? "" : told(seen),
  );
}

async function folder(lab: Laboratory, short: string, shared: string): Promise<void> {
  const script =
    "findmnt -no FSTYPE /mnt/shared; cat /mnt/shared/from-host; echo written there >/mnt/shared/from-guest";
  const seen = await lab.bootc("ssh", short, script);
  const file = path.join(shared, "from-guest");
  const written = existsSync(file) ? await readFile(file, "utf8") : "";
  lab.check(
    seen.stdout === "virtiofs\nwritten here\n" && written === "written there\n",
    "--volume shares a folder both ways",
    `${told(seen)}\n${written}`,
  );
}

async function published(lab: Laboratory, short: string, port: number): Promise<void> {
  const served = await lab.bootc(
    ...["ssh", short],
    "mkdir /run/web && echo served >/run/web/page && systemd-run -q python3 -m http.server -d /run/web 8080",
  );
  const page = await eventually(
    () => fetch(`http://127.0.0.1:${port}/page`).then((answer) => answer.text(), String),
    (text) => text === "served\n",
    3_600_000,
  );
  lab.check(page === "served\n", "--publish forwards a port of this host", told(served));
}

async function serial(lab: Laboratory, short: string): Promise<void> {
  const attached = lab.going("console", short);
  await attached.says(/Ctrl-\] leaves it/);
  attached.child.stdin?.write("\r");
  await attached.says(/ login: /);
  const left = new Promise((resolve) => attached.child.once("exit", resolve));
  attached.child.stdin?.write("\u001d");
  lab.check((await left) === 0, "console asks for a login, and Ctrl-] leaves it", attached.said());
}

async function withoutConfig(lab: Laboratory, id: string): Promise<void> {
  const short = id.slice(0, 12);
  await rm(path.join(lab.placeOf(id), "bc.cfg"));
  const list = await lab.bootc("list");
  lab.check(
    new RegExp(`^${short} +<none> +10\\.7GB .* true +0$`, "m").test(list.stdout) &&
      /bc\.cfg is gone/.test(list.stderr),
    "without its bc.cfg it is still listed, and what helps is said",
    told(list),
  );
  const refused = await lab.bootc("ssh", short, "true");
  lab.check(
    refused.exitCode === 1 && /bc\.cfg is gone.*podman-bootc start/.test(refused.stderr),
    "and ssh says why it can't get there",
    told(refused),
  );
}

async function ends(lab: Laboratory, id: string): Promise<void> {
  const short = id.slice(0, 12);
  const stopped = await lab.bootc("stop", short);
  lab.check(stopped.exitCode === 0, "stop shuts it down", told(stopped));
  const logs = await lab.bootc("logs", short);
  lab.check(
    /Power down|System Power Off|reboot: /.test(logs.stdout),
    "by its own shutdown",
    logs.stdout.slice(-2000),
  );
  const gone = await lab.bootc("ssh", short, "true");
  lab.check(/is not running/.test(gone.stderr), "ssh says that it is stopped", told(gone));
  const removed = await lab.bootc("rm", short);
  const list = await lab.bootc("list");
  lab.check(
    removed.exitCode === 0 && !list.stdout.includes(short) && !existsSync(lab.placeOf(id)),
    "rm removes it with all that was made for it",
    `${told(removed)}\n${told(list)}`,
  );
}
