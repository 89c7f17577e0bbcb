import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Child } from "../kernel/processes.ts";
import { backOff, manyFailures } from "./back-off.ts";
import type { Service } from "./service.ts";
import { readServiceState, writeServiceState } from "./service-state.ts";

/**
 * Keeps services running, in the resident agent: no process of its own. (sshd and the consoles are init's, so
 * that getting in doesn't hang on us.)
 */
export interface Supervisor {
  /**
   * Starts the service and starts it again, with growing pauses, whenever it has ended. One of that name that an
   * agent before us has started is left running and looked after by nobody until it is gone.
   * Gives its process, or undefined when it runs already.
   */
  start(service: Service): number | undefined;
  /** The process of a service that runs now. */
  pid(name: string): number | undefined;
  /** Ends the service for good; done when its process is gone. */
  stop(name: string): Promise<void>;
}

interface Kept {
  child: Child | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const supervisors = new WeakMap<Kernel, Supervisor>();

/** The supervisor of this process: all stages share it, since what they start goes on after them. */
export function supervisorOf(kernel: Kernel): Supervisor {
  let supervisor = supervisors.get(kernel);
  if (supervisor === undefined) {
    supervisor = openSupervisor(kernel);
    supervisors.set(kernel, supervisor);
  }
  return supervisor;
}

/** A supervisor that keeps nothing yet. */
export function openSupervisor(kernel: Kernel): Supervisor {
  const kept = new Map<string, Kept>();

  const launch = (service: Service, state: Kept, failures: number): void => {
    const { name, argv, options } = service;
    const startedMs = kernel.uptimeMs();
    const ended = (how: string) => {
      if (kept.get(name) !== state) {
        return;
      }
      const next = backOff(failures, kernel.uptimeMs() - startedMs);
      const inS = Math.ceil(next.pauseMs / 1000);
      const line = `${name} ${how}; started again in ${inS} s`;
      kernel.tellKernelLog(line);
      if (next.failures === manyFailures) {
        kernel.tellConsole(`${name} keeps ending: ${line}`);
      }
      writeServiceState(kernel, { name, pid: 0, startedMs, failures: next.failures });
      state.child = undefined;
      state.timer = setTimeout(() => launch(service, state, next.failures), next.pauseMs);
      state.timer.unref?.();
    };
    try {
      state.child = kernel.spawn(argv, options);
      writeServiceState(kernel, { name, pid: state.child.pid, startedMs, failures });
      void state.child.exited.then((status) => ended(`ended with ${status}`));
    } catch (error) {
      ended(`can't be started: ${oneLine(error)}`);
    }
  };

  return {
    start(service) {
      if (kept.has(service.name) || readServiceState(kernel, service.name)?.isRunning) {
        return undefined;
      }
      const state: Kept = { child: undefined, timer: undefined };
      kept.set(service.name, state);
      launch(service, state, 0);
      return state.child?.pid;
    },
    pid: (name) => kept.get(name)?.child?.pid,
    async stop(name) {
      const state = kept.get(name);
      kept.delete(name);
      clearTimeout(state?.timer);
      state?.child?.kill("SIGTERM");
      await state?.child?.exited;
    },
  };
}
