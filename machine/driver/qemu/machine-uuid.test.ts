import { expect, test } from "vitest";
import { machineMac, machineUuid } from "./machine-uuid.ts";

test("a machine's UUID stays, is well formed, and is no other machine's", () => {
  const uuid = machineUuid("/s/machines/box");
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(machineUuid("/s/machines/box")).toBe(uuid);
  expect(machineUuid("/s/machines/web")).not.toBe(uuid);
});

test("a machine's MAC address stays, is well formed, and is no other machine's", () => {
  const mac = machineMac("/s/machines/box");
  expect(mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
  expect(machineMac("/s/machines/box")).toBe(mac);
  expect(machineMac("/s/machines/web")).not.toBe(mac);
});
