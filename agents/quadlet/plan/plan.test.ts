import { describe, expect, test } from "vitest";
import type { ServiceDefinition } from "../definition/service-definition.ts";
import { type LinkedServices, planStart, planStop } from "./order.ts";
import { isRestarted, isWithinLimit, type ServiceEnd } from "./restart.ts";

type Links = Partial<ServiceDefinition["links"]> & { wantedBy?: string[]; requiredBy?: string[] };

function known(services: Record<string, Links>): LinkedServices {
  const none = { after: [], before: [], wants: [], requires: [], bindsTo: [], partOf: [] };
  return new Map(
    Object.entries(services).map(([name, { wantedBy = [], requiredBy = [], ...links }]) => [
      name,
      { links: { ...none, ...links }, wantedBy, requiredBy },
    ]),
  );
}

const shop = known({
  web: { requires: ["data", "lan"], after: ["data", "lan", "db"], wants: ["db"] },
  db: { requires: ["data"], after: ["data"] },
  data: {},
  lan: {},
  pod: { wants: ["side"], before: ["side"] },
  side: { bindsTo: ["pod"], after: ["pod"] },
  watcher: { wantedBy: ["web"], after: ["web"] },
});

describe("the order of a start", () => {
  test("has what a service needs and wants before it, and who it is wanted by with it", () => {
    const { services, missing, circles } = planStart(shop, ["web"]);
    expect(services.map(({ name }) => name)).toEqual(["data", "db", "lan", "web", "watcher"]);
    const web = services.find(({ name }) => name === "web");
    expect(web).toMatchObject({ waitsFor: ["data", "lan", "db"], needs: ["data", "lan"] });
    expect([missing.size, circles]).toEqual([0, []]);
  });

  test("has a pod before its containers, whichever was asked for", () => {
    for (const asked of ["pod", "side"]) {
      const names = planStart(shop, [asked]).services.map(({ name }) => name);
      expect(names).toEqual(["pod", "side"]);
    }
  });

  test("names what is needed and isn't there; what is only wanted may be missing", () => {
    const services = known({ a: { requires: ["gone"], wants: ["lost"] } });
    expect([...planStart(services, ["a"]).missing]).toEqual([["a", "gone"]]);
  });

  test("has a way out of a circle, and says it", () => {
    const services = known({
      a: { wants: ["b"], after: ["b"] },
      b: { wants: ["a"], after: ["a"] },
    });
    const plan = planStart(services, ["a"]);
    expect(plan.circles).toEqual(["a waits for b waits for a: one of them is started too early"]);
    expect(plan.services.map(({ waitsFor }) => waitsFor.length)).toEqual([0, 1]);
  });
});

describe("a stop", () => {
  test("takes along who needs it, the last started first", () => {
    const plan = planStop(shop, ["data"], true);
    expect(plan.map(({ name }) => name)).toEqual(["web", "db", "data"]);
    expect(plan.at(-1)?.waitsFor).toEqual(["web", "db"]);
  });

  test("that nobody asked for takes along only who is bound to it", () => {
    expect(planStop(shop, ["data"], false).map(({ name }) => name)).toEqual(["data"]);
    expect(planStop(shop, ["pod"], false).map(({ name }) => name)).toEqual(["side", "pod"]);
  });
});

describe("a restart", () => {
  const ends: Record<string, ServiceEnd> = {
    clean: { kind: "exited", status: 0 },
    code: { kind: "exited", status: 3 },
    terminated: { kind: "exited", status: 143 },
    killed: { kind: "exited", status: 137 },
    unseen: { kind: "exited", status: undefined },
    timeout: { kind: "timeout" },
    dependency: { kind: "dependency", why: "x" },
  };
  const follows: Record<ServiceDefinition["restart"], string[]> = {
    no: [],
    always: ["clean", "code", "terminated", "killed", "unseen", "timeout"],
    "on-success": ["clean", "terminated"],
    "on-failure": ["code", "killed", "unseen", "timeout"],
    "on-abnormal": ["killed", "timeout"],
    "on-abort": ["killed"],
    "on-watchdog": [],
  };
  const rules = {
    type: "notify",
    successStatuses: new Set<number>(),
    restartPreventStatuses: new Set<number>(),
    restartForceStatuses: new Set<number>(),
  } as const;

  test.each(Object.entries(follows))("by the policy %s follows the ends %j", (policy, expected) => {
    const restart = policy as ServiceDefinition["restart"];
    const found = Object.entries(ends).filter(([, end]) => isRestarted(end, { ...rules, restart }));
    expect(found.map(([name]) => name)).toEqual(expected);
  });

  test("statuses decide before the policy does", () => {
    const prevented = {
      ...rules,
      restart: "always",
      restartPreventStatuses: new Set([3]),
    } as const;
    expect(isRestarted({ kind: "exited", status: 3 }, prevented)).toBe(false);
    const forced = { ...rules, restart: "no", restartForceStatuses: new Set([3]) } as const;
    expect(isRestarted({ kind: "exited", status: 3 }, forced)).toBe(true);
    const success = { ...rules, restart: "on-failure", successStatuses: new Set([3]) } as const;
    expect(isRestarted({ kind: "exited", status: 3 }, success)).toBe(false);
  });

  test.each([
    [[0, 1, 2, 3], 4, true],
    [[0, 1, 2, 3, 4], 5, false],
    [[0, 1, 2, 3, 4], 10_500, true],
  ])("after starts at %j ms another one at %d ms is within the limit: %s", (starts, now, is) => {
    expect(isWithinLimit(starts, now, { intervalMs: 10_000, burst: 5 })).toBe(is);
  });
});
