import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { eventually } from "../../vm/harness/eventually.ts";
import { runOk } from "../../vm/harness/run.ts";
import { loggedNodes } from "../record.ts";

/** What this host's kernel has to have for LoggedLoop. */
export const isLoopThere = existsSync("/dev/loop-control") && existsSync("/dev/fuse");

/** A disk image as a block device of this host, whose writes and flushes are logged as those of a machine's disk are. */
export class LoggedLoop {
  private constructor(
    readonly node: string,
    private readonly daemon: ChildProcess,
  ) {}

  /** The device begins at `offsetBytes` of the image. */
  static async attach(file: string, log: string, offsetBytes: number): Promise<LoggedLoop> {
    const exported = `${file}.logged`;
    await writeFile(exported, "");
    const mountpoint = path.resolve(exported);
    const how = `type=fuse,id=logged,node-name=logged,mountpoint=${mountpoint},writable=on`;
    const daemon = spawn(
      "qemu-storage-daemon",
      [...loggedNodes(file, log, "--blockdev"), "--export", how],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    try {
      const { size } = await stat(file);
      await eventually(
        async () => daemon.exitCode ?? (await stat(exported)).size,
        (found) => found === size || daemon.exitCode !== null,
      );
      const argv = ["losetup", "--find", "--show", "--offset", String(offsetBytes), exported];
      const node = (await runOk(argv)).trim();
      // Nor are zeros asked for then, which are discards here: the kernel writes them.
      await writeFile(`/sys/block/${path.basename(node)}/queue/discard_max_bytes`, "0");
      return new LoggedLoop(node, daemon);
    } catch (error) {
      await end(daemon);
      throw error;
    }
  }

  async detach(): Promise<void> {
    await runOk(["losetup", "--detach", this.node]);
    await end(this.daemon);
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode === null) {
    const ended = once(daemon, "exit");
    daemon.kill();
    await ended;
  }
}
