import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import path from "node:path";
import type { Identity } from "../../vm/harness/data-disk.ts";
import { type Result, run } from "../../vm/harness/run.ts";
import { TestMachine } from "../../vm/harness/test-machine.ts";
import { usedDisk } from "../../vm/harness/used-disk.ts";
import { type Laboratory, type Role, repository } from "../laboratory/laboratory.ts";
import type { Cache } from "../source/fetched-tests.ts";

/** No file takes this long unless it hangs. */
const fileTimeoutMs = 7_200_000;

/**
 * A virtual machine of the built image, in which the tests and scripts run as they do in the laboratory; through
 * podman-remote they run in the laboratory, against this machine's Podman by SSH.
 */
export class Guest {
  private constructor(
    private readonly machine: TestMachine,
    private readonly identity: Identity,
    /** For the laboratory to see: the key, and a socket that leads to the machine's sshd. */
    private readonly door: string,
    private readonly forward: Server,
    private readonly laboratory: Laboratory,
  ) {}

  /** Boots a machine with the disk of tools. */
  static async open(tools: string, laboratory: Laboratory, cache: Cache): Promise<Guest> {
    const { identity, disk } = await usedDisk();
    const toolsDisk = { file: tools, format: "raw", bus: "virtio", readOnly: true } as const;
    const machine = await TestMachine.start({
      key: identity.key,
      disks: [disk, toolsDisk],
      memoryMiB: 3072,
    });
    // In the repository, which the laboratory sees; short, as a socket's path must be.
    const door = await mkdtemp(path.join(cache.folder, "door-"));
    const forward = createServer((from) => {
      const to = connect(machine.sshPort, "127.0.0.1");
      from.pipe(to).pipe(from);
      from.on("error", () => to.destroy());
      to.on("error", () => from.destroy());
    });
    const guest = new Guest(machine, identity, door, forward, laboratory);
    try {
      await copyFile(identity.key, path.join(door, "key"));
      await once(forward.listen(path.join(door, "ssh")), "listening");
      await guest.prepare();
      return guest;
    } catch (error) {
      await guest.close();
      throw error;
    }
  }

  private async prepare(): Promise<void> {
    const home = "/opt/repository/test/conformance";
    const words = ["ssh", ...this.machine.sshArguments(), "root@127.0.0.1"];
    const copy = `tar -C "$1" -cf - guest laboratory scripts | "\${@:2}" 'mkdir -p ${home} && tar -C ${home} -xf -'`;
    const folder = path.resolve(import.meta.dirname, "..");
    const { exitCode, stderr } = await run([
      "bash",
      "-o",
      "pipefail",
      "-c",
      copy,
      "bash",
      folder,
      ...words,
    ]);
    if (exitCode !== 0) {
      throw new Error(`cannot copy the tests into the guest: ${stderr}`);
    }
    await this.machine.root(`${home}/guest/prepare.sh /dev/vdb`);
  }

  /** Some of the tests of one of Podman's files, as TAP. */
  runTests(role: Role, file: string, names: readonly string[]): Promise<Result> {
    const argv = ["/opt/laboratory/run-bats.sh", role, `test/system/${file}`, anyOf(names)];
    if (role === "remote") {
      const door = path.posix.join("/opt/repository", path.relative(repository, this.door));
      return this.laboratory.run(["env", `DOOR=${door}`, "PODMAN_TIMEOUT=600", ...argv]);
    }
    return this.inGuest(argv);
  }

  /** A script of ../scripts, as root or the user; what else it needs is on the disk of tools. */
  runScript(role: "root" | "user", name: string): Promise<Result> {
    const script = `/opt/repository/test/conformance/scripts/${name}`;
    const material = `/opt/disk/${path.basename(name, ".sh")}`;
    return this.inGuest(["/opt/laboratory/run-script.sh", script, role, material]);
  }

  private inGuest(argv: readonly string[]): Promise<Result> {
    const words = ["env", "IN_GUEST=1", "PODMAN_TIMEOUT=600", ...argv];
    const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    return this.machine.ssh(command, { user: "root", timeoutMs: fileTimeoutMs });
  }

  /** What the machine said on its console. */
  story(): string {
    return this.machine.story();
  }

  async close(): Promise<void> {
    this.forward.close();
    await this.machine.remove();
    await rm(this.door, { recursive: true, force: true });
    await rm(this.identity.folder, { recursive: true, force: true });
  }
}

/** An extended regular expression that matches these names and no others. */
function anyOf(names: readonly string[]): string {
  return `^(${names.map((name) => name.replace(/[^\w ]/g, "\\$&")).join("|")})$`;
}
