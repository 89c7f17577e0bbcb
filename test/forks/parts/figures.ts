import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { loadMachine } from "../../../machine/store/machines.ts";
import { containerTime, createTime } from "../box.ts";
import { inSeconds, type Laboratory, median, timed } from "../laboratory.ts";

const askAgainMs = 100;
const greetAgainMs = 25;

/** From the start of the command, in seconds. */
interface ForkTimes {
  /** Until QEMU's agent in the guest answers, which is not kept back. */
  readonly agent: number;
  /** Until sshd greets. */
  readonly greeting: number;
  /** Until the command ends. */
  readonly end: number;
}

/** What a fork, and a container in a machine of its own, cost beside what they save, in seconds. */
export interface ForkFigures extends ForkTimes {
  /** `create`, until podman can be used. */
  readonly create: number;
  /** `podman run` in a machine that runs, which has run it before. */
  readonly container: number;
  /** `run` of an image in the template, to its end. */
  readonly run: number;
}

/** Measures each of them so often, in turn, so that a host whose load changes slows all alike; with the medians. */
export async function measureForks(
  laboratory: Laboratory,
  times: number,
): Promise<{ figures: ForkFigures; all: readonly ForkFigures[] }> {
  const { machine } = laboratory;
  const all: ForkFigures[] = [];
  for (let number = 1; number <= times; number += 1) {
    const create = await createTime(laboratory, `created-${number}`);
    await machine("rm", "-f", "-y", `created-${number}`);
    const container = await containerTime(laboratory);
    const fork = await forkTimes(laboratory, `time-${number}`);
    await machine("rm", "-f", "-y", `time-${number}`);
    const words = ["run", "--template", "box", "localhost/busybox", "true"];
    const { seconds: run } = await timed(() => machine(...words));
    all.push({ ...fork, create, container, run });
  }
  const middle = (key: keyof ForkFigures) => median(all.map((one) => one[key]));
  const figures = {
    create: middle("create"),
    container: middle("container"),
    agent: middle("agent"),
    greeting: middle("greeting"),
    end: middle("end"),
    run: middle("run"),
  };
  return { figures, all };
}

/** Says them beside what a boot, and a boot with a container, take. */
export function sayFigures({ figures, all }: Awaited<ReturnType<typeof measureForks>>): void {
  const { create, container } = figures;
  const say = (what: string, key: keyof ForkFigures, of: number) => {
    const each = all.map((one) => one[key].toFixed(1)).join(", ");
    const share = (figures[key] / of).toFixed(3);
    console.log(`${what}: ${inSeconds(figures[key])} (${each}), ${share}`);
  };
  console.log(`of create (${inSeconds(create)}):`);
  say("fork until QEMU's agent in the guest answers", "agent", create);
  say("fork until sshd greets", "greeting", create);
  say("fork until its end", "end", create);
  console.log(`of create and podman run (${inSeconds(create)} and ${inSeconds(container)}):`);
  say("run of an image in the template", "run", create + container);
}

async function forkTimes(laboratory: Laboratory, name: string): Promise<ForkTimes> {
  const startedMs = performance.now();
  const sinceStart = () => (performance.now() - startedMs) / 1000;
  const child = laboratory.start("fork", "box", name);
  const ended = once(child, "exit").then(sinceStart);
  const agent = answers(path.join(laboratory.folder(name), "agent")).then(sinceStart);
  await agent;
  const { config, files } = await loadMachine(laboratory.store, name);
  // sshd listens from then on. Who connects before may lose a packet, which QEMU sends again after 6 s.
  while (!(await readFile(files.bootLog, "utf8").catch(() => "")).includes("ready\n")) {
    await pause(greetAgainMs);
  }
  await greets(config.Driver.SSHPort);
  const greeting = sinceStart();
  return { agent: await agent, greeting, end: await ended };
}

/** Connects until sshd greets: QEMU takes each, and closes it when the guest refuses. */
async function greets(port: number): Promise<void> {
  while (!(await talks(createConnection(port, "127.0.0.1"), () => undefined))) {
    await pause(greetAgainMs);
  }
}

/** Asks QEMU's agent in the guest until it answers. */
async function answers(socket: string): Promise<void> {
  for (;;) {
    if (await asks(socket)) {
      return;
    }
    await pause(askAgainMs);
  }
}

function asks(path: string): Promise<boolean> {
  const socket = createConnection(path);
  return talks(socket, () => socket.write('{"execute":"guest-ping"}\n'));
}

/** Whether something comes from there before it is closed; as long as it is quiet it is asked again. */
function talks(socket: Socket, ask: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const again = setInterval(ask, askAgainMs);
    const end = (isAnswered: boolean) => {
      clearInterval(again);
      socket.destroy();
      resolve(isAnswered);
    };
    socket.once("connect", ask);
    socket.once("data", () => end(true));
    socket.once("close", () => end(false));
    // It isn't there yet; a refused one closes, too.
    socket.on("error", () => undefined);
  });
}
