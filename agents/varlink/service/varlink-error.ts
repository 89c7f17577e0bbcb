import type { JsonObject } from "../json/json.ts";

/** An error that a client is told by name, and reads the parameters of. */
export class VarlinkError extends Error {
  override readonly name = "VarlinkError";
  /** "org.varlink.service.MethodNotFound" */
  readonly error: string;
  readonly parameters: JsonObject;

  constructor(error: string, parameters: JsonObject = {}) {
    super(`${error} ${JSON.stringify(parameters)}`);
    this.error = error;
    this.parameters = parameters;
  }
}

/** A method that is described, and isn't done here. */
export function notImplemented(method: string): VarlinkError {
  return new VarlinkError("org.varlink.service.MethodNotImplemented", { method });
}

/** A parameter that isn't what it ought to be. */
export function invalidParameter(parameter: string): VarlinkError {
  return new VarlinkError("org.varlink.service.InvalidParameter", { parameter });
}
