import { rm } from "node:fs/promises";
import * as pty from "node-pty";
import { afterAll, expect, test } from "vitest";
import { busyboxImage } from "./harness/container-image.ts";
import type { Identity } from "./harness/data-disk.ts";
import { patienceMs } from "./harness/patience.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { usedDisk } from "./harness/used-disk.ts";

/** A terminal with a program in it: what was typed and what it showed. */
class ShownTerminal {
  screen = "";
  #answeredUntil = 0;
  readonly #process: pty.IPty;
  readonly #waiting = new Set<() => void>();

  constructor(command: string, args: string[]) {
    this.#process = pty.spawn(command, args, { cols: 100, rows: 30 });
    this.#process.onData((data) => {
      this.screen += data;
      this.#answerQuestions();
      for (const look of this.#waiting) {
        look();
      }
    });
  }

  /** As terminals answer when they are asked where the cursor is: it was sent to the last corner. */
  #answerQuestions(): void {
    const question = "\u001b[6n";
    // On the whole screen: a question may come in pieces.
    for (;;) {
      const at = this.screen.indexOf(question, this.#answeredUntil);
      if (at < 0) {
        return;
      }
      this.#answeredUntil = at + question.length;
      this.type("\u001b[30;100R");
    }
  }

  type(text: string): void {
    this.#process.write(text);
  }

  /** Waits until the screen matches, from `start` on. */
  shows(expected: RegExp, start = 0, deadlineMs = patienceMs): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`the terminal never showed ${expected}:\n${this.screen.slice(-3000)}`));
      }, deadlineMs);
      const look = () => {
        if (!expected.test(this.screen.slice(start))) {
          return;
        }
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(this.screen.slice(start));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Types a command line at a shell's prompt and gives all that came after. */
  async command(line: string, expected: RegExp): Promise<string> {
    const start = this.screen.length;
    this.type(`${line}\r`);
    return await this.shows(expected, start);
  }

  end(): void {
    this.#process.kill("SIGKILL");
  }
}

let identity: Identity;
let machine: TestMachine;
let serial: ShownTerminal;
afterAll(async () => {
  serial?.end();
  await machine?.remove();
  await rm(identity.folder, { recursive: true, force: true });
});

/** Of the size that is promised to be enough, and with two processors, which no other machine here has. */
const small = { memoryMiB: 256, cpus: 2 };

test("the serial console logs the user in, shows the seal, runs commands and learns its size", async () => {
  const used = await usedDisk();
  identity = used.identity;
  machine = await TestMachine.create({ ...small, disks: [used.disk], key: identity.key });
  serial = new ShownTerminal("qemu-system-x86_64", await machine.arguments("stdio"));
  const shown = await serial.shows(/box:~\$ /);
  expect(shown).toMatch(/boot2podman status {2}result of the boot/);
  await serial.command("", /box:~\$ /);
  expect(await serial.command("id -un; tty", /\/dev\/ttyS0/)).toMatch(/tc/);
  expect(await serial.command("sudo podman info -f '{{.Host.CgroupsVersion}}'", /v2\s/)).toMatch(
    /v2/,
  );
  expect(await serial.command("stty size", /30 100/)).toMatch(/30 100/);
});

test("an interactive SSH session has a terminal of the right size", async () => {
  const session = new ShownTerminal("ssh", [...machine.sshArguments(), "-tt", "tc@127.0.0.1"]);
  await session.shows(/box:~\$ /);
  expect(await session.command("stty size", /30 100/)).toMatch(/30 100/);
  expect(await session.command("sudo -i", /box:~# /)).toMatch(/#/);
  expect(await session.command("id -un", /root\s/)).toMatch(/root/);
  session.end();
});

test("256 MB are enough to boot and to run a container (accident 9)", async () => {
  expect(await machine.root("nproc")).toBe("2");
  expect(await machine.root("awk '/MemTotal/ { print $2 < 256000 }' /proc/meminfo")).toBe("1");
  expect(await machine.root(`podman run --rm ${busyboxImage} echo small`)).toBe("small");
  expect(await machine.root("dmesg | grep -c 'Out of memory' || true")).toBe("0");
});
