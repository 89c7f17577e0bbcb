import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { eventually } from "../eventually.ts";
import { patienceMs } from "../patience.ts";
import { run, runOk } from "../run.ts";
import { layRoot, unpackUsr } from "../unpacked-usr.ts";
import { Cable } from "./cable.ts";

const repository = path.resolve(import.meta.dirname, "../../../..");
const bun = path.join(repository, "node_modules/.bin/bun");

/**
 * What the machine is before its agent starts: the image's own /usr, with this repository's script for DHCP. Words: the
 * folder, the repository, bun, the command line.
 */
const enter = `set -e
${layRoot}
mkdir -p sys run mnt opt
mount -t sysfs sysfs sys
mount -t tmpfs run run
mount -t tmpfs quiet mnt
touch mnt/kmsg
mount --bind mnt/kmsg dev/kmsg
mount --bind $2/image/tree/usr/share/udhcpc/default.script usr/share/udhcpc/default.script
touch opt/bun opt/agent.js
mount --bind $3 opt/bun
mount --bind $1/agent.js opt/agent.js
mkdir -p etc run/boot2podman
hostname unnamed
rm -f etc/hostname
ip link set lo up
while read -r key _ value; do
  case $key in net.*) echo "$value" >"proc/sys/$(echo "$key" | tr . /)" ;; esac
done <<END
$(cat etc/sysctl.d/*.conf)
END
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot . /bin/sh -c \
  'echo laid; read -r _; exec /opt/bun /opt/agent.js "$1"' sh "$4"
`;

/** The image's /usr, unpacked, in which machines are made that are a network's guests and cost a quarter of a second each. */
export class NetworkLaboratory {
  private constructor(private readonly folder: string) {}

  static async open(): Promise<NetworkLaboratory> {
    const folder = await mkdtemp("/var/tmp/b2p-networks-");
    const usr = unpackUsr(path.join(folder, "usr"));
    const agent = path.join(import.meta.dirname, "agent.ts");
    const to = ["--target=bun", `--outfile=${path.join(folder, "agent.js")}`];
    await Promise.all([usr, runOk([bun, "build", agent, ...to])]);
    return new NetworkLaboratory(folder);
  }

