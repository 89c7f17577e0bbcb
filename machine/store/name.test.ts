import { expect, test } from "vitest";
import { checkName, machineExists, unknownMachine } from "./name.ts";

test.each(["box", "box2", "a.b", "A-1", "0", "x".repeat(63)])("%s can be a name", (name) => {
  expect(() => checkName(name)).not.toThrow();
});

test.each(["", ".hidden", "-f", "a/b", "..", "a b", "a\n", "ü", "a,b"])(
  "%j can't be a name",
  (name) => {
    expect(() => checkName(name)).toThrow(
      "Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -",
    );
  },
);

test("a name beyond 63 characters is refused with its length", () => {
  expect(() => checkName("x".repeat(64))).toThrow("It has 64 characters; at most 63");
});

test("the texts are those that scripts know", () => {
  expect(unknownMachine("x").message).toBe(
    'Podman machine "x" does not exist. Use "podman-machine ls" to list machines. Use "podman-machine create" to add a new one.',
  );
  expect(machineExists("box").message).toBe('Podman machine "box" already exists');
});
