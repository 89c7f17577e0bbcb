import { describe, expect, test } from "vitest";
import signatures from "../../../test/varlink/io.podman.json" with { type: "json" };
import type { Json } from "../json/json.ts";
import { podmanDescription } from "../podman/description.ts";
import { findMismatch } from "./find-mismatch.ts";
import { type IdlStruct, type IdlType, parseInterface } from "./parse-interface.ts";

const example = parseInterface(`
# A comment: (with signs)
interface org.example.more

type State (start: ?bool, progress: int)
type Kind (small, large)

# Another
method Ask(kinds: []Kind, names: [string]?string, inner: (a: float, b: object)) -> (state: State)
method Ping() -> ()
error Late ()
error Full (free: int)
`);

/** A type as the language has it. */
function typeText(type: IdlType): string {
  switch (type.kind) {
    case "optional":
      return `?${typeText(type.of)}`;
    case "list":
      return `[]${typeText(type.of)}`;
    case "map":
      return `[string]${typeText(type.of)}`;
    case "named":
      return type.name;
    case "struct":
    case "enum":
      throw new Error("io.podman has none within others");
    default:
      return type.kind;
  }
}

const membersOf = ({ members }: IdlStruct) =>
  Object.fromEntries([...members].map(([name, type]) => [name, typeText(type)]));

describe("a description", () => {
  test("is read whole", () => {
    expect(example.name).toBe("org.example.more");
    expect([...example.methods.keys()]).toEqual(["Ask", "Ping"]);
    expect([...example.errors.keys()]).toEqual(["Late", "Full"]);
    expect(example.types.get("Kind")).toEqual({ kind: "enum", names: ["small", "large"] });
  });

  test.each(["", "interface", "interface a.b type", "interface a.b method X()", "interface a.b $"])(
    "%j is none",
    (text) => {
      expect(() => parseInterface(text)).toThrow(/^a description has/);
    },
  );

  test("of io.podman is what Podman 1.9 had: all methods, types and errors", () => {
    const idl = parseInterface(podmanDescription);
    expect(idl.methods.size).toBe(97);
    const methods = [...idl.methods].map(([name, { input, output }]) => [
      name,
      { in: membersOf(input), out: membersOf(output) },
    ]);
    expect(Object.fromEntries(methods)).toEqual(signatures.methods);
    const structs = (all: ReadonlyMap<string, IdlType>) =>
      Object.fromEntries(
        [...all].map(([name, type]) => [name, type.kind === "struct" ? membersOf(type) : type]),
      );
    expect(structs(idl.types)).toEqual(signatures.types);
    expect(structs(idl.errors)).toEqual(signatures.errors);
  });
});

describe("a value", () => {
  const input = example.methods.get("Ask")?.input;
  const good = { kinds: ["small"], names: { a: null, b: "c" }, inner: { a: 1.5, b: [] } };
  const check = (value: Json, missing: "allowed" | "refused") =>
    input === undefined ? "no method" : findMismatch(example, input, value, missing);

  test("that fits is taken; members that nobody knows too", () => {
    expect(check(good, "refused")).toBeUndefined();
    expect(check({ ...good, more: 1 }, "refused")).toBeUndefined();
  });

  test.each<[Json, string | undefined, string | undefined]>([
    [{}, "kinds", undefined],
    [{ ...good, kinds: null }, "kinds", undefined],
    [{ ...good, kinds: ["tiny"] }, "kinds.0", "kinds.0"],
    [{ ...good, kinds: {} }, "kinds", "kinds"],
    [{ ...good, names: { a: 1 } }, "names.a", "names.a"],
    [{ ...good, inner: { a: "1", b: 1 } }, "inner.a", "inner.a"],
    [{ ...good, inner: { b: 1 } }, "inner.a", undefined],
    [{ ...good, inner: [] }, "inner", "inner"],
  ])("%j is refused by name: where all is asked for, and of a client", (value, whole, lax) => {
    expect(check(value, "refused")).toBe(whole);
    expect(check(value, "allowed")).toBe(lax);
  });
});
