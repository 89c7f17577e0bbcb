import { expect, test } from "vitest";
import type { MachineState } from "../contract/driver.ts";
import { decideState, type QemuFacts } from "./state.ts";

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
  expect(decideState("box", { pid, passage, monitor }).state).toBe(state);
});

test.each(cases)(
  "process %s (%s) and a monitor that is %j: an error says what to do",
  (pid, passage, monitor, state) => {
    const { error } = decideState("box", { pid, passage, monitor });
    if (state === "Error" || state === "Timeout") {
      expect(error).toContain("podman-machine kill box");
    } else {
      expect(error).toBeUndefined();
    }
  },
);
