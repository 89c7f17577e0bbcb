import { oneLine } from "../../command/one-line.ts";
import { orLate } from "../../kernel/deadline.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { findStateMount, stateFolder } from "../../kernel/state-folder.ts";
import { leaseFolder } from "../network/leases.ts";
import { nextPollS, planCorrection, shortestPollS, timeConstant } from "./correction.ts";
import { looksLocal } from "./local-clock.ts";
import type { TimeSample } from "./ntp-packet.ts";
import { lookEveryMs, openPauseWatch } from "./pause-watch.ts";
import { askTime, findHypervisorClock, readHardwareClockMs } from "./sources.ts";

/** A clock that shows whole seconds tells a pause of less than so from no pause, but not how long it was. */
const shortestKnownPauseMs = 1_100;
/** By two looks at such a clock. */
const excessKnownToMs = 2 * shortestKnownPauseMs;
/** After a pause a server has so long to say the exact time before the hardware clock's is taken. */
const afterPauseMs = 800;
/** Its time says until when the clock was known to be right. */
const stampPath = `${stateFolder}/clock`;
const stampEveryMs = 3_600_000;
const firstRetryS = 8;
const longestRetryS = 1_024;

/** What goes on keeping the clock right; `close` ends it. */
export interface TimeKeeper extends Subscription {
  /** What the first correction was, in words. */
  first: Promise<string>;
}

/** Whom to ask for the time, and whom to tell of a pause. */
export interface TimeRequest {
  /** ntpserver= */
  servers: readonly string[];
  /** Called when the machine stood still, so that what has a time limit can be looked after. */
  onPause(pausedMs: number): void;
}

/**
 * Keeps the system's clock right for as long as this process lives: by the hypervisor's clock where there is one
 * that answers, else by time servers. A look at the hardware clock each second tells that the machine stood still
 * (its host slept, it was stopped or restored): nothing else does, since all its own clocks stood still too.
 */
