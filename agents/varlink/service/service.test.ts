import { describe, expect, test } from "vitest";
import { resolverService } from "../resolver/resolver.ts";
import { encodeMessage } from "../wire/codec.ts";
import { MadeStream } from "../wire/made-stream.testing.ts";
import type { Service } from "./interface.ts";
import { serveConnection } from "./serve-connection.ts";
import { VarlinkError } from "./varlink-error.ts";

const description = `interface org.example
method Echo(text: string) -> (text: string)
method Count(to: int) -> (number: int)
method Talk() -> ()
method Later() -> ()
method Fail(how: string) -> ()
error Sad ()
`;

const service: Service = {
  vendor: "V",
  product: "P",
  version: "1",
  url: "https://example.org",
  interfaces: {
    "org.example": async () => ({
      description,
      failure: (error) => ({ error: "org.example.Failed", parameters: { reason: String(error) } }),
      handlers: {
        Echo: async ({ parameters }) => ({ text: parameters.text("text") }),
        async Count({ parameters, replyMore }) {
          const to = parameters.integer("to");
          for (let number = 1; number < to; number += 1) {
            await replyMore({ number });
          }
          return { number: to };
        },
        async Talk({ upgrade }) {
          const stream = await upgrade({});
          const said = await stream.read();
          await stream.write(Buffer.from(`<${Buffer.from(said ?? []).toString()}>`));
          return undefined;
        },
        async Fail({ parameters }) {
          throw parameters.text("how") === "named"
            ? new VarlinkError("org.example.Sad")
            : new Error("no luck");
        },
      },
    }),
  },
};

async function talk(...messages: readonly (string | Parameters<typeof encodeMessage>[0])[]) {
  const stream = new MadeStream(
    messages.map((one) => (typeof one === "string" ? one : encodeMessage(one))),
  );
  await serveConnection(service, stream);
  return { stream, replies: stream.written.toString().includes("<") ? [] : stream.replies() };
}

describe("a connection", () => {
  test("answers call after call, in their order", async () => {
    const { replies, stream } = await talk(
      { method: "org.example.Echo", parameters: { text: "a" } },
      { method: "org.example.Echo", parameters: { text: "b" } },
    );
    expect(replies).toEqual([{ parameters: { text: "a" } }, { parameters: { text: "b" } }]);
    expect(stream.gone.aborted).toBe(true);
  });

  test("has several replies to one call", async () => {
    const { replies } = await talk({
      method: "org.example.Count",
      parameters: { to: 3 },
      more: true,
    });
    expect(replies).toEqual([
      { parameters: { number: 1 }, continues: true },
      { parameters: { number: 2 }, continues: true },
      { parameters: { number: 3 } },
    ]);
  });

  test("replies nothing to a call that wants no reply, its errors neither", async () => {
    const { replies } = await talk(
      { method: "org.example.Echo", parameters: { text: "a" }, oneway: true },
      { method: "org.example.Nothing", oneway: true },
      { method: "org.example.Echo", parameters: { text: "b" } },
    );
    expect(replies).toEqual([{ parameters: { text: "b" } }]);
  });

  test("speaks another protocol after an upgrade, and ours again", async () => {
    const { stream } = await talk({ method: "org.example.Talk", upgrade: true }, "hello", {
      method: "org.example.Echo",
      parameters: { text: "b" },
    });
    expect(stream.written.toString()).toBe(
      '{"parameters":{}}\0<hello>{"parameters":{"text":"b"}}\0',
    );
  });

  test.each([
    ["org.other.Echo", "org.varlink.service.InterfaceNotFound", { interface: "org.other" }],
    ["constructor.Echo", "org.varlink.service.InterfaceNotFound", { interface: "constructor" }],
    ["org.example.No", "org.varlink.service.MethodNotFound", { method: "org.example.No" }],
    [
      "org.example.Later",
      "org.varlink.service.MethodNotImplemented",
      { method: "org.example.Later" },
    ],
    ["org.example.Echo", "org.varlink.service.InvalidParameter", { parameter: "text" }],
    ["org.example.Fail", "org.example.Failed", { reason: "Error: no luck" }],
  ])("replies to %s with %s and goes on", async (method, error, parameters) => {
    const { replies } = await talk(
      { method, parameters: { text: 1 } },
      { method: "org.example.Echo", parameters: { text: "a" } },
    );
    expect(replies).toEqual([{ error, parameters }, { parameters: { text: "a" } }]);
  });

  test("replies an error by its own name", async () => {
    const { replies } = await talk({ method: "org.example.Fail", parameters: { how: "named" } });
    expect(replies).toEqual([{ error: "org.example.Sad", parameters: {} }]);
  });

  test("ends at what is no message", async () => {
    const echo = { method: "org.example.Echo", parameters: { text: "a" } };
    const { replies } = await talk(echo, "no JSON\0", echo);
    expect(replies).toEqual([{ parameters: { text: "a" } }]);
  });

  test("says who answers, and describes the interfaces", async () => {
    const { replies } = await talk(
      { method: "org.varlink.service.GetInfo" },
      {
        method: "org.varlink.service.GetInterfaceDescription",
        parameters: { interface: "org.example" },
      },
    );
    expect(replies).toEqual([
      {
        parameters: {
          vendor: "V",
          product: "P",
          version: "1",
          url: "https://example.org",
          interfaces: ["org.varlink.service", "org.example"],
        },
      },
      { parameters: { description } },
    ]);
  });
});

test("the resolver says where interfaces are, and that others are nowhere", async () => {
  const stream = new MadeStream(
    ["org.example", "org.other", "toString"].map((name) =>
      encodeMessage({ method: "org.varlink.resolver.Resolve", parameters: { interface: name } }),
    ),
  );
  await serveConnection(resolverService({ "org.example": "unix:/run/x" }), stream);
  const unknown = (name: string) => ({
    error: "org.varlink.resolver.InterfaceNotFound",
    parameters: { interface: name },
  });
  expect(stream.replies()).toEqual([
    { parameters: { address: "unix:/run/x" } },
    unknown("org.other"),
    unknown("toString"),
  ]);
});
