import { oneLine } from "../../command/one-line.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { ByteStream } from "../../kernel/streams.ts";
import { findMismatch } from "../idl/find-mismatch.ts";
import { type IdlInterface, parseInterface } from "../idl/parse-interface.ts";
import { Fields, type JsonObject } from "../json/json.ts";
import { type CallMessage, parseCall } from "../wire/call.ts";
import { encodeMessage, readMessage, WireError } from "../wire/codec.ts";
import type { Call, ServedInterface, Service } from "./interface.ts";
import { interfaceOf, orgVarlinkService } from "./org-varlink-service.ts";
import { invalidParameter, VarlinkError } from "./varlink-error.ts";

/** What whoever watches a connection is told. */
export interface Watch {
  /** A call begins, or is done: between calls a connection is idle. */
  onBusy?(isBusy: boolean): void;
  /** Every reply, before it is sent; for tests. */
  onReply?(idl: IdlInterface, method: string, parameters: JsonObject): void;
}

/** Answers one client, call after call in their order, until it goes. Never rejects; closes the stream. */
export async function serveConnection(
  service: Service,
  stream: ByteStream,
  watch: Watch = {},
): Promise<void> {
  try {
    for (;;) {
      const message = await readMessage(stream);
      if (message === undefined) {
        return;
      }
      watch.onBusy?.(true);
      const goesOn = await answer(service, stream, parseCall(message), watch);
      watch.onBusy?.(false);
      if (!goesOn) {
        return;
      }
    }
  } catch (error) {
    // No message, or nobody there any more to be told: the connection is all there is to end.
    if (!(error instanceof WireError || error instanceof KernelError)) {
      throw error;
    }
  } finally {
    stream.close();
  }
}

/** Whether the connection goes on. Throws a KernelError when the client is gone. */
async function answer(
  service: Service,
  stream: ByteStream,
  message: CallMessage,
  watch: Watch,
): Promise<boolean> {
  let isUpgraded = false;
  const send = async (reply: JsonObject) => {
    if (!message.oneway) {
      await stream.write(encodeMessage(reply));
    }
  };
  try {
    const served =
      message.interface === "org.varlink.service"
        ? orgVarlinkService(service)
        : await interfaceOf(service, message.interface);
    const idl = parsed(served);
    checkParameters(idl, message);
    const handler = Object.hasOwn(served.handlers, message.method)
      ? served.handlers[message.method]
      : undefined;
    if (handler === undefined) {
      const method = `${message.interface}.${message.method}`;
      throw new VarlinkError("org.varlink.service.MethodNotImplemented", { method });
    }
    const call: Call = {
      method: message.method,
      parameters: new Fields(message.parameters),
      wantsMore: message.more,
      wantsUpgrade: message.upgrade,
      gone: stream.gone,
      async replyMore(parameters) {
        watch.onReply?.(idl, message.method, parameters);
        await send({ parameters, continues: true });
      },
      async upgrade(parameters) {
        watch.onReply?.(idl, message.method, parameters);
        await send({ parameters });
        isUpgraded = true;
        return stream;
      },
    };
    const parameters = await handler(call).catch((error: unknown) => {
      throw error instanceof VarlinkError ? error : named(served, error);
    });
    if (parameters !== undefined) {
      watch.onReply?.(idl, message.method, parameters);
      await send({ parameters });
    }
    return !stream.gone.aborted;
  } catch (error) {
    if (!(error instanceof VarlinkError) || isUpgraded) {
      // After an upgrade the client reads no errors any more.
      if (error instanceof VarlinkError) {
        return false;
      }
      throw error;
    }
    await send({ error: error.error, parameters: error.parameters });
    return true;
  }
}

function named(served: ServedInterface, error: unknown): VarlinkError {
  const failure = served.failure?.(error);
  return failure === undefined
    ? invalidParameter(oneLine(error))
    : new VarlinkError(failure.error, failure.parameters);
}

function checkParameters(idl: IdlInterface, message: CallMessage): void {
  const method = idl.methods.get(message.method);
  if (method === undefined) {
    throw new VarlinkError("org.varlink.service.MethodNotFound", {
      method: `${message.interface}.${message.method}`,
    });
  }
  const wrong = findMismatch(idl, method.input, message.parameters, "allowed");
  if (wrong !== undefined) {
    throw invalidParameter(wrong);
  }
}

const known = new WeakMap<ServedInterface, IdlInterface>();

function parsed(served: ServedInterface): IdlInterface {
  const idl = known.get(served) ?? parseInterface(served.description);
  known.set(served, idl);
  return idl;
}
