import { expect, test } from "vitest";
import type { MachineState } from "../driver.ts";
import { decideState, type QemuFacts } from "./state.ts";

const refused = { kind: "refused" } as const;
const silent = { kind: "silent" } as const;
const answers = (status: string) => ({ kind: "answers", status }) as const;

const cases: [number | undefined, QemuFacts["monitor"], MachineState][] = [
  [undefined, refused, "Stopped"],
  [undefined, silent, "Stopped"],
  [undefined, answers("running"), "Error"],
  [7, refused, "Error"],
  [7, silent, "Timeout"],
  [7, answers("running"), "Running"],
  [7, answers("paused"), "Paused"],
  [7, answers("suspended"), "Paused"],
  [7, answers("prelaunch"), "Starting"],
  [7, answers("shutdown"), "Stopping"],
  [7, answers("io-error"), "Error"],
  [7, answers("internal-error"), "Error"],
  [7, answers("guest-panicked"), "Error"],
  [7, answers("something new"), "Error"],
];

test.each(cases)("process %s and a monitor that is %j: %s", (pid, monitor, state) => {
  expect(decideState("box", { pid, monitor }).state).toBe(state);
});

test.each(cases)(
  "process %s and a monitor that is %j: an error says what to do",
  (pid, monitor, state) => {
    const { error } = decideState("box", { pid, monitor });
    if (state === "Error" || state === "Timeout") {
      expect(error).toContain("podman-machine kill box");
    } else {
      expect(error).toBeUndefined();
    }
  },
);