  /**
   * A machine with the network cards of these names, whose cables end at the test. The agent starts with `start`.
   * @param commandLine the kernel's, with boot options
   */
  async machine(cards: readonly string[], commandLine = ""): Promise<LaboratoryMachine> {
    const own = await mkdtemp(path.join(this.folder, "machine-"));
    for (const name of ["usr", "root"]) {
      await mkdir(path.join(own, name));
    }
    const machine = await LaboratoryMachine.lay(this.folder, own, commandLine);
    for (const name of cards) {
      await machine.plugIn(name);
    }
    return machine;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A network behind the machine. */
export interface ContainerNetwork {
  /** Begins a connection, whatever becomes of it. */
  connect(address: string, port: number): void;
}

/** A machine in namespaces of its own, with the image's /usr, its DHCP client and this repository's agents. */
export class LaboratoryMachine {
  readonly #cables = new Map<string, Cable>();
  readonly #others: ChildProcess[] = [];
  #said = "";

  private constructor(
    private readonly agent: ChildProcess,
    private readonly agentPid: number,
    private readonly world: ChildProcess,
    private readonly worldPid: number,
  ) {
    for (const stream of [agent.stdout, agent.stderr, world.stderr]) {
      stream?.on("data", (data: Buffer) => {
        this.#said += data.toString();
      });
    }
    if (world.stdout !== null) {
      createInterface(world.stdout).on("line", (line) => {
        const [name = "", frame = ""] = line.split(" ");
        if (name === "opened") {
          this.#cables.get(frame)?.opened();
        } else {
          this.#cables.get(name)?.arrived(Buffer.from(frame, "hex"));
        }
      });
    }
  }

  static async lay(folder: string, own: string, commandLine: string): Promise<LaboratoryMachine> {
    const words = [own, repository, await realBun(), commandLine];
    const script = enter
      .replaceAll("$1/usr", `${folder}/usr`)
      .replaceAll("$1/agent.js", `${folder}/agent.js`);
    const agent = spawn(
      "unshare",
      [
        ...["-mnpuif", "--kill-child", "--propagation", "private"],
        "sh",
        "-c",
        script,
        "sh",
        ...words,
      ],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    const frames = path.join(import.meta.dirname, "frames.py");
    const world = spawn("unshare", ["-n", "python3", "-u", frames], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    await said(agent, "laid");
    const agentPid = childOf(agent);
    const worldPid = await apart(world);
    return new LaboratoryMachine(agent, agentPid, world, worldPid);
  }

  /** The agent's boot: nothing has been sent before. */
  start(): void {
    this.agent.stdin?.write("\n");
  }

  /** A new card with its cable in. */
  async plugIn(name: string): Promise<Cable> {
    const cable = new Cable(name, {
      write: (line) => this.world.stdin?.write(`${line}\n`),
      far: (argv) => runOk(["nsenter", "-t", String(this.worldPid), "-n", ...argv]),
    });
    this.#cables.set(name, cable);
    await runOk([
      ...["ip", "link", "add", name, "netns", String(this.agentPid), "type", "veth"],
      ...["peer", "name", name, "netns", String(this.worldPid)],
    ]);
    await cable.open();
    return cable;
  }

  /** The test's end of a card's cable. */
  cable(name: string): Cable {
    const cable = this.#cables.get(name);
    if (cable === undefined) {
      throw new Error(`no card ${name} in this machine`);
    }
    return cable;
  }

  /** Runs a shell's words in the machine as root, and gives what they print. */
  async root(words: string): Promise<string> {
    const enterIt = [
      "nsenter",
      "-t",
      String(this.agentPid),
      ...["-m", "-n", "-u", "-i", "-p", "-r", "-w"],
    ];
    const { stdout, stderr, exitCode } = await run([...enterIt, "/bin/sh", "-c", words], {
      env: { PATH: "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    if (exitCode !== 0) {
      throw new Error(`${words} ended with ${exitCode}\n${stdout}\n${stderr}\n${this.said}`);
    }
    return stdout.trim();
  }

  /** Runs a program of the host's among the machine's interfaces. */
  async onItsNetwork(argv: readonly string[]): Promise<string> {
    return await runOk(["nsenter", "-t", String(this.agentPid), "-n", ...argv]);
  }

  /** A container's network behind a bridge of 1500 bytes, as netavark makes it: 10.88.0.2, and fd88::2. */
  async container(): Promise<ContainerNetwork> {
    const inside = spawn("unshare", ["-n", "cat"], { stdio: ["pipe", "ignore", "ignore"] });
    const pid = String(await apart(inside));
    this.#others.push(inside);
    const far = [
      "ip",
      "link",
      "add",
      "veth9",
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      pid,
    ];
    for (const argv of [
      ["ip", "link", "add", "podman0", "type", "bridge"],
      far,
      ["ip", "link", "set", "veth9", "master", "podman0", "up"],
      ["ip", "addr", "add", "10.88.0.1/16", "dev", "podman0"],
      ["ip", "addr", "add", "fd88::1/64", "dev", "podman0", "nodad"],
      ["ip", "link", "set", "podman0", "up"],
      ["nsenter", "-t", pid, "-n", "ip", "addr", "add", "10.88.0.2/16", "dev", "eth0"],
      ["nsenter", "-t", pid, "-n", "ip", "addr", "add", "fd88::2/64", "dev", "eth0", "nodad"],
      ["nsenter", "-t", pid, "-n", "ip", "link", "set", "eth0", "up"],
      ["nsenter", "-t", pid, "-n", "ip", "route", "add", "default", "via", "10.88.0.1"],
      ["nsenter", "-t", pid, "-n", "ip", "route", "add", "default", "via", "fd88::1"],
    ]) {
      await (argv[0] === "ip" ? this.onItsNetwork(argv) : runOk(argv));
    }
    return {
      connect: (address, port) => {
        const words = `exec 3<>/dev/tcp/${address}/${port}`;
        const argv = ["-t", pid, "-n", "timeout", "20", "bash", "-c", words];
        this.#others.push(spawn("nsenter", argv, { stdio: "ignore" }));
      },
    };
  }

  /** Waits until what the words print, whether they fail or not, is as wanted; gives that. */
  async until(words: string, wanted: RegExp): Promise<string> {
    let last = "";
    try {
      return await eventually(
        async () => {
          last = await this.root(`{ ${words}; } 2>&1 || true`);
          return last;
        },
        (text) => wanted.test(text),
        patienceMs / 4,
        50,
      );
    } catch (error) {
      throw new Error(`never ${wanted}: ${words}\n${last}\n${this.said}`, { cause: error });
    }
  }

  /** What the agent and its surroundings printed: for errors. */
  get said(): string {
    return this.#said;
  }

  remove(): void {
    for (const one of [...this.#others, this.agent, this.world]) {
      one.kill("SIGKILL");
    }
  }
}

async function realBun(): Promise<string> {
  return (await runOk(["readlink", "-f", bun])).trim();
}

/** The process in the new namespaces, which unshare has forked. */
function childOf(parent: ChildProcess): number {
  return Number(readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim());
}

/** Waits until it prints that; throws with its complaint when it ends before. */
async function said(child: ChildProcess, what: string): Promise<void> {
  let complaint = "";
  child.stderr?.on("data", (data: Buffer) => {
    complaint += data.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (data: Buffer) => {
      if (data.toString().includes(what)) {
        resolve();
      }
    });
    child.on("exit", () => reject(new Error(`the laboratory's machine ended: ${complaint}`)));
  });
}

/** The same process, once it has left this network. */
async function apart(child: ChildProcess): Promise<number> {
  const pid = child.pid ?? 0;
  const network = async (of: string) => (await runOk(["readlink", `/proc/${of}/ns/net`])).trim();
  const here = await network("self");
  await eventually(
    () => network(String(pid)),
    (there) => there !== here,
    patienceMs,
    10,
  );
  return pid;
}
