/** The last whole number below 2⁶³ that is exact here. */
const mostInteger = 2 ** 63 - 1024;

/** Whatever JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Whether it is an object, and no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The members of an object of others by the type that they ought to have. What is missing, or is of another type, is
 * that type's nothing: "", 0, false, an empty list or object.
 */
export class Fields {
  readonly value: JsonObject;

  constructor(value: unknown) {
    this.value = isObject(value) ? value : {};
  }

  has(name: string): boolean {
    return (this.value[name] ?? null) !== null;
  }

  raw(name: string): Json {
    return this.value[name] ?? null;
  }

  text(name: string, otherwise = ""): string {
    const found = this.value[name];
    return typeof found === "string" ? found : otherwise;
  }

  number(name: string, otherwise = 0): number {
    const found = this.value[name];
    return typeof found === "number" && Number.isFinite(found) ? found : otherwise;
  }

  /** A whole number that a program of 64 bits can read too. */
  integer(name: string, otherwise = 0): number {
    return Math.min(Math.max(Math.trunc(this.number(name, otherwise)), -mostInteger), mostInteger);
  }

  flag(name: string): boolean {
    return this.value[name] === true;
  }

  list(name: string): readonly Json[] {
    const found = this.value[name];
    return Array.isArray(found) ? found : [];
  }

  texts(name: string): string[] {
    return this.list(name).filter((one) => typeof one === "string");
  }

  object(name: string): Fields {
    return new Fields(this.value[name]);
  }

  objects(name: string): Fields[] {
    return this.list(name).map((one) => new Fields(one));
  }

  /** Names and their texts; other values as text. */
  map(name: string): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.object(name).value).map(([key, one]) => [
        key,
        typeof one === "string" ? one : JSON.stringify(one),
      ]),
    );
  }
}
