import { expect, test } from "vitest";
import { filesIn } from "../../store/machine-files.ts";
import type { MachineState } from "../contract/driver.ts";
import { runStateNames } from "./run-states.ts";
import { decideState, type QemuFacts } from "./state.ts";

const place = { name: "box", files: filesIn("/m/box") };

const refused = { kind: "refused" } as const;
const silent = { kind: "silent" } as const;
const answers = (status: string) => ({ kind: "answers", status }) as const;

type Passage = QemuFacts["passage"];

const cases: [number | undefined, Passage, QemuFacts["monitor"], MachineState][] = [
  [undefined, undefined, refused, "Stopped"],
  [undefined, undefined, silent, "Stopped"],
  [undefined, undefined, answers("running"), "Error"],
  [undefined, "up", refused, "Starting"],
  [undefined, "up", answers("running"), "Error"],
  [undefined, "down", refused, "Stopping"],
  [7, "up", refused, "Starting"],
  [7, "up", silent, "Timeout"],
  [7, "up", answers("running"), "Running"],
  [7, undefined, refused, "Error"],
  [7, undefined, silent, "Timeout"],
  [undefined, undefined, { kind: "denied" }, "Stopped"],
  [7, undefined, answers("running"), "Running"],
  [7, undefined, answers("paused"), "Paused"],
  [7, undefined, answers("suspended"), "Paused"],
  [7, undefined, answers("prelaunch"), "Starting"],
  [7, undefined, answers("shutdown"), "Stopping"],
  [7, undefined, answers("io-error"), "Error"],
  [7, undefined, answers("internal-error"), "Error"],
  [7, undefined, answers("guest-panicked"), "Error"],
  [7, undefined, answers("something new"), "Error"],
];

test.each(cases)("process %s (%s) and a monitor that is %j: %s", (pid, passage, monitor, state) => {
  expect(decideState(place, { pid, passage, monitor }).state).toBe(state);
});

test.each(cases)(
  "process %s (%s) and a monitor that is %j: what isn't as it should be says what to do",
  (pid, passage, monitor, state) => {
    const { error } = decideState(place, { pid, passage, monitor });
    if (state === "Error" || state === "Timeout" || state === "Paused") {
      expect(error).toMatch(/podman-machine (kill|start) box/);
    } else {
      expect(error).toBeUndefined();
    }
  },
);

const whole = (status: string, trouble?: "nospace" | "failed") =>
  decideState(place, {
    pid: 7,
    passage: undefined,
    monitor: { kind: "answers", status, trouble },
  });

/** QEMU's RunState: what `ls` says, whether start goes on from it, and a word of what is told. */
const runStates: [string, MachineState, boolean, RegExp | undefined][] = [
  ["running", "Running", false, undefined],
  ["paused", "Paused", true, /monitor: "podman-machine start box" goes on where it was/],
  ["debug", "Paused", true, /debugger: "podman-machine start box" goes on/],
  ["suspended", "Paused", true, /put itself to sleep: "podman-machine start box" goes on/],
  ["save-vm", "Paused", false, /being saved, which ends by itself/],
  ["finish-migrate", "Paused", false, /being saved, which ends by itself/],
  ["postmigrate", "Paused", false, /another QEMU.*"podman-machine kill box"/],
  ["colo", "Paused", false, /another QEMU: .*"podman-machine kill box"/],
  ["prelaunch", "Starting", true, undefined],
  ["inmigrate", "Starting", false, undefined],
  ["restore-vm", "Starting", false, undefined],
  ["shutdown", "Stopping", false, undefined],
  ["io-error", "Error", true, /\/m\/box\/disk\.qcow2 can't be read or written/],
  ["watchdog", "Error", true, /watchdog fired: "podman-machine start box" goes on/],
  [
    "guest-panicked",
    "Error",
    false,
    /\/m\/box\/console\.log says why: .*"podman-machine kill box"/,
  ],
  ["internal-error", "Error", false, /\/m\/box\/qemu\.log says why: .*"podman-machine kill box"/],
];

test.each(runStates)("%s is %s, goes on by start: %s", (status, state, canGoOn, error) => {
  const found = whole(status);
  expect(found).toMatchObject({ state });
  expect(found.canGoOn ?? false).toBe(canGoOn);
  if (error === undefined) {
    expect(found.error).toBeUndefined();
  } else {
    expect(found.error).toMatch(error);
  }
});

test("every state of QEMU's has a verb", () => {
  expect(runStates.map(([status]) => status).sort()).toEqual([...runStateNames].sort());
});

test("a guest that is held for want of room is no case for a power cut", () => {
  const { error } = whole("io-error", "nospace");
  expect(error).toBe(
    'the guest is held and loses nothing: there is no room in /m/box for what it writes. Make room there, then "podman-machine start box" goes on where it was',
  );
  expect(error).not.toContain("kill");
});

test("a QEMU of another user's is not called broken", () => {
  const facts = { pid: 7, passage: undefined, monitor: { kind: "denied" } } as const;
  expect(decideState(place, facts)).toEqual({
    state: "Error",
    error: "QEMU (process 7) is run by another user, who alone can ask it and end it",
  });
});