export function keepTime(kernel: Kernel, { servers, onPause }: TimeRequest): TimeKeeper {
  let device = findHypervisorClock(kernel);
  const pauses = openPauseWatch();
  let tell: (line: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => {
    tell = resolve;
  });
  let isFirst = true;
  let pollS = shortestPollS;
  let retryS = firstRetryS;
  let looks = 0;
  let corrections = 0;
  let isAsking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const wasByHardware = Math.abs((readHardwareClockMs(kernel) ?? 0) - kernel.nowMs()) < 60_000;
  let stampedMs: number | undefined;
  /** For the next boot, whose hardware clock may be empty (see earliest-time.ts). */
  const stamp = (): void => {
    const nowMs = kernel.uptimeMs();
    if (stampedMs !== undefined && nowMs - stampedMs < stampEveryMs) {
      return;
    }
    stampedMs = nowMs;
    try {
      if (findStateMount(kernel.mounts()) !== undefined) {
        kernel.writeAtomic(stampPath, `${new Date(kernel.nowMs()).toISOString()}\n`);
      }
    } catch (error) {
      kernel.tellKernelLog(`time: ${oneLine(error)}`);
    }
  };

  const correct = (offsetMs: number, by: string): void => {
    const plan = planCorrection(offsetMs, isFirst);
    const shown = `${by}: off by ${(-offsetMs / 1000).toFixed(3)} s`;
    if (plan.do === "step") {
      kernel.stepTime(plan.byMs);
      pauses.stepped(plan.byMs);
      kernel.tellKernelLog(`time: set by ${shown}`);
    }
    // Also after a step, for the kernel to know that the clock is right.
    kernel.slewTime(plan.do === "step" ? 0 : plan.byMs, timeConstant(pollS));
    if (isFirst) {
      const isLocal = looksLocal(plan.byMs) && wasByHardware;
      tell(isLocal ? `${shown}; the hardware clock seems to show local time (rtc=local)` : shown);
    }
    stamp();
    isFirst = false;
    corrections += 1;
  };

  /** An answer during whose way the clock was put right tells of neither the one nor the other clock. */
  const askOfThisClock = async (): Promise<TimeSample> => {
    for (;;) {
      const before = corrections;
      const sample = await askTime(kernel, servers);
      if (corrections === before) {
        return sample;
      }
    }
  };

  const ask = async (): Promise<boolean> => {
    if (isAsking || device !== undefined) {
      return false;
    }
    isAsking = true;
    clearTimeout(timer);
    let nextS = retryS;
    try {
      const { server, offsetMs } = await askOfThisClock();
      correct(offsetMs, server);
      pollS = nextPollS(pollS, offsetMs);
      nextS = pollS;
      retryS = firstRetryS;
      return true;
    } catch (error) {
      if (isFirst && retryS === firstRetryS) {
        tell(`no time server answers: ${oneLine(error)}`);
        kernel.tellKernelLog(`time: ${oneLine(error)}`);
      }
      retryS = Math.min(retryS * 2, longestRetryS);
      return false;
    } finally {
      isAsking = false;
      timer = setTimeout(() => void ask(), nextS * 1000);
    }
  };

  /** Who lets a machine go on may set its clock as well (QEMU's guest agent, podman-machine): once is right. */
  const resume = async (pausedMs: number, aheadMs: number): Promise<void> => {
    onPause(pausedMs);
    pollS = shortestPollS;
    const before = corrections;
    await orLate(ask(), afterPauseMs, () => undefined);
    const nowMs = readHardwareClockMs(kernel);
    const byOthersMs = nowMs === undefined ? 0 : aheadMs - (nowMs - kernel.nowMs());
    const wasSet = Math.abs(byOthersMs) > shortestKnownPauseMs;
    if (corrections === before) {
      if (wasSet || pausedMs < shortestKnownPauseMs) {
        return;
      }
      correct(pausedMs, "the hardware clock");
    }
    takeBackSecond(pausedMs, aheadMs - pausedMs);
  };

  /** A step is by so much, and who sets the clock between our look and our step makes it one too many. */
  const takeBackSecond = (pausedMs: number, usuallyAheadMs: number): void => {
    const hardwareMs = readHardwareClockMs(kernel);
    if (hardwareMs === undefined || pausedMs < 2 * excessKnownToMs) {
      return;
    }
    const excessMs = kernel.nowMs() - (hardwareMs - usuallyAheadMs);
    if (Math.abs(excessMs - pausedMs) < excessKnownToMs) {
      correct(-pausedMs, "whoever set it too");
    }
  };

  /** What the hypervisor's clock is ahead by; undefined where there is none, or none that answers any more. */
  const hypervisorOffsetMs = (): number | undefined => {
    if (device === undefined) {
      return undefined;
    }
    try {
      return kernel.readClockDevice(device) - kernel.nowMs();
    } catch (error) {
      if (!(error instanceof KernelError)) {
        throw error;
      }
      // A host that has no such clock for this guest says so by each answer (EOPNOTSUPP).
      kernel.tellKernelLog(`time: ${error.message}; time servers are asked instead`);
      device = undefined;
      void ask();
      return undefined;
    }
  };

  const look = (): void => {
    looks += 1;
    const offsetMs = hypervisorOffsetMs();
    if (device !== undefined && offsetMs !== undefined) {
      const isStep = planCorrection(offsetMs, isFirst).do === "step";
      if (isStep && !isFirst && offsetMs > 0) {
        onPause(offsetMs);
      }
      if (isStep || (looks - 1) % shortestPollS === 0) {
        correct(offsetMs, device);
      }
      return;
    }
    const hardwareMs = readHardwareClockMs(kernel);
    if (hardwareMs === undefined) {
      return;
    }
    const nowMs = kernel.nowMs();
    const pausedMs = pauses.look(hardwareMs, nowMs);
    if (pausedMs !== undefined) {
      void resume(pausedMs, hardwareMs - nowMs);
    }
  };
  const guarded = (): void => {
    try {
      look();
    } catch (error) {
      // Once is enough: what fails each second would fill the log.
      clearInterval(clock);
      kernel.tellKernelLog(`time: ${oneLine(error)}; pauses are no longer detected`);
    }
  };
  const clock = setInterval(guarded, lookEveryMs);
  guarded();
  void ask();
  // A machine that had no network gets one.
  const leases = kernel.watchFolder(leaseFolder, () => {
    if (corrections === 0) {
      void ask();
    }
  });
  return {
    first,
    close() {
      clearInterval(clock);
      clearTimeout(timer);
      leases.close();
    },
  };
}
