/** A reader of data from outside, and what must hold of it whatever it is given. */
export interface Target {
  name: string;
  seeds: readonly Uint8Array[];
  /** How many times its own CPU time a check takes altogether, when it runs a program. Default 1. */
  costs?: number;
  /** How often each of its parts was reached, by name, for readers of many parts. */
  reached?: ReadonlyMap<string, number>;
  /** Throws when something doesn't hold. Gives whether the input was taken for good, so that both are seen. */
  check(input: Uint8Array): boolean | Promise<boolean>;
}

/** Throws an error of these words unless that holds. */
export function must(holds: boolean, what: string): void {
  if (!holds) {
    throw new Error(what);
  }
}
